/* heal.h - full snapshots of the node's database, which make a backup whole again: over a gap, and
 * over a change that cannot be replayed. They are only possible during a db_write: lightningd
 * waits, and its database stands still. */
#ifndef HEAL_H
#define HEAL_H

#include "names.h"
#include "space.h"
#include "watch.h"
#include <bk/follower.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <stdbool.h>

/* All that it points to is borrowed. */
struct heal {
	struct bk_writer *writer;
	struct watch *watch;
	struct space *space;  /* NULL: not started */
	const char *database; /* path of the node's */
	unsigned interval;    /* changes after which what failed is tried again */
	unsigned wait;        /* how many of them are still to come */
	bool is_taken;        /* one was taken, and is yet to be sent to the backup server */
};

/* lightningd waits for us: so long for a lock on its database. */
#define LIVE_BUSY_MS 1000

/* Takes a snapshot, if the disk has room for it for certain. Fails as bk_writer_snapshot does. */
BK_MUST_CHECK enum bk_code heal_snapshot(
	struct heal *heal, enum bk_snapshot_reason reason, struct bk_error *err);

/* To be called at each change while a follower is stuck at one that it cannot replay. Says what
 * became of it; after a failure the node goes on, and the next HEAL->interval calls do nothing: to
 * copy the database each time would fill the disk and hold up the node. True if it is healed. */
bool heal_replay(struct heal *heal);

/* Whether a snapshot of a database of so many bytes fits for certain: its pages may not compress at
 * all, and changes must have room behind it. heal_snapshot asks this itself; here for its test. */
bool heal_has_room(uint64_t free_bytes, uint64_t database_bytes);

#endif
