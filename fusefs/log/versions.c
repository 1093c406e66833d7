/* versions.c - finding versions in the log, past damage. */
#include "versions.h"
#include "names.h"
#include <bk/version.h>
#include <errno.h>

bool entry_is_nothing(const struct bk_entry *entry)
{
	return (entry->flags & BK_ENTRY_SNAPSHOT) && !entry->page_count;
}

uint64_t entry_size(const struct bk_entry *entry)
{
	return (uint64_t)entry->page_count * entry->page_size;
}

bool entry_has_size(const struct bk_entry *entry)
{
	return entry->page_count != 0;
}

uint64_t entry_sql_size(const struct bk_entry *entry)
{
	return bk_entry_text_bytes(entry);
}

/* Whether damage behind the newest keyframe took the change of VERSION, which the log does not
 * have. No list names such a change, but what follows it tells that there was one. */
static bool is_lost(struct source *source, uint32_t version, struct bk_error *err)
{
	struct bk_log_status status;
	struct bk_listing *listing;
	struct bk_entry next;
	bool more = true;

	if (bk_log_status(source->log, &status, NULL) || !status.damaged_at ||
		bk_version_after(version, status.version))
		return false;
	if (bk_listing_open(&listing, source->log, version, BK_LISTING_VERSIONS, err))
		return false;
	if (bk_listing_next(listing, &next, &more, err))
		more = false;
	bk_listing_close(listing);
	if (more && next.offset < status.damaged_at)
		return false;
	bk_fail(err, BK_E_DAMAGE, 0,
		"the log is damaged at offset %llu: the change of version %u is lost",
		(unsigned long long)status.damaged_at, version);
	return true;
}

int version_find(struct source *source, uint32_t version, struct bk_entry *entry)
{
	struct bk_error err, lost;
	struct bk_entry found;

	if (bk_log_find(source->log, version, &found, &err)) {
		if (err.code != BK_E_MISSING)
			return source_errno(source, TROUBLE_FIND, version, version, &err);
		if (is_lost(source, version, &lost))
			return source_errno(source, TROUBLE_FIND, version, version, &lost);
		health_note_missing(source->health, &err);
		return ENOENT;
	}
	trouble_passed(&source->health->trouble, TROUBLE_FIND, version);
	if (entry_is_nothing(&found))
		return ENOENT;
	*entry = found;
	return 0;
}

int version_of_node(struct source *source, const struct node *node, struct bk_entry *entry)
{
	int rc = version_find(source, node->number, entry);

	if (!rc && node_type(node->kind) == S_IFREG &&
		node->identity != node_identity(entry, source->generation))
		return ESTALE;
	return rc == ENOENT ? ESTALE : rc;
}

int version_find_time(struct source *source, int64_t time_us, struct bk_entry *entry)
{
	struct bk_error err;
	struct bk_entry found;

	if (bk_log_find_time(source->log, time_us, &found, &err))
		return health_errno_of_log(source->health, TROUBLE_TIME, &err);
	trouble_passed(&source->health->trouble, TROUBLE_TIME, 0);
	if (entry_is_nothing(&found))
		return ENOENT;
	*entry = found;
	return 0;
}

int version_head(struct source *source, struct bk_log_status *status)
{
	struct bk_error err;

	if (bk_log_status(source->log, status, &err))
		return health_errno_of_log(source->health, TROUBLE_LOG, &err);
	trouble_passed(&source->health->trouble, TROUBLE_LOG, 0);
	return status->is_empty ? ENOENT : 0;
}
