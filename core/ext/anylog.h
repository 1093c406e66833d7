/* anylog.h - a log by its path, or by the URL of a place on another computer (bk/remote.h). */
#ifndef ANYLOG_H
#define ANYLOG_H

#include <bk/log.h>
#include <bk/remote.h>

struct anylog {
	struct bk_log *log;
	struct bk_remote *remote; /* NULL: it is here */
};

/* Fails as bk_log_open and bk_remote_connect do; OUT need not be closed then. */
BK_MUST_CHECK enum bk_code anylog_open(
	struct anylog *out, const char *name, struct bk_error *err);
void anylog_close(struct anylog *log);

#endif
