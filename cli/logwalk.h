/* logwalk.h - the versions that a log holds, newest or oldest first, with what each did.
 *
 * They are read in windows: a small one first, so that the first lines come at once. */
#ifndef LOGWALK_H
#define LOGWALK_H

#include <bk/entry.h>
#include <bk/error.h>
#include <bk/log.h>
#include <bk/tally.h>
#include <stdbool.h>
#include <stddef.h>

struct logrows;

struct logitem {
	struct bk_entry entry;
	bool has_before; /* the log has a version before it: */
	uint32_t before;
	/* What its statements name; known where its changes can be read. */
	bool is_tallied;
	struct bk_tally_table *tables;
	size_t table_count;
	uint32_t schema, others;
	bool is_unreadable; /* damage hides what its statements are */
	/* How many rows it added, changed, removed; with walk->rows, where that can be told. */
	bool is_counted;
	struct bk_tally_table *rows;
	size_t row_tables;
	bool is_hit; /* one of its statements holds the text that is looked for */
};

struct logwalk {
	struct bk_log *log;
	bool all; /* also what was struck out, and lone pragmas, each by itself */
	bool oldest_first;
	bool has_from; /* nothing before this version is wanted */
	uint32_t from;
	struct logrows *rows; /* that counts rows; NULL: they are not wanted */
	const char *text;     /* that statements are searched for; NULL: for none */
	bool is_damaged;      /* versions could not be read; it was said */
	char said[512];       /* what was said last of that */
};

/* Takes an item; sets *MORE to false where it is the last that is wanted. */
typedef enum bk_code logitem_fn(
	void *ctx, const struct logitem *item, bool *more, struct bk_error *err);

/* Gives all versions to TAKE, or as many as it wants. Fails as core does, and as TAKE does. */
BK_MUST_CHECK enum bk_code logwalk(
	struct logwalk *walk, logitem_fn *take, void *ctx, struct bk_error *err);

/* The same, only those after VERSION, oldest first. */
BK_MUST_CHECK enum bk_code logwalk_after(
	struct logwalk *walk, uint32_t version, logitem_fn *take, void *ctx, struct bk_error *err);

#endif
