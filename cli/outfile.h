/* outfile.h - what is printed put into a file that others may read, whole or not at all. */
#ifndef OUTFILE_H
#define OUTFILE_H

#include <bk/error.h>
#include <stdio.h>

/* Has PRINT print, with CTX, into a file that takes the place of PATH: beside it first, then
 * renamed. Not durable: it is made again and again. Fails with BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code outfile_put(const char *path, void (*print)(FILE *out, const void *ctx),
	const void *ctx, struct bk_error *err);

#endif
