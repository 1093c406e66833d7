/* afar.h - one log on another computer, read through a cache (bk/remote.h).
 *
 * Two things are shared by the threads that read it: what is here, and the line. The line is taken by
 * one after the other, in the order in which they came; what is here is given meanwhile. */
#ifndef BK_AFAR_H
#define BK_AFAR_H

#include "nearby.h"
#include "place.h"
#include <bk/io.h>
#include <pthread.h>

#define AFAR_AHEAD    16     /* blocks read at once, at most */
#define AFAR_FRESH_US 200000 /* so long the log's length is not asked for again */

/* What has been announced. It is asked for when the first of it is missed, and once. */
enum afar_foreseen {
	AFAR_NOTHING,
	AFAR_NEWEST, /* the newest image */
	AFAR_VERSION,
	AFAR_ASKED, /* that version, which has come */
};

/* Who waits for the line, by the order of coming. */
struct afar_line {
	pthread_cond_t moved;
	uint64_t came, served;
};

struct afar {
	char *url;
	const struct bk_io *io; /* to run ssh through */

	pthread_mutex_t mutex; /* over what follows, and LINE */
	struct nearby nearby;  /* added to by who has the line */
	struct place_log log;  /* set by who has the line */
	int64_t asked_us;      /* when it was so, by the clock of IO; 0: the line broke since */
	enum afar_foreseen foreseen;
	uint32_t version; /* that was foreseen */

	struct afar_line line; /* over what follows */
	struct place *place;   /* NULL: the line broke, and is to be made anew */
	uint64_t next;         /* the block that a reader who goes on wants next */
	unsigned ahead;        /* blocks that are read at once then */
	uint8_t *run;          /* AFAR_AHEAD blocks */
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
