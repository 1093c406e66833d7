/* verdict.h - whether a version can be restored: one answer for all who ask.
 *
 * A version can be restored if and only if all pages of its database can be rebuilt, past damage if
 * need be, and the database says that it is that version (vars.data_version). What else SQLite says
 * of it is the node's own, and told as notes. bk_restore, bk_verify and every other who speaks of
 * it ask here, so that none promises what another refuses. */
#ifndef BK_VERDICT_H
#define BK_VERDICT_H

#include <bk/error.h>
#include <bk/log.h>
#include <bk/note.h>
#include <stdbool.h>
#include <stdint.h>

enum bk_verdict_answer {
	BK_VERDICT_YES,
	BK_VERDICT_NOTHING, /* there is no database yet that could be restored */
	BK_VERDICT_UNSURE,  /* of the head only: the version can be restored, and damage may hide a
			     * newer change. It is given when asked for by its number */
	BK_VERDICT_NO,
};

/* Zeros mean the defaults. */
struct bk_verdict_options {
	bool is_quick; /* without SQLite's own checks, which only add notes: they take long where
			* the database is large */
	bk_note_fn *note;
	bool (*is_wanted)(void *ctx); /* asked now and then: false ends it, with BK_E_CANCELLED; may
				       * be NULL */
	void *ctx;
	const char *spill_dir;
};

struct bk_verdict {
	enum bk_verdict_answer answer;
	uint32_t version;
	bool is_past_damage;     /* damaged keyframes had to be passed over */
	char node[BK_NODE_TEXT]; /* whose database it is; "": it does not say */
	uint64_t notes;
	uint64_t foreign_key_failures;
	uint64_t bytes;      /* of the database */
	struct bk_error why; /* where the answer is not YES */
};

/* Judges VERSION of LOG: reads all its pages. An answer of NO is no failure. Fails with
 * BK_E_MISSING if the log does not hold that version, BK_E_BUSY if it is wanted no longer, BK_E_IO,
 * BK_E_NOMEM, BK_E_LIMIT. OPTIONS may be NULL. */
BK_MUST_CHECK enum bk_code bk_verdict(struct bk_log *log, uint32_t version,
	const struct bk_verdict_options *options, struct bk_verdict *out, struct bk_error *err);

/* Judges the head. */
BK_MUST_CHECK enum bk_code bk_verdict_head(struct bk_log *log,
	const struct bk_verdict_options *options, struct bk_verdict *out, struct bk_error *err);

#endif
