/* rig.h - a node whose log has mirrors, what is told of them, and successors of its log. */
#ifndef RIG_H
#define RIG_H

#include "node.h"
#include <bk/mirrors.h>
#include <bk/successor.h>
#include <pthread.h>

/* What was told, and how often. */
struct told {
	pthread_mutex_t mutex;
	unsigned count[BK_MIRRORS_REFUSED + 1];
	char text[BK_MIRRORS_REFUSED + 1][5000];
};

struct rig {
	struct node node;
	struct bk_mirrors *mirrors;
	struct told told;
	char urls[3][256];
	const char *list[3];
	struct bk_mirrors_options options;
};

/* A node with COUNT mirrors, scratch("m0") and so on, each change in QUORUM places. The log is open
 * without them yet. */
void rig_begin(struct rig *rig, unsigned count, unsigned quorum);
void rig_end(struct rig *rig);

/* One with two, which got a log that was there already. */
void rig_begin_late(struct rig *rig);

/* One whose mirror has SEEN changes more than scratch("other"), a copy of the log as it was before;
 * the log is closed. */
void rig_begin_two(struct rig *rig, unsigned quorum, unsigned seen);

/* Opens the log with what the options say, closed before if it is open; closes it. */
enum bk_code rig_open(struct rig *rig);
void rig_close(struct rig *rig);

struct bk_mirror_status rig_status(struct rig *rig, unsigned number);

/* Until the mirror is in STATE, and with BK_MIRROR_LEVEL has all; until the first two have. */
void rig_wait(struct rig *rig, unsigned number, enum bk_mirror_state state);
void rig_wait_for_both(struct rig *rig);

/* How often NEWS were told. */
unsigned rig_told(struct rig *rig, enum bk_mirrors_news news);

/* The mirror's file is the log's, byte for byte, up to its end. */
void rig_check_same(const struct rig *rig, unsigned number);

/* A change of SQL alone, in the log and not in the database. */
enum bk_code rig_append(struct rig *rig, const char *sql);

/* A successor of the log, whose id is all ID, that may take its place. */
struct bk_successor *rig_successor(struct rig *rig, unsigned id);

/* One is sent to the mirrors, and takes it. */
enum bk_code rig_compact(struct rig *rig, unsigned id);

#endif
