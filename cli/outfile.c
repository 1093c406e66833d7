/* outfile.c - what is printed put into a file that others may read. */
#include "outfile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define TEMP_SUFFIX ".new"

static enum bk_code fail(const char *path, struct bk_error *err)
{
	return bk_fail(err, BK_E_IO, errno, "cannot write %s", path);
}

static enum bk_code put(const char *temp, void (*print)(FILE *out, const void *ctx),
	const void *ctx, struct bk_error *err)
{
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	bool failed;

	if (!out) {
		enum bk_code code = fail(temp, err);

		if (fd >= 0)
			close(fd);
		return code;
	}
	print(out, ctx);
	failed = ferror(out);
	return fclose(out) != 0 || failed ? fail(temp, err) : BK_OK;
}

enum bk_code outfile_put(const char *path, void (*print)(FILE *out, const void *ctx),
	const void *ctx, struct bk_error *err)
{
	enum bk_code code;
	char *temp;

	if (asprintf(&temp, "%s" TEMP_SUFFIX, path) < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	code = put(temp, print, ctx, err);
	if (!code && rename(temp, path) != 0)
		code = fail(path, err);
	if (code)
		unlink(temp);
	free(temp);
	return code;
}
