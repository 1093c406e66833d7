/* log.h - a log as the rest of core sees it: its state, its frames, its cache. */
#ifndef BK_LOG_IMPL_H
#define BK_LOG_IMPL_H

#include "pagemap.h"
#include "passed.h"
#include "record.h"
#include "sampling.h"
#include "search.h"
#include "state.h"
#include <bk/log.h>

/* Behind a log's name: its successor, finished; and behind that, while it is written
 * (docs/format.md, 12). */
#define LOG_SUCCESSOR_SUFFIX  ".successor"
#define LOG_UNFINISHED_SUFFIX ".new"

/* What somebody above keeps with a log that is open, and ends with it. */
struct attached {
	void *object;
	void (*free)(void *object);
};

/* A replay that failed (image/vain.h). Offsets: of its keyframe, of the change it came to, of the
 * log's end then; 0: none. */
struct vain {
	uint64_t keyframe, change, end;
	struct bk_error why;
};

#define VAIN_KEPT 8

/* What is known of a log that is read from afar (foresee.h). */
struct foreseen {
	struct sampling sampling;
	bool comes; /* the place sends what an image takes, without being told where it is */
	bool is_any;
	uint32_t version; /* that was looked for last */
};

struct bk_log {
	struct logfile lf;
	struct cache cache;    /* of struct keyframe and struct pagemap */
	pthread_mutex_t mutex; /* over what follows */
	struct state state;
	uint64_t file_end;      /* when last looked at */
	uint64_t tail_end;      /* behind the last byte that was not zero then */
	struct bk_io_stat seen; /* what the file was when it was looked into, */
	int64_t seen_us;        /* and since when it is so */
	char *home; /* the path at which it was asked for, where it is the successor of what stands
		     * there; NULL: it is what stands there */
	bool is_writer; /* a writer owns the log and keeps its state */
	struct vain vain[VAIN_KEPT];
	unsigned vain_next;
	struct passed passed;
	uint64_t near; /* offset of a keyframe that a search may begin at; 0: none is known */

	pthread_mutex_t foresee_mutex; /* taken before mutex; over: */
	struct foreseen *foreseen;     /* NULL: nothing yet; owned */

	/* A mutex of its own: a page is read often, and a change must not wait for that. */
	pthread_mutex_t readers_mutex;
	struct record_reader *readers; /* idle ones */

	pthread_mutex_t attached_mutex; /* taken before mutex; over: */
	struct attached attached;
};

/* Sets up *LOG over an open file, which it takes over; STATE is left empty. */
BK_MUST_CHECK enum bk_code bk_log_new(
	struct bk_log **out, struct logfile *lf, struct bk_error *err);

/* The log's id in BK_LOG_ID_TEXT bytes. */
void bk_log_id_text(const struct bk_log *log, char *out);

/* Fails with BK_E_MISSING: LOG does not hold VERSION. Says why, and which are nearest. */
enum bk_code bk_log_not_found(struct bk_log *log, uint32_t version, struct bk_error *err);

/* Reads where the log ends and what its state is. */
BK_MUST_CHECK enum bk_code bk_log_load(
	struct bk_log *log, struct log_end *end, struct bk_error *err);

/* The keyframe at OFFSET, pinned until bk_log_unpin. */
BK_MUST_CHECK enum bk_code bk_log_keyframe(
	struct bk_log *log, uint64_t offset, struct keyframe **out, struct bk_error *err);

/* The map AT of KF's, pinned until bk_log_unpin. It has the pages that KF says: who asks for one
 * page and who asks for many find the same. */
BK_MUST_CHECK enum bk_code bk_log_pagemap(struct bk_log *log, const struct keyframe *kf, size_t at,
	struct pagemap **out, struct bk_error *err);

void bk_log_unpin(struct bk_log *log, void *object); /* takes NULL */

/* The newest keyframe that begins before LIMIT and can be read, pinned; damaged ones are passed
 * over. Fails with BK_E_DAMAGE if there is none. */
BK_MUST_CHECK enum bk_code bk_log_keyframe_before(
	struct bk_log *log, uint64_t limit, struct keyframe **out, struct bk_error *err);

/* All changes behind keyframe KF, read from the frames themselves and from no keyframe's list, up
 * to where a version after VERSION comes. The caller frees *ENTRIES. */
BK_MUST_CHECK enum bk_code bk_log_changes_behind(struct bk_log *log, const struct keyframe *kf,
	uint32_t version, struct bk_entry **entries, size_t *count, struct bk_error *err);

/* The same up to END, an offset at which a frame begins. */
BK_MUST_CHECK enum bk_code bk_log_changes_between(struct bk_log *log, const struct keyframe *kf,
	uint64_t end, struct bk_entry **entries, size_t *count, struct bk_error *err);

/* Sets STATE, zeros before, to where keyframe KF's interval ends: the next frame to take stands
 * there. */
BK_MUST_CHECK enum bk_code bk_log_state_behind(
	struct bk_log *log, const struct keyframe *kf, struct state *state, struct bk_error *err);

/* A reader of stored pages to use for a while; NULL: no memory. */
struct record_reader *bk_log_reader_take(struct bk_log *log);
void bk_log_reader_give(struct bk_log *log, struct record_reader *reader);

#endif
