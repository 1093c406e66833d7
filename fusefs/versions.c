/* versions.c - finding versions in the log, one or many, past damage. */
#include "versions.h"
#include "names.h"
#include <bk/version.h>
#include <errno.h>

/* How far below a version that cannot be measured another one is looked for: more than an interval.
 */
#define BELOW_MAX 1024

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
	return (uint64_t)entry->sql_bytes + entry->statements;
}

/* Whether damage behind the newest keyframe took the change of VERSION, which the log does not
 * have. No list names such a change, but what follows it tells that there was one. */
static bool is_lost(struct source *source, uint32_t version, struct bk_error *err)
{
	struct bk_log_status status;
	struct bk_listing *history;
	struct bk_entry next;
	bool more = true;

	if (bk_log_status(source->log, &status, NULL) || !status.damaged_at ||
		bk_version_after(version, status.version))
		return false;
	if (bk_listing_open(&history, source->log, version, BK_LISTING_VERSIONS, err))
		return false;
	if (bk_listing_next(history, &next, &more, err))
		more = false;
	bk_listing_close(history);
	if (more && next.offset < status.damaged_at)
		return false;
	bk_fail(err, BK_E_DAMAGE, 0,
		"the log is damaged at offset %llu: the change of version %u is lost",
		(unsigned long long)status.damaged_at, version);
	return true;
}

int version_find(struct fs *fs, struct source *source, uint32_t version, struct bk_entry *entry)
{
	struct bk_error err;
	struct bk_entry found;

	if (bk_log_find(source->log, version, &found, &err))
		return err.code == BK_E_MISSING && !is_lost(source, version, &err)
			       ? ENOENT
			       : fs_errno(fs, TROUBLE_FIND, version, version, &err);
	trouble_passed(&fs->trouble, TROUBLE_FIND, version);
	if (entry_is_nothing(&found))
		return ENOENT;
	*entry = found;
	return 0;
}

int version_find_time(struct fs *fs, struct source *source, int64_t time_us, struct bk_entry *entry)
{
	struct bk_error err;
	struct bk_entry found;

	if (bk_log_find_time(source->log, time_us, &found, &err))
		return fs_errno_of_log(fs, TROUBLE_TIME, &err);
	trouble_passed(&fs->trouble, TROUBLE_TIME, 0);
	if (entry_is_nothing(&found))
		return ENOENT;
	*entry = found;
	return 0;
}

/* Gives ENTRY the size of the nearest version below it that has one, if it is near enough. */
static void measure_below(struct source *source, struct bk_entry *entry)
{
	struct bk_entry below = {0};

	for (uint32_t i = 1; i <= BELOW_MAX && !entry_has_size(&below); i++)
		if (bk_log_find(source->log, entry->version - i, &below, NULL))
			below.page_count = 0;
	entry->page_count = below.page_count;
	entry->page_size = below.page_size;
}

int version_measure(struct fs *fs, struct source *source, struct bk_entry *entry)
{
	const struct node node = {
		NODE_IMAGE, entry->version, node_identity(entry, source->generation)};
	const struct bk_entry *measured;
	struct image *image;
	struct bk_error err;
	int rc;

	if (entry_has_size(entry))
		return 0;
	/* The tail is measured as a whole, and what cannot be by opening it. */
	if (!bk_log_measure(source->log, &err) &&
		!bk_log_find(source->log, entry->version, entry, &err) && entry_has_size(entry))
		return 0;
	if (images_open(&image, &fs->images, source, &node, &err)) {
		rc = fs_errno(fs, TROUBLE_OPEN, entry->version, entry->version, &err);
		if (err.code != BK_E_DAMAGE && err.code != BK_E_SQL)
			return rc;
		measure_below(source, entry);
		return 0;
	}
	trouble_passed(&fs->trouble, TROUBLE_OPEN, entry->version);
	measured = bk_rebuild_entry(image->rebuild);
	entry->page_count = measured->page_count;
	entry->page_size = measured->page_size;
	images_close(&fs->images, image);
	return 0;
}

