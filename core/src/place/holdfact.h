/* holdfact.h - the fact that stands beside a log which is held for another: how much of it is on
 * stable storage (docs/mirror.md, 2). 56 bytes in one sector, written over. */
#ifndef BK_HOLDFACT_H
#define BK_HOLDFACT_H

#include "file.h"
#include "frame.h"

#define HOLD_FACT_SUFFIX ".durable"
#define HOLD_FACT_SIZE   56

struct hold_fact {
	uint8_t id[LOG_ID_SIZE];
	uint64_t durable;  /* bytes; a frame ends there */
	uint64_t sum;      /* of that frame, or of the header */
	uint32_t turn;     /* another number whenever another begins to append */
	bool is_committed; /* the log is to take another's name */
};

void bk_holdfact_encode(uint8_t *out, const struct hold_fact *fact);

/* False if DATA of SIZE bytes is no fact. */
bool bk_holdfact_decode(struct hold_fact *fact, const uint8_t *data, size_t size);

/* Opens the file at PATH, or makes it. */
BK_MUST_CHECK enum bk_code bk_holdfact_open(
	struct file *file, const struct bk_io *io, const char *path, struct bk_error *err);

/* *KNOWN is false where none stands there, or one that was torn. */
BK_MUST_CHECK enum bk_code bk_holdfact_read(
	const struct file *file, struct hold_fact *fact, bool *known, struct bk_error *err);

/* Not durable before a sync. */
BK_MUST_CHECK enum bk_code bk_holdfact_write(
	const struct file *file, const struct hold_fact *fact, struct bk_error *err);

#endif
