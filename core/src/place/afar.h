/* afar.h - one log on another computer, read through a cache (bk/remote.h).
 *
 * Who misses something says so and waits; lanes, threads of their own, get it: one, or, where the
 * place can be read by many at once, as many as are of use. What is foreseen is got by them while
 * nobody waits (parts.h). */
#ifndef BK_AFAR_H
#define BK_AFAR_H

#include "farline.h"
#include "nearby.h"
#include "parts.h"
#include "readers.h"
#include <bk/io.h>
#include <pthread.h>

#define AFAR_LANES 64
#define AFAR_PART  ((size_t)512 << 10) /* bytes got at once, at most */

/* So long the log's length is not asked for again: where that takes one exchange; of a store, which
 * is up to a second behind anyway. */
#define AFAR_FRESH_US       200000
#define AFAR_FRESH_STORE_US 1000000

/* What has been announced. It is asked for when the first of it is missed, and once. */
enum afar_foreseen {
	AFAR_NOTHING,
	AFAR_NEWEST, /* the newest image */
	AFAR_VERSION,
	AFAR_ASKED, /* that version, which has come */
};

struct afar {
	struct farline line;

	pthread_mutex_t mutex; /* over what follows */
	pthread_cond_t work;   /* something is wanted */
	pthread_cond_t moved;  /* something came */
	struct nearby nearby;
	struct parts parts;
	enum bk_code failure; /* of the part that failed last */
	struct readers readers;
	uint64_t end; /* of the log */
	enum afar_foreseen foreseen;
	uint32_t version; /* that was foreseen */

	pthread_t lanes[AFAR_LANES];
	unsigned started, most, idle; /* lanes: that run, that may, that have nothing to do */
	bool is_ending;
};

/* Connects. Fails with BK_E_MISSING where the place holds no log, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_afar_open(
	struct afar **out, const struct bk_io *io, const char *url, struct bk_error *err);
void bk_afar_close(struct afar *afar);

/* The image of VERSION is going to be read. True where all of it comes at once, when the first of
 * it is missed. */
bool bk_afar_foresee(struct afar *afar, uint32_t version);

/* COUNT ranges are going to be read, in this order. */
void bk_afar_want(struct afar *afar, const struct bk_io_range *ranges, size_t count);

/* As pread has it: a count, or -errno. */
int64_t bk_afar_read(struct afar *afar, void *data, size_t size, uint64_t offset);

/* Asks how long the log is now. 0 or -errno; -ENOENT where another log, or none, stands there. */
int bk_afar_stat(struct afar *afar, struct bk_io_stat *out);

#endif
