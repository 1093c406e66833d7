/* heal.c - full snapshots of the node's database. */
#include "heal.h"
#include "out.h"
#include "telling.h"
#include <bk/snapshot.h>
#include <errno.h>
#include <sys/stat.h>

/* Room beside a database's own size: so much, and a sixteenth of it. */
#define MARGIN_BYTES ((uint64_t)1 << 20)
#define MARGIN_PART  16

bool heal_has_room(uint64_t free_bytes, uint64_t database_bytes)
{
	return free_bytes >= database_bytes + database_bytes / MARGIN_PART + MARGIN_BYTES;
}

/* A snapshot that does not fit would leave a full disk behind, on which no change can be stored.
 * Where it cannot be told, the copy itself finds out. */
static enum bk_code check_room(const struct heal *heal, struct bk_error *err)
{
	uint64_t free_bytes;
	struct bk_error ignored;
	struct stat st;

	if (stat(heal->database, &st) != 0 ||
		bk_writer_free_space(heal->writer, &free_bytes, &ignored) ||
		heal_has_room(free_bytes, (uint64_t)st.st_size))
		return BK_OK;
	return bk_fail(err, BK_E_IO, ENOSPC,
		"a snapshot of %s may take %llu KB, and the disk of %s has %llu KB free",
		heal->database, (unsigned long long)st.st_size / 1000,
		bk_log_path(bk_writer_log(heal->writer)), (unsigned long long)free_bytes / 1000);
}

enum bk_code heal_snapshot(struct heal *heal, enum bk_snapshot_reason reason, struct bk_error *err)
{
	struct telling telling = {.doing = "copying the database", .told = time(NULL)};
	enum bk_code code;

	watch_begin(heal->watch, "copying the node's database into the log");
	space_snapshot_begin(heal->space);
	code = check_room(heal, err);
	if (!code)
		code = bk_writer_snapshot(heal->writer, heal->database, reason, LIVE_BUSY_MS,
			telling_progress, &telling, err);
	heal->is_taken |= !code;
	space_snapshot_end(heal->space);
	watch_end(heal->watch);
	return code;
}

bool heal_replay(struct heal *heal)
{
	struct bk_error err;

	if (heal->wait) {
		heal->wait--;
		return false;
	}
	if (!heal_snapshot(heal, BK_SNAPSHOT_REPLAY_FAILED, &err)) {
		out_log(LEVEL_UNUSUAL, "the backup is whole again: took a full snapshot");
		return true;
	}
	heal->wait = heal->interval;
	out_log(LEVEL_BROKEN,
		"the full snapshot that heals the backup failed: %s. The node goes on and its "
		"changes are stored, but none that came after the one that cannot be replayed can "
		"be restored until a snapshot succeeds. Mend that (make space); it is tried again "
		"after %u changes, and when lightningd is started again",
		err.msg, heal->interval);
	return false;
}
