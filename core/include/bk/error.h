/* error.h - how a function of this library says that it failed, and why.
 *
 * A function that can fail returns an enum bk_code and takes a struct bk_error as
 * its last argument. The function that meets the failure fills it, with the object,
 * the offset, the number; its callers clean up and return the code unchanged. Only
 * the programs print it. Who only looks something up (bk_log_status, bk_log_find,
 * bk_log_measure, bk_moment_parse) may pass NULL.
 *
 * Threads: an error belongs to its caller; nothing is kept elsewhere. */
#ifndef BK_ERROR_H
#define BK_ERROR_H

#include <stdarg.h>

#define BK_MUST_CHECK        __attribute__((warn_unused_result))
#define BK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* One code for each thing that a caller does differently. */
enum bk_code {
	BK_OK = 0,
	BK_E_IO,        /* the system refused; sys_errno says what */
	BK_E_NOMEM,     /* no memory */
	BK_E_LIMIT,     /* larger than a named limit */
	BK_E_DAMAGE,    /* the log does not say what it once said */
	BK_E_FORMAT,    /* no log at all, or one of a newer format */
	BK_E_MISSING,   /* no such file, or no such version in the log */
	BK_E_EXISTS,    /* something stands where something new should go */
	BK_E_BUSY,      /* somebody else holds it */
	BK_E_INVALID,   /* the caller's input makes no sense */
	BK_E_SQL,       /* SQLite refused a statement or a database */
	BK_E_UNSAFE,    /* possible, and refused because it could cost funds */
	BK_E_CANCELLED, /* who wanted it has gone */
	BK_E_SEALED,    /* sealed, and nothing that was given opens it */
};

#define BK_ERROR_MESSAGE_MAX 512

struct bk_error {
	enum bk_code code;
	int sys_errno; /* 0 where no system call failed */
	char msg[BK_ERROR_MESSAGE_MAX];
};

/* Fills ERR (which may be NULL) and returns CODE. With SYS_ERRNO other than 0 its text
 * is appended to the message. */
enum bk_code bk_fail(struct bk_error *err, enum bk_code code, int sys_errno, const char *fmt, ...)
	BK_PRINTF(4, 5);

/* Fills ERR (which may be NULL) with FROM and returns its code. */
enum bk_code bk_fail_as(struct bk_error *err, const struct bk_error *from);

#endif
