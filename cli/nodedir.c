/* nodedir.c - the lightning directory: what backup.lock in it names, and who owns it. */
#include "nodedir.h"
#include "common.h"
#include <bk/dest.h>
#include <bk/path.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

bool nodedir_same_file(const char *a, const char *b)
{
	struct stat left, right;
	bool has_left = stat(a, &left) == 0, has_right = stat(b, &right) == 0;

	if (has_left && has_right)
		return left.st_dev == right.st_dev && left.st_ino == right.st_ino;
	return has_left == has_right && strcmp(a, b) == 0;
}

bool nodedir_names(const char *dir, const char *log_path)
{
	struct lockfile lockfile;
	struct bk_error ignored;
	char *lock_path, *named;
	bool names = false;

	if (nodedir_path(&lock_path, dir, LOCKFILE_NAME, &ignored))
		return false;
	if (lockfile_read(&lockfile, bk_io_posix(), lock_path, &ignored) == BK_OK) {
		if (nodedir_log(&named, dir, &lockfile, &ignored) == BK_OK) {
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

/* Whether root works here for the other user who owns DIR. */
static bool is_for_other(const char *dir, struct stat *owner)
{
	return geteuid() == 0 && stat(dir, owner) == 0 && owner->st_uid != 0;
}

static void warn(const struct stat *owner, const char *path)
{
	struct word word;

	fflush(stdout);
	fprintf(stderr,
		"Warning: %s does not belong to the user that owns the lightning directory, so "
		"lightningd cannot use it. Run: chown %u:%u %s\n",
		path, (unsigned)owner->st_uid, (unsigned)owner->st_gid, word_of(&word, path));
}

void nodedir_give(const char *dir, const char *path)
{
	struct stat owner, st;
	int fd;

	if (!is_for_other(dir, &owner))
		return;
	/* That user can write in the directory: what stands there now may be a link of theirs to a
	 * file that they are not to have. */
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
		fchown(fd, owner.st_uid, owner.st_gid) != 0)
		warn(&owner, path);
	if (fd >= 0)
		close(fd);
}

void nodedir_warn_owner(const char *dir, const char *path)
{
	struct stat owner, st;

	if (is_for_other(dir, &owner) && stat(path, &st) == 0 && st.st_uid != owner.st_uid)
		warn(&owner, path);
}
