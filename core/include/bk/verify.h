/* verify.h - whether a log still says what it once said, and what can be rebuilt from it. */
#ifndef BK_VERIFY_H
#define BK_VERIFY_H

#include <bk/difference.h>
#include <bk/error.h>
#include <bk/io.h>
#include <bk/log.h>
#include <bk/note.h>
#include <bk/progress.h>
#include <bk/verdict.h>
#include <stdbool.h>
#include <stdint.h>

/* Something wrong, at OFFSET of the log. Called from one thread at a time. */
typedef void bk_finding_fn(void *ctx, uint64_t offset, const char *what);

/* Versions FROM to TO cannot be rebuilt. */
typedef void bk_lost_fn(void *ctx, uint32_t from, uint32_t to);

/* Something of the node's own (bk/note.h), seen in the versions FROM to TO that were looked at. */
typedef void bk_own_fn(
	void *ctx, enum bk_note_kind kind, const char *what, uint32_t from, uint32_t to);

/* Why versions are not in the log, or may not be rebuilt from it. */
enum bk_gap_kind {
	BK_GAP_UNWATCHED,    /* the node moved on without its plugin */
	BK_GAP_UNREPLAYABLE, /* a change could not be replayed when it came */
};

/* The log came to version FROM, and the snapshot that made it whole again is of version TO: what is
 * between them is missing (UNWATCHED; there may be nothing), or was a doubt (UNREPLAYABLE). */
typedef void bk_gap_fn(void *ctx, enum bk_gap_kind kind, uint32_t from, uint32_t to);

/* Zeros mean the defaults. */
struct bk_verify_options {
	bool deep; /* replay every change, compare each keyframe with what they lead to, check that
		    * and the head with SQLite */
	unsigned threads; /* for that; by default one for each processor */
	/* With PARTS other than 0 only the frames of the PART-th of so many, from 1, and those
	 * behind the newest keyframe; not with deep. A frame's part is the same for ever. What
	 * needs all frames is left out: whether keyframes list what is there, and which versions
	 * cannot be rebuilt. */
	unsigned part, parts;
	bk_finding_fn *finding;
	bk_lost_fn *lost;
	bk_own_fn *own;
	bk_gap_fn *gap;
	bk_progress_fn *progress; /* bytes, or with deep keyframes, done and in all */
	void *ctx;
};

struct bk_verify_result {
	uint64_t bytes, frames, changes, keyframes;
	uint64_t findings;
	uint64_t lost;       /* versions that cannot be rebuilt */
	uint64_t torn_bytes; /* behind the log's end; not counted as a finding */
	uint64_t copied_at;  /* as in struct bk_log_status; not counted as a finding */
	bool tail_unsure;    /* and they may be a change that was acknowledged, and is damaged */
	bool is_shut; /* the log is sealed, and there was no key: sums, chain and lengths were
		       * checked, and nothing of what is in the frames */
	uint64_t gaps;
	uint64_t notes;  /* of the node's own: no findings */
	bool head_known; /* and then: */
	uint32_t head;
	int64_t head_time_us;
	struct bk_verdict verdict; /* of the head */
	bool is_quick;             /* SQLite's own checks were not run, for the database is large */
	char doubt[BK_DOUBT_TEXT]; /* an open one, and why; "": none */
	uint64_t rebuilt;          /* with deep: keyframes rebuilt */
	uint64_t pages;            /* with deep: pages compared */
};

/* Above so many bytes of database SQLite's own checks are run with deep only. */
#define BK_VERIFY_QUICK_BYTES ((uint64_t)256 << 20)

/* Checks all of the log at PATH: each frame's sum and chain, that keyframes list what is there,
 * that the changes follow each other by their history, that the head can be rebuilt. Where anything
 * is wrong, it tells each version that cannot be rebuilt. Damage is a finding, not a failure. Fails
 * with BK_E_MISSING, BK_E_FORMAT, BK_E_IO, BK_E_NOMEM, and with BK_E_BUSY if another log, or what
 * was cut or put back, came in its place meanwhile. A writer may be at work. A sealed log for which
 * IO has no key at all is verified without; it fails with BK_E_SEALED where none of IO's fits. */
BK_MUST_CHECK enum bk_code bk_verify(const struct bk_io *io, const char *path,
	const struct bk_verify_options *options, struct bk_verify_result *result,
	struct bk_error *err);

/* Zeros mean the defaults. */
struct bk_against_options {
	bool has_version; /* compare with VERSION, whatever the database says that it is */
	uint32_t version;
	unsigned busy_ms; /* how long to wait for SQLite's lock, and for a commit that is
			   * under way */
	bk_difference_fn *difference; /* may be NULL */
	bk_progress_fn *progress;     /* pages compared and in all; may be NULL */
	bool (*is_wanted)(void *ctx); /* asked again and again: false ends it with BK_E_BUSY; may
				       * be NULL */
	void *ctx;
};

struct bk_against_result {
	uint32_t version; /* the database's */
	uint32_t head;    /* the log's, when it began */
	bool is_empty;    /* the database has no pages at all */
	bool is_held;     /* the log holds its version, and they were compared: */
	uint64_t tables, rows;
	uint64_t differences; /* rows that differ, or are in one only; a table in one only, or a
			       * value of the database's header, counts as one */
	char first[256];      /* the first difference, in words */
};

/* Whether the database is the log's newest version, and the same: all else is a difference. */
bool bk_against_is_same(const struct bk_against_result *result);

/* Compares the database at DATABASE_PATH, live or copied, with the image of the same version, table
 * by table and row by row. It is first copied whole, past 64 MiB into an unlinked file in $TMPDIR
 * or /var/tmp: its lock, for which lightningd's commits wait, is held for that alone. Damaged
 * keyframes are passed over, as bk_restore does. Fails with BK_E_MISSING if there is no such
 * database, BK_E_BUSY, BK_E_SQL, or as bk_image_open does. OPTIONS may be NULL. */
BK_MUST_CHECK enum bk_code bk_verify_against(struct bk_log *log, const char *database_path,
	const struct bk_against_options *options, struct bk_against_result *result,
	struct bk_error *err);

#endif
