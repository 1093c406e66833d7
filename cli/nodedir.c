/* nodedir.c - the lightning directory: what backup.lock in it names. */
#include "nodedir.h"
#include <bk/dest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum bk_code nodedir_path(char **out, const char *dir, const char *name, struct bk_error *err)
{
	int rc = *name == '/' ? asprintf(out, "%s", name) : asprintf(out, "%s/%s", dir, name);

	if (rc < 0) {
		*out = NULL;
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	}
	return BK_OK;
}

enum bk_code nodedir_log(
	char **path, const char *dir, const struct lockfile *lockfile, struct bk_error *err)
{
	char *named;
	enum bk_code code = bk_dest_path(&named, lockfile->backend_url, err);

	if (code)
		return code;
	code = nodedir_path(path, dir, named, err);
	free(named);
	return code;
}

/* The same for the file that LOCK_PATH is. */
static enum bk_code url_in(char **url, const char *dir, const char *lock_path, struct bk_error *err)
{
	struct lockfile lockfile;
	char *path;
	enum bk_code code = lockfile_read(&lockfile, bk_io_posix(), lock_path, err);

	if (code)
		return code;
	code = nodedir_log(&path, dir, &lockfile, err);
	lockfile_done(&lockfile);
	if (code)
		return code;
	code = bk_dest_url(url, path, err);
	free(path);
	return code;
}

enum bk_code nodedir_url(char **url, const char *dir, struct bk_error *err)
{
	char *lock_path;
	enum bk_code code = nodedir_path(&lock_path, dir, LOCKFILE_NAME, err);

	if (code)
		return code;
	code = url_in(url, dir, lock_path, err);
	free(lock_path);
	if (code == BK_E_INVALID) /* the file is wrong, not what the user gave */
		err->code = code = BK_E_FORMAT;
	return code;
}

bool nodedir_same_file(const char *a, const char *b)
{
	struct stat left, right;
	bool has_left = stat(a, &left) == 0, has_right = stat(b, &right) == 0;

	if (has_left && has_right)
		return left.st_dev == right.st_dev && left.st_ino == right.st_ino;
	return has_left == has_right && strcmp(a, b) == 0;
}

bool nodedir_names(const struct bk_io *io, const char *dir, const char *log_path)
{
	struct lockfile lockfile;
	struct bk_error ignored;
	char *lock_path, *named;
	bool names = false;

	if (nodedir_path(&lock_path, dir, LOCKFILE_NAME, &ignored))
		return false;
	if (lockfile_read(&lockfile, io, lock_path, &ignored) == BK_OK) {
		if (nodedir_log(&named, dir, &lockfile, &ignored) == BK_OK) {
			names = nodedir_same_file(named, log_path);
			free(named);
		}
		lockfile_done(&lockfile);
	}
	free(lock_path);
	return names;
}
