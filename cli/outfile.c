/* outfile.c - what is printed put into a file that others may read. */
#include "outfile.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

static enum bk_code fail(const char *path, struct bk_error *err)
{
	return bk_fail(err, BK_E_IO, errno, "cannot write %s", path);
}

/* Prints into FD, which is closed. */
static enum bk_code put(int fd, const char *temp, void (*print)(FILE *out, const void *ctx),
	const void *ctx, struct bk_error *err)
{
	FILE *out = fdopen(fd, "w");
	bool failed;

	if (!out) {
		close(fd);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", temp);
	}
	print(out, ctx);
	failed = ferror(out);
	return fclose(out) != 0 || failed ? fail(temp, err) : BK_OK;
}

/* Makes a file beside PATH, which is ours alone: the directory may be another user's, who could
 * have put a link, a pipe, or a file of root's at a name that can be guessed. */
static enum bk_code make(int *fd, char **temp, const char *path, struct bk_error *err)
{
	uint64_t number;

	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		return fail(path, err);
	if (asprintf(temp, "%s.%016" PRIx64 ".new", path, number) < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	*fd = open(*temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (*fd >= 0)
		return BK_OK;
	fail(*temp, err);
	free(*temp);
	return err->code;
}

enum bk_code outfile_put(const char *path, void (*print)(FILE *out, const void *ctx),
	const void *ctx, struct bk_error *err)
{
	char *temp = NULL;
	int fd = -1;
	enum bk_code code = make(&fd, &temp, path, err);

	if (code)
		return code;
	code = put(fd, temp, print, ctx, err);
	if (!code && rename(temp, path) != 0)
		code = fail(path, err);
	if (code)
		unlink(temp);
	free(temp);
	return code;
}
