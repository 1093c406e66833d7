/* tempdir.c - directories of a test's own, and small files in them. */
#include "tempdir.h"
#include "textfile.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHARED_MEMORY "/dev/shm"
#define PATHS_AT_ONCE 16
#define COPY_BYTES    ((size_t)1 << 20)

enum bk_code tempdir_make_in(struct tempdir *dir, const char *base, struct bk_error *err)
{
	snprintf(dir->path, sizeof dir->path, "%s/bk-test-XXXXXX", base);
	if (!mkdtemp(dir->path))
		return bk_fail(err, BK_E_IO, errno, "cannot make %s", dir->path);
	return BK_OK;
}

enum bk_code tempdir_make(struct tempdir *dir, struct bk_error *err)
{
	const char *base = getenv("TMPDIR");

	return tempdir_make_in(dir, base && *base ? base : "/tmp", err);
}

enum bk_code tempdir_make_fast(struct tempdir *dir, struct bk_error *err)
{
	return access(SHARED_MEMORY, W_OK) == 0 ? tempdir_make_in(dir, SHARED_MEMORY, err)
						: tempdir_make(dir, err);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	remove(path);
	return 0;
}

/* In a directory that was copied from a mount nothing can be removed, as it is. */
static int open_up(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)walk;
	if (kind == FTW_D && (st->st_mode & 0700) != 0700)
		chmod(path, 0700);
	return 0;
}

void tempdir_remove(struct tempdir *dir)
{
	const int descriptors = 16;

	if (getenv("BK_KEEP")) {
		fprintf(stderr, "kept: %s\n", dir->path);
	} else if (*dir->path) {
		nftw(dir->path, open_up, descriptors, FTW_PHYS | FTW_MOUNT);
		nftw(dir->path, remove_one, descriptors, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	}
	*dir->path = '\0';
}

const char *tempdir_path(const struct tempdir *dir, const char *name)
{
	static _Thread_local char paths[PATHS_AT_ONCE][PATH_MAX];
	static _Thread_local unsigned next;
	char *path = paths[next++ % PATHS_AT_ONCE];

	/* A path that is too long is cut, and whoever opens it says so. */
	if (snprintf(path, PATH_MAX, "%s/%s", dir->path, name) >= PATH_MAX)
		path[PATH_MAX - 1] = '\0';
	return path;
}

enum bk_code file_put(const char *path, const char *text, struct bk_error *err)
{
	FILE *file = fopen(path, "we");
	bool good = file && fputs(text, file) >= 0;

	if (file && fclose(file) != 0)
		good = false;
	return good ? BK_OK : bk_fail(err, BK_E_IO, errno, "cannot write %s", path);
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

size_t file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

enum bk_code file_copy(const char *from, const char *to, struct bk_error *err)
{
	struct textfile *in;
	FILE *out = NULL;
	uint8_t *bytes = malloc(COPY_BYTES);
	size_t size = 1;
	enum bk_code code = bytes ? textfile_open(&in, from, err)
				  : bk_fail(err, BK_E_NOMEM, 0, "no memory to copy %s", from);

	if (code) {
		free(bytes);
		return code;
	}
	out = fopen(to, "we");
	if (!out)
		code = bk_fail(err, BK_E_IO, errno, "cannot write %s", to);
	while (!code && size) {
		code = textfile_read(in, bytes, COPY_BYTES, &size, err);
		if (!code && fwrite(bytes, 1, size, out) != size)
			code = bk_fail(err, BK_E_IO, errno, "cannot write %s", to);
	}
	if (out && fclose(out) != 0 && !code)
		code = bk_fail(err, BK_E_IO, errno, "cannot write %s", to);
	textfile_close(in);
	free(bytes);
	return code;
}
