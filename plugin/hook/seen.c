/* seen.c - the log held against what backup.lock knows of it. */
#include "seen.h"
#include "out.h"
#include "reasons.h"
#include <bk/version.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum bk_code refuse_shorter(const struct lockfile *lockfile, const struct names *names,
	const struct bk_log_status *status, struct refusal *why)
{
	char what[128];

	snprintf(what, sizeof what, "it has %" PRIu64 " bytes, and had %" PRIu64 " once",
		status->log_bytes, lockfile->seen.bytes);
	return refuse_unseen(why, names, what);
}

/* Whether a log with the id of another can have come from the one that was seen, by compactions:
 * they keep the head, and the log that they leave names the one before it. */
static bool is_descendant(const struct bk_log_status *status, const struct lockseen *seen)
{
	return *status->predecessor && !status->is_empty &&
	       bk_version_distance(status->version, seen->version) >= 0;
}

/* What keeps the log from being read is met again when it is opened. */
enum bk_code seen_check(const struct bk_io *io, const char *path, const struct lockfile *lockfile,
	bool may_be_short, const struct names *names, struct refusal *why)
{
	const struct lockseen *seen = &lockfile->seen;
	struct bk_log_status status;
	struct bk_error ignored;
	struct bk_log *log;
	enum bk_code code;

	if (!*seen->log || bk_log_open(&log, io, path, &ignored))
		return BK_OK;
	code = bk_log_status(log, &status, &ignored);
	bk_log_close(log);
	if (code)
		return BK_OK;
	if (strcmp(status.id, seen->log) != 0)
		return is_descendant(&status, seen)
			       ? BK_OK
			       : refuse_unseen(why, names, "it is another log");
	if (status.log_bytes < seen->bytes && !may_be_short)
		return refuse_shorter(lockfile, names, &status, why);
	return BK_OK;
}

void seen_note(const struct bk_io *io, struct bk_writer *writer, const struct lockfile *lockfile,
	const struct places *places)
{
	char *level[LOCKPLACES_MAX];
	struct lockseen seen = {0};
	struct bk_log_status status;
	struct bk_head head;
	struct bk_error err;
	unsigned count;

	if (bk_log_status(bk_writer_log(writer), &status, NULL))
		return;
	bk_writer_head(writer, &head);
	memcpy(seen.log, status.id, sizeof seen.log);
	/* What a power cut leaves of it in any case. */
	seen.bytes = head.durable;
	/* A head that was never committed may yet be struck out. */
	seen.version = head.is_committed ? head.version : head.version - 1;
	count = places_level(places, level);
	if (lockfile_note(io, LOCKFILE_NAME, lockfile->backend_url, &seen,
		    (const char *const *)level, count, &err))
		out_log(LEVEL_INFO, "could not note in backup.lock how far the log is: %s",
			err.msg);
	while (count)
		free(level[--count]);
}
