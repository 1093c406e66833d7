/* hold.h - one log that is held for another, in a file: its bytes, and beside them in NAME.durable
 * one fact, how many of them are on stable storage (docs/mirror.md, 2).
 *
 * Bytes come checked: no frame counts that is not whole, right and chained. After a crash what
 * stands behind the durable length is checked anew, frame by frame, and what follows the last good
 * one is cut: it was never said to be there.
 *
 * Others may append to the same file: each call takes the file's lock, and looks at it anew where
 * it is not as this one left it.
 *
 * Calling sequence: bk_hold_init, any calls, bk_hold_done. */
#ifndef BK_HOLD_H
#define BK_HOLD_H

#include "chain.h"
#include "file.h"
#include "place.h"

struct hold {
	const struct bk_io *io;
	char *path, *fact_path; /* owned */
	struct file lock;       /* open during a call */

	/* What was loaded; closed where nothing was. */
	struct file file, fact;
	struct log_header header;
	uint8_t header_bytes[LOG_HEADER_SIZE];
	struct chain chain;
	uint64_t inode, size; /* of the file, as this left it */
	uint64_t durable, durable_sum;
	uint32_t turn;     /* of the fact when it was loaded: it changes with who appends */
	bool is_settled;   /* what stands behind the durable length was written once more */
	bool is_committed; /* it is to take another's name (store.h) */
};

BK_MUST_CHECK enum bk_code bk_hold_init(
	struct hold *hold, const struct bk_io *io, const char *path, struct bk_error *err);
void bk_hold_done(struct hold *hold);

/* Forgets what was loaded: the next call looks anew. */
void bk_hold_forget(struct hold *hold);

/* Tells of the log. Fails with BK_E_FORMAT, BK_E_DAMAGE where no log stands in the file, BK_E_BUSY
 * where a writer holds it, BK_E_IO, BK_E_NOMEM; with BK_E_DAMAGE, too, where the file is shorter
 * than what was once on stable storage. */
BK_MUST_CHECK enum bk_code bk_hold_tell(
	struct hold *hold, struct place_log *out, struct bk_error *err);

/* Makes the file, with HEADER. Fails with BK_E_EXISTS. */
BK_MUST_CHECK enum bk_code bk_hold_begin(
	struct hold *hold, const uint8_t *header, struct bk_error *err);

/* As place.h has them. LIMIT: bytes that the file may have at most; 0: any. */
BK_MUST_CHECK enum bk_code bk_hold_append(struct hold *hold, const uint8_t *id, uint64_t offset,
	const void *data, size_t size, bool sync, uint64_t limit, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_hold_read(struct hold *hold, const uint8_t *id, uint64_t offset,
	void *data, size_t size, size_t *got, struct bk_error *err);

/* Notes, durably, that the log is to take another's name. */
BK_MUST_CHECK enum bk_code bk_hold_commit(struct hold *hold, struct bk_error *err);

#endif
