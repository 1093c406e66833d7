/* lookparts.h - what is seen of a backup that is looked at (look.h). */
#ifndef LOOKPARTS_H
#define LOOKPARTS_H

#include "hooktimes.h"
#include "lockfile.h"
#include "lognotes.h"
#include <bk/health.h>
#include <bk/live.h>
#include <bk/running.h>
#include <bk/standing.h>

/* So long is waited for each; then for all of it. */
#define LOOK_PLACE_MS 8000u
#define LOOK_ALL_MS   10000u

enum look_answer {
	LOOK_NOT_ASKED,
	LOOK_SILENT, /* it did not answer in time */
	LOOK_FAILED, /* and why */
	LOOK_ANSWERED,
};

/* A mirror. */
struct look_place {
	char *url; /* owned */
	bool held; /* it held the log once */
	enum look_answer answer;
	struct bk_error why;
	struct bk_place_told told;
	bool stands; /* and to the log it stands so: */
	struct bk_standing standing;
	bool has_free; /* of its disk, where it is one here */
	uint64_t free_bytes;
};

/* The node's database, looked at before and after the log. */
struct look_node {
	enum look_answer answer;
	struct bk_error why;
	struct bk_look before, after;
};

enum look_writer {
	LOOK_WRITER_UNKNOWN,
	LOOK_WRITER_NONE, /* nobody holds the log */
	LOOK_WRITER_HOLDS,
};

struct look_log {
	char *url, *path; /* owned */
	enum look_answer answer;
	struct bk_error why;
	struct bk_log_status status;
	struct bk_health health;
	bool has_free;
	uint64_t free_bytes;
	bool is_exposed; /* other users may read it */
	bool is_left;    /* a successor that was not finished is beside it, and nobody at work */
	enum look_writer writer;
	bool is_set_back; /* the node's database says that it is older than this, and is not */
	bool has_notes;   /* it is on this computer, and what was noted beside it is: */
	struct lognotes notes;
};

struct look {
	int64_t now_us;
	char *dir; /* the lightning directory, absolute, owned; NULL: a log alone, and then no: */
	struct lockfile lock;
	char *database;
	struct look_node node;
	struct bk_running running; /* lightningd */
	struct hooktimes times;
	struct look_place places[LOCKPLACES_MAX];
	unsigned place_count;

	struct look_log log;
};

#endif
