/* mirror_descent.c - before a successor takes the name of a mirror's log: whether that log is one
 * which this one goes on with (docs/mirror.md, 2).
 *
 * A place looks at the names only: the header says which log is succeeded, and not how far that one
 * went. A node on an old state may have compacted while the mirror was away that saw the right one
 * go on. */
#include "descent.h"
#include "mirrors.h"
#include <bk/dest.h>
#include <bk/remote.h>
#include <bk/version.h>
#include <stdlib.h>
#include <string.h>

void bk_mirror_note_ours(struct mirror *mirror, uint64_t end)
{
	memcpy(mirror->ours, mirror->log.id, LOG_ID_SIZE);
	mirror->ours_end = end;
}

/* Opens what the place holds. What cannot be read will not be readable at the next try. */
static enum bk_code open_mirror(struct bk_log **log, const struct bk_remote *remote,
	const struct mirror *mirror, struct bk_error *err)
{
	char *path = NULL, word[MIRROR_WORD];
	bool is_remote = bk_remote_is(mirror->url);
	struct bk_error why;
	enum bk_code code = is_remote ? BK_OK : bk_dest_path(&path, mirror->url, &why);

	if (!code)
		code = bk_log_open(log, bk_remote_io(remote), is_remote ? mirror->url : path, &why);
	free(path);
	if (!code || bk_mirror_may_pass(code))
		return code ? bk_fail_as(err, &why) : BK_OK;
	return bk_fail(err, BK_E_UNSAFE, 0,
		"whether this log goes on with what it holds cannot be told (%.200s). If this log "
		"is the right one: backup-cli mirror reset %s",
		why.msg, bk_mirror_word(mirror, word));
}

/* Compares LOG, whose end all say is level, with what the place HOLDS. */
static enum bk_code compare(
	const struct mirror *mirror, struct bk_log *log, struct bk_log *holds, struct bk_error *err)
{
	struct bk_log_status ours, theirs;
	char word[MIRROR_WORD];
	enum bk_code code = bk_log_status(log, &ours, err);

	if (!code)
		code = bk_log_status(holds, &theirs, err);
	if (code || theirs.is_empty ||
		(!ours.is_empty && !bk_version_after(theirs.version, ours.version) &&
			bk_log_descends(log, &ours, holds, &theirs)))
		return code;
	return bk_fail(err, BK_E_UNSAFE, 0,
		"it holds the log %s up to version %u, with another history than the successor of "
		"that log here: another writer went on with it. If this log is the right one: "
		"backup-cli mirror reset %s",
		theirs.id, theirs.version, bk_mirror_word(mirror, word));
}

static enum bk_code look(struct mirror *mirror, struct bk_error *err)
{
	struct bk_log *log = NULL, *holds = NULL;
	struct bk_remote *remote;
	enum bk_code code = bk_remote_new(&remote, mirror->all->io, err);

	if (code)
		return code;
	if (bk_remote_is(mirror->url))
		code = bk_remote_connect(remote, mirror->url, err);
	if (!code)
		code = open_mirror(&holds, remote, mirror, err);
	if (!code)
		code = bk_log_open(&log, mirror->all->io, mirror->primary.path, err);
	if (!code)
		code = compare(mirror, log, holds, err);
	bk_log_close(log);
	bk_log_close(holds);
	bk_remote_free(remote);
	return code;
}

static bool is_log(const struct place_log *log, const uint8_t *id)
{
	return log->is_there && memcmp(log->id, id, LOG_ID_SIZE) == 0;
}

enum bk_code bk_mirror_check_descent(
	struct mirror *mirror, const struct place_head *head, struct bk_error *err)
{
	const struct place_log *now = &head->now, *coming = &head->coming;
	const uint8_t *from = mirror->log.predecessor;

	/* What is not succeeded by this log the place refuses itself. */
	if (!now->is_there ||
		!(is_log(now, from) || is_log(coming, from) || is_log(coming, mirror->log.id)))
		return BK_OK;
	if (memcmp(now->id, mirror->ours, LOG_ID_SIZE) == 0 && now->end <= mirror->ours_end)
		return BK_OK;
	return look(mirror, err);
}
