/* nodedir.c - the lightning directory: what backup.lock in it names. */
#include "nodedir.h"
#include "lockurl.h"
#include <bk/path.h>
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
		if (lockfile_log(&named, dir, &lockfile, &ignored) == BK_OK) {
			names = nodedir_same_file(named, log_path);
			free(named);
		}
		lockfile_done(&lockfile);
	}
	free(lock_path);
	return names;
}

/* Whether backup.lock in DIR names PATH as the node's database. */
static bool names_database(const char *dir, const char *path)
{
	struct lockfile lockfile;
	struct bk_error ignored;
	char *lock_path, *named;
	bool names = false;

	if (nodedir_path(&lock_path, dir, LOCKFILE_NAME, &ignored))
		return false;
	if (lockfile_read(&lockfile, bk_io_posix(), lock_path, &ignored) == BK_OK) {
		if (nodedir_path(&named, dir, lockfile.database, &ignored) == BK_OK) {
			names = nodedir_same_file(named, path);
			free(named);
		}
		lockfile_done(&lockfile);
	}
	free(lock_path);
	return names;
}

bool nodedir_is_database(const char *path)
{
	char *dir = bk_path_directory(path);
	bool is_it = dir && names_database(dir, path);

	free(dir);
	return is_it;
}
