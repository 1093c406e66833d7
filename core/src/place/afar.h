/* afar.h - one log on another computer, read through a cache (bk/remote.h). */
#ifndef BK_AFAR_H
#define BK_AFAR_H

#include "place.h"
#include <bk/io.h>
#include <pthread.h>

#define AFAR_BLOCK  ((size_t)64 << 10)
#define AFAR_BLOCKS 512 /* 32 MiB */
#define AFAR_AHEAD  16  /* blocks read at once, at most */

struct afar_block {
	uint64_t number;
	uint32_t size; /* bytes of it that were there; 0: the slot is empty */
	uint8_t *bytes;
};

struct afar {
	pthread_mutex_t mutex; /* over all */
	char *url;
	const struct bk_io *io; /* to run ssh through */
	struct place *place;    /* NULL: the line broke, and is to be made anew */
	struct place_log log;
	uint64_t next;  /* the block that a reader who goes on wants next */
	unsigned ahead; /* blocks that are read at once then */
	uint8_t *run;   /* AFAR_AHEAD blocks */
	struct afar_block blocks[AFAR_BLOCKS];
};

/* Connects. Fails with BK_E_MISSING where the place holds no log, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_afar_open(
	struct afar **out, const struct bk_io *io, const char *url, struct bk_error *err);
void bk_afar_close(struct afar *afar);

/* As pread has it: a count, or -errno. */
int64_t bk_afar_read(struct afar *afar, void *data, size_t size, uint64_t offset);

/* Asks how long the log is now. 0 or -errno; -ENOENT where another log, or none, stands there. */
int bk_afar_stat(struct afar *afar, struct bk_io_stat *out);

#endif