int version_head(struct fs *fs, struct source *source, struct bk_log_status *status)
{
	struct bk_error err;

	if (bk_log_status(source->log, status, &err))
		return fs_errno_of_log(fs, TROUBLE_LOG, &err);
	trouble_passed(&fs->trouble, TROUBLE_LOG, 0);
	return status->is_empty ? ENOENT : 0;
}

void walk_open(struct walk *walk, struct fs *fs, struct source *source, uint32_t from)
{
	*walk = (struct walk){.fs = fs, .source = source, .next = from};
}

int walk_open_first(struct walk *walk, struct fs *fs, struct source *source)
{
	struct bk_log_status status;
	int rc = version_head(fs, source, &status);

	if (!rc)
		walk_open(walk, fs, source, status.version - INT32_MAX);
	return rc;
}

void walk_close(struct walk *walk)
{
	bk_listing_close(walk->history);
	walk->history = NULL;
}

/* The next entry, opening the history first if need be. */
static enum bk_code try_next(
	struct walk *walk, struct bk_entry *entry, bool *more, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (!walk->history)
		code = bk_listing_open(
			&walk->history, walk->source->log, walk->next, BK_LISTING_VERSIONS, err);
	if (!code)
		code = bk_listing_next(walk->history, entry, more, err);
	return code;
}

/* Damage, which WHY tells of, hides the versions from walk->next to the one before what follows. */
static void note_hidden(const struct walk *walk, const struct bk_entry *entry, bool more,
	const struct bk_error *why)
{
	struct bk_log_status status = {.version = walk->next};
	uint32_t to = more ? entry->version - 1 : status.version;

	if (!more && !bk_log_status(walk->source->log, &status, NULL))
		to = status.version;
	if (!bk_version_after(walk->next, to))
		damage_note(&walk->fs->damage, walk->next, to, why->msg);
}

/* A history fails once for each place of damage that it comes to, then goes on behind it. */
static int next_past_damage(struct walk *walk, struct bk_entry *entry, bool *more)
{
	struct bk_error err, damage = {.code = BK_OK};
	enum bk_code code = try_next(walk, entry, more, &err);

	while (code == BK_E_DAMAGE && walk->history) {
		damage = err;
		code = try_next(walk, entry, more, &err);
	}
	if (code)
		return fs_errno(walk->fs, TROUBLE_LIST, walk->next, walk->next, &err);
	trouble_passed(&walk->fs->trouble, TROUBLE_LIST, walk->next);
	if (damage.code)
		note_hidden(walk, entry, *more, &damage);
	return 0;
}

int walk_next(struct walk *walk, struct bk_entry *entry, bool *more)
{
	int rc;

	do {
		rc = next_past_damage(walk, entry, more);
		if (!rc && *more)
			walk->next = entry->version + 1;
	} while (!rc && *more && entry_is_nothing(entry));
	return rc;
}

int walk_next_measured(struct walk *walk, struct bk_entry *entry, bool *more)
{
	int rc = walk_next(walk, entry, more);

	if (rc || !*more || entry_has_size(entry) || walk->is_measured)
		return rc;
	walk->is_measured = true;
	if (bk_log_measure(walk->source->log, NULL))
		return 0;
	walk_close(walk);
	walk->next = entry->version;
	return walk_next(walk, entry, more);
}

int bucket_newest(struct fs *fs, struct source *source, uint32_t bucket, struct bk_entry *entry)
{
	struct bk_log_status status;
	struct bk_entry at;
	struct walk walk;
	bool more, any = false, is_heads;
	int rc = version_head(fs, source, &status);

	if (rc)
		return rc;
	is_heads = bucket_of(status.version) == bucket;
	if (!bk_log_find(
		    source->log, is_heads ? status.version : bucket_last(bucket), entry, NULL) &&
		!entry_is_nothing(entry))
		return 0;
	/* A gap or damage is at its end, maybe all there is. */
	walk_open(&walk, fs, source, bucket * BUCKET_VERSIONS);
	while (!(rc = walk_next(&walk, &at, &more)) && more && bucket_of(at.version) == bucket) {
		*entry = at;
		any = true;
	}
	walk_close(&walk);
	if (!rc && !any)
		rc = is_heads ? version_find(fs, source, status.version, entry) : ENOENT;
	return rc;
}
