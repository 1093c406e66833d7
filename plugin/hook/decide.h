/* decide.h - what to do at a db_write, as a pure function (docs/decisions.md, "The first db_write
 * of a process"). */
#ifndef DECIDE_H
#define DECIDE_H

#include <stdbool.h>
#include <stdint.h>

/* At the first db_write of a process. */
enum verdict {
	VERDICT_APPEND, /* in step */
	VERDICT_REWIND, /* the head was never committed: strike it out, then append */
	VERDICT_HEAL,   /* a gap: a full keyframe of the live database, then append */
	VERDICT_GAP,    /* a gap, and the live database cannot be read: stop */
	VERDICT_OLDER,  /* the node's state is older than the backup: stop */
};

/* What is known at a db_write. */
struct call {
	uint32_t version;       /* of the call (D) */
	bool is_lone;           /* it is a lone pragma */
	uint32_t head;          /* of the log (H) */
	bool is_head_committed; /* lightningd committed it for certain */
	bool is_live_known;
	uint32_t live; /* vars.data_version in the node's database (C) */
};

/* The version the node's database is at, as the call itself tells. */
uint32_t call_base(const struct call *call);

/* Whether the database that we look at is at that version: else it is not the node's own, as with
 * another --wallet, or it cannot be read. */
bool call_sees_database(const struct call *call);

/* The first db_write of a process. */
enum verdict decide_first(const struct call *call);

/* Whether any later one is in step; if not, a change is missing in between: stop. */
bool call_follows(const struct call *call);

#endif
