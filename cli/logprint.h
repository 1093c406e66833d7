/* logprint.h - how a version of a log is printed. */
#ifndef LOGPRINT_H
#define LOGPRINT_H

#include "logwalk.h"

struct logprint {
	bool json, stat;
	bool is_local; /* times in the local zone */
	bool any;      /* a version was printed */
	struct bk_log *log;
};

/* Prints ITEM: a line, and before or behind it one that names versions which are missing. */
BK_MUST_CHECK enum bk_code logprint(struct logprint *print, const struct logitem *item,
	bool newest_first, struct bk_error *err);

#endif
