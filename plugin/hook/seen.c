/* seen.c - the log held against what backup.lock knows of it. */
#include "seen.h"
#include "out.h"
#include "reasons.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum bk_code refuse_shorter(
	struct session *session, const struct bk_log_status *status, struct refusal *why)
{
	char what[128];

	snprintf(what, sizeof what, "it has %" PRIu64 " bytes, and had %" PRIu64 " once",
		status->log_bytes, session->lockfile.seen.bytes);
	return refuse_unseen(why, &session->names, what);
}

/* What keeps the log from being read is met again when it is opened. */
enum bk_code seen_check(struct session *session, struct refusal *why)
{
	const struct lockseen *seen = &session->lockfile.seen;
	struct bk_log_status status;
	struct bk_error ignored;
	struct bk_log *log;
	enum bk_code code;

	if (!*seen->log || bk_log_open(&log, session->io, session->path, &ignored))
		return BK_OK;
	code = bk_log_status(log, &status, &ignored);
	bk_log_close(log);
	if (code || strcmp(status.predecessor, seen->log) == 0)
		return BK_OK;
	if (strcmp(status.id, seen->log) != 0)
		return refuse_unseen(why, &session->names, "it is another log");
	if (status.log_bytes < seen->bytes && !session->lockfile.places.count)
		return refuse_shorter(session, &status, why);
	return BK_OK;
}

enum bk_code seen_check_open(struct session *session, struct refusal *why)
{
	const struct lockseen *seen = &session->lockfile.seen;
	struct bk_log_status status;

	if (bk_log_status(bk_writer_log(session->writer), &status, NULL) ||
		strcmp(status.id, seen->log) != 0 || status.log_bytes >= seen->bytes)
		return BK_OK;
	return refuse_shorter(session, &status, why);
}

void seen_note(struct session *session)
{
	const char *level[LOCKPLACES_MAX];
	struct lockseen seen = {0};
	struct bk_log_status status;
	struct bk_head head;
	struct bk_error err;
	unsigned count;

	if (bk_log_status(bk_writer_log(session->writer), &status, NULL))
		return;
	bk_writer_head(session->writer, &head);
	memcpy(seen.log, status.id, sizeof seen.log);
	seen.bytes = status.log_bytes;
	/* A head that was never committed may yet be struck out. */
	seen.version = head.is_committed ? head.version : head.version - 1;
	count = places_level(session->places, &session->lockfile.places, level);
	if (lockfile_note(session->io, LOCKFILE_NAME, session->lockfile.backend_url, &seen, level,
		    count, &err))
		out_log(LEVEL_INFO, "could not note in backup.lock how far the log is: %s",
			err.msg);
}
