/* afar.h - one log on another computer, read through a cache (bk/remote.h). */
#ifndef BK_AFAR_H
#define BK_AFAR_H

#include "place.h"
#include <bk/io.h>
#include <pthread.h>

#define AFAR_BLOCK  ((size_t)64 << 10)
#define AFAR_BLOCKS 512 /* 32 MiB */
#define AFAR_WAYS   4   /* of them may hold one block */
#define AFAR_AHEAD  16  /* blocks read at once, at most */
#define AFAR_PART   ((size_t)1 << 10)

/* What there is of one block: of its beginning, and of its parts. A log only grows, so what was
 * there stays right. */
struct afar_block {
	uint64_t number, used; /* USED: when, by afar's own count; 0: the slot is empty */
	uint64_t parts;        /* a bit for each of its parts that is there, whole */
	uint32_t size;         /* bytes from its beginning on that are there */
	uint32_t cut;          /* where a part ends that is there only so far; 0: none */
	uint8_t *bytes;
};

#define AFAR_FRESH_US 200000 /* so long the log's length is not asked for again */

/* What has been announced. It is asked for when the first of it is missed, and once. */
enum afar_foreseen {
	AFAR_NOTHING,
	AFAR_NEWEST, /* the newest image */
	AFAR_VERSION,
	AFAR_ASKED, /* that version, which has come */
};

struct afar {
	pthread_mutex_t mutex; /* over all */
	char *url;
	const struct bk_io *io; /* to run ssh through */
	struct place *place;    /* NULL: the line broke, and is to be made anew */
	struct place_log log;
	int64_t asked_us; /* when it was so, by the clock of IO */
	uint64_t next;  /* the block that a reader who goes on wants next */
	unsigned ahead; /* blocks that are read at once then */
	uint8_t *run;   /* AFAR_AHEAD blocks */
	enum afar_foreseen foreseen;
	uint32_t version; /* that was foreseen */
	uint64_t count;   /* uses of blocks so far */
	struct afar_block blocks[AFAR_BLOCKS];
};

/* Connects. Fails with BK_E_MISSING where the place holds no log, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_afar_open(
	struct afar **out, const struct bk_io *io, const char *url, struct bk_error *err);
void bk_afar_close(struct afar *afar);

/* The image of VERSION is going to be read: all of it comes at once, when the first of it is missed. */
void bk_afar_foresee(struct afar *afar, uint32_t version);

/* As pread has it: a count, or -errno. */
int64_t bk_afar_read(struct afar *afar, void *data, size_t size, uint64_t offset);

/* Asks how long the log is now. 0 or -errno; -ENOENT where another log, or none, stands there. */
int bk_afar_stat(struct afar *afar, struct bk_io_stat *out);

#endif
