/* log.h - reading a log: opening it at once, whatever its length, and following it as it grows.
 *
 * Calling sequence: bk_log_open, any bk_log_refresh and reads (listing.h, image.h,
 * verify.h), bk_log_close. Writing is writer.h's.
 *
 * Invariants: what was read of a log stays true as long as bk_log_refresh does not say otherwise;
 * a log only grows (docs/format.md), but a file can be cut, or written over. Opening
 * reads the end of the file, the newest keyframe and what came after it, nothing else.
 *
 * Threads: any number of threads may read from one bk_log. */
#ifndef BK_LOG_H
#define BK_LOG_H

#include <bk/error.h>
#include <bk/io.h>
#include <bk/stamp.h>
#include <stdbool.h>
#include <stdint.h>

struct bk_log;

/* Opens the log at PATH for reading, without a lock; a writer may be at work. Damage is passed
 * over as long as one keyframe can be read: what depends on it fails when it is asked for.
 * Where the end of the file was made to look like frames, too many to be searched, the log is read
 * from its beginning up to there, which is then called damage. Fails with BK_E_MISSING,
 * BK_E_FORMAT, BK_E_DAMAGE, BK_E_LIMIT (the same before a keyframe), BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_log_open(
	struct bk_log **out, const struct bk_io *io, const char *path, struct bk_error *err);

void bk_log_close(struct bk_log *log); /* takes NULL */

/* Opens what stands now where LOG was opened: after BK_LOG_REPLACED. Fails as bk_log_open does. */
BK_MUST_CHECK enum bk_code bk_log_open_again(
	struct bk_log **out, const struct bk_log *log, struct bk_error *err);

/* What bk_log_refresh found. */
enum bk_log_news {
	BK_LOG_SAME,
	BK_LOG_GREW,
	BK_LOG_REPLACED, /* another log stands at the path or in this file, or it was cut, or what
			  * was taken in is no longer there, or what was damaged is whole again:
			  * open it anew */
	BK_LOG_GONE,     /* no file can be seen at the path: it was removed or moved. What is open
			  * stays readable and may yet grow; who does not care takes it for
			  * BK_LOG_SAME */
};

/* Looks whether the frame that was taken in last is still there, and takes in what was appended
 * since. A file that did not change for some seconds costs a look at its times. Fails with
 * BK_E_DAMAGE, BK_E_FORMAT, BK_E_LIMIT, BK_E_IO, BK_E_NOMEM; LOG then shows what it took in until
 * there. */
BK_MUST_CHECK enum bk_code bk_log_refresh(
	struct bk_log *log, enum bk_log_news *news, struct bk_error *err);

#define BK_LOG_ID_TEXT 33 /* 32 hexadecimal digits and a zero */
#define BK_DOUBT_TEXT  256

struct bk_log_status {
	char id[BK_LOG_ID_TEXT];
	int64_t created_us;
	uint32_t version;    /* the head */
	int64_t time_us;     /* when the head came */
	bool is_empty;       /* no database was ever backed up: there is nothing to restore */
	uint64_t changes;    /* that stand */
	uint64_t log_bytes;  /* up to the log's end */
	uint64_t torn_bytes; /* behind it: a write that never finished, or damage at the very end;
			      * zeros that follow do not count, a writer may have laid them */
	uint64_t copied_at;  /* the file is a copy that was taken while the log grew: it ends here,
			      * in zero bytes, though frames stand behind them; 0: it is none */
	uint64_t keyframes;
	uint32_t unkeyframed; /* changes behind the newest keyframe's interval */
	uint32_t page_size;   /* at the newest keyframe */
	uint32_t page_count;
	uint64_t history;          /* the head's sum (docs/format.md, 4) */
	char node[BK_NODE_TEXT];   /* whose database it is: vars.node_id; "": not known */
	char doubt[BK_DOUBT_TEXT]; /* log and node may differ, and why; "": no doubt is open */
	char predecessor[BK_LOG_ID_TEXT]; /* the log whose place this one took; "": none */
	char successor[BK_LOG_ID_TEXT];   /* the log that took this one's place; "": none */
	bool is_closed;                   /* the last writer closed it in order */
	bool is_seen;                     /* the head was seen committed in the node's database */
	bool is_committed;    /* that, or what came behind it says so: a node before it is older */
	bool quorum_missed;   /* changes are in fewer places than the quorum asks for, */
	uint32_t missed_from; /* from this version on */
	uint64_t damaged_at;  /* offset of damage near the log's end; 0: none met */
	bool head_unsure;     /* a change newer than the head may be lost to it */
	bool header_damaged;  /* found when it was opened: the id is from a session's event, and
			       * created_us that event's time; readers go on, no writer opens it */
};

BK_MUST_CHECK enum bk_code bk_log_status(
	struct bk_log *log, struct bk_log_status *out, struct bk_error *err);

/* Who opened the log for writing last: lines of key=value (docs/format.md, 11), a terminated text
 * that is empty if nobody did. */
BK_MUST_CHECK enum bk_code bk_log_session(
	struct bk_log *log, char *text, size_t size, struct bk_error *err);

const char *bk_log_path(const struct bk_log *log);

/* Whether any user of the computer can read the log, or even write to it. It holds the node's
 * database; and who can read a file can hold its lock, which keeps every writer out. */
bool bk_log_is_exposed(const struct bk_log *log);

/* The SQL of all changes that stand and lead to VERSION: the statements in their order, each ended
 * so that another can follow, as a rule by a semicolon and an empty line, appended to TEXT:
 * bk_entry_text_bytes in all. Fails with BK_E_MISSING, BK_E_DAMAGE, BK_E_LIMIT, BK_E_IO,
 * BK_E_NOMEM. */
struct bk_buf;
BK_MUST_CHECK enum bk_code bk_log_sql(
	struct bk_log *log, uint32_t version, struct bk_buf *text, struct bk_error *err);

/* The same text, given to TAKE in its order, in pieces of at most 256 KiB: a change of a gigabyte
 * can be 132 KB of log. What was given is right only if it returns BK_OK. Fails as TAKE does, too.
 */
typedef enum bk_code bk_sql_fn(void *ctx, const void *bytes, size_t size, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_log_sql_pieces(
	struct bk_log *log, uint32_t version, bk_sql_fn *take, void *ctx, struct bk_error *err);

#endif
