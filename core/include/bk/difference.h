/* difference.h - how two databases differ: a log's, and the one that it is compared with. */
#ifndef BK_DIFFERENCE_H
#define BK_DIFFERENCE_H

#include <stdint.h>

/* One table, or what else a database says of itself. */
struct bk_difference {
	const char *where;    /* "table channels", "user_version" */
	uint64_t rows;        /* that are in both, and differ */
	uint64_t in_log;      /* rows in the log's database only */
	uint64_t in_database; /* rows in the other only */
	const char *first;    /* the first of them, in words */
};

/* DIFFERENCE is lent for the call. */
typedef void bk_difference_fn(void *ctx, const struct bk_difference *difference);

#endif
