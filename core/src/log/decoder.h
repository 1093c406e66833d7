/* decoder.h - the reading end of the compression stream that the changes of one interval share
 * (docs/format.md, 4). */
#ifndef BK_DECODER_H
#define BK_DECODER_H

#include "log.h"
#include <bk/change.h>
#include <xxhash.h>
#include <zstd.h>

/* Reads the changes of one or more intervals, in order, struck ones too. */
struct decoder {
	struct bk_log *log;
	struct walk walk;
	ZSTD_DCtx *zstd;
	XXH3_state_t *sum;    /* the history of the change under way */
	uint8_t *piece;       /* DECODER_PIECE bytes */
	uint64_t given, held; /* bytes in the log of the changes so far, and of their SQL */
	uint64_t history;
	bool history_unknown; /* the next change's own is taken as it is */
	struct bk_buf raw;    /* of the change that bk_decoder_read read last */
	struct bk_slice *statements;
	size_t statement_capacity;
};

/* HISTORY is that of the keyframe below the first change. */
BK_MUST_CHECK enum bk_code bk_decoder_init(
	struct decoder *decoder, struct bk_log *log, uint64_t history, struct bk_error *err);
void bk_decoder_done(struct decoder *decoder);

#define DECODER_PIECE ((size_t)256 << 10)

/* Takes SIZE of a change's raw bytes, in their order: each statement and a zero byte behind it. */
typedef enum bk_code decoder_fn(void *ctx, const uint8_t *bytes, size_t size, struct bk_error *err);

/* Reads the change that ENTRY tells of, and gives its raw bytes to TAKE (NULL: to nobody) in pieces
 * of at most DECODER_PIECE: memory does not grow with what comes out. What was given is what was
 * once written only if it returns BK_OK. Fails as TAKE does; with BK_E_DAMAGE if anything in the
 * change, or before it, is not what was once written; with BK_E_LIMIT if the changes so far hold
 * too much (DECODER_ALL); BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_decoder_stream(struct decoder *decoder, const struct bk_entry *entry,
	decoder_fn *take, void *ctx, struct bk_error *err);

/* What a change may hold that is read at once, its statements counted: DECODER_WHOLE bytes, and
 * more for each byte of its frame. The log may be a stranger's, and 33 KB of it hold a gigabyte of
 * blanks; what nodes write grows to 10 to 20 times its bytes in the log. */
#define DECODER_WHOLE  ((uint64_t)32 << 20)
#define DECODER_A_BYTE 64

/* The same for all the changes that one decoder reads, which take time: a log of 1 MB can hold 30
 * GiB. */
#define DECODER_ALL      ((uint64_t)2 << 30)
#define DECODER_REPLAYED ((uint64_t)256 << 20) /* where they are replayed, which takes more */

/* Reads the change that ENTRY tells of into *CHANGE, which is good until the next call: all of it
 * at once, in memory. Fails as bk_decoder_stream does, but with BK_E_SQL if it is too much: who
 * follows a node takes a full keyframe then, as of any change that cannot be replayed. */
BK_MUST_CHECK enum bk_code bk_decoder_read(struct decoder *decoder, const struct bk_entry *entry,
	struct bk_change *change, struct bk_error *err);

#endif
