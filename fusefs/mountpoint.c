/* mountpoint.c - whether a mount may go where it was asked to. */
#include "mountpoint.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum bk_code check_directory(const char *mountpoint, struct bk_error *err)
{
	struct stat st;

	if (stat(mountpoint, &st) == 0)
		return S_ISDIR(st.st_mode)
			       ? BK_OK
			       : bk_fail(err, BK_E_INVALID, 0, "the mountpoint %s is no directory",
					 mountpoint);
	if (errno == ENOTCONN)
		return bk_fail(err, BK_E_BUSY, ENOTCONN,
			"%s is still the mountpoint of a mount whose program is gone: clear it "
			"with "
			"fusermount3 -uz %s and mount again",
			mountpoint, mountpoint);
	if (errno == ENOENT)
		return bk_fail(err, BK_E_MISSING, 0,
			"there is no directory %s to mount on: make it with mkdir -p %s",
			mountpoint, mountpoint);
	return bk_fail(err, BK_E_IO, errno, "cannot look at the mountpoint %s", mountpoint);
}

static bool is_same(const char *path, const struct stat *dir)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == dir->st_dev && st.st_ino == dir->st_ino;
}

/* Cuts the last name off the real path PATH; false at the root. */
static bool cut_name(char *path)
{
	char *slash = strrchr(path, '/');

	if (!path[1])
		return false;
	slash[slash == path] = '\0';
	return true;
}

/* Whether the real path PATH is DIR or lies in it, by any way there is to it. */
static bool lies_in(const char *path, const struct stat *dir)
{
	char *at = strdup(path);
	bool found = !at; /* without memory, better not */

	while (!found) {
		found = is_same(at, dir);
		if (!cut_name(at))
			break;
	}
	free(at);
	return found;
}

static enum bk_code check_apart(const char *mountpoint, const char *folder, struct bk_error *err)
{
	struct stat mount_dir, log_dir;

	if (stat(mountpoint, &mount_dir) || stat(folder, &log_dir))
		return bk_fail(err, BK_E_IO, errno, "cannot look at %s and %s", mountpoint, folder);
	if (is_same(mountpoint, &log_dir))
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s is the log's own folder: the mount would hide the log; name another "
			"directory",
			mountpoint);
	if (lies_in(folder, &mount_dir))
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s holds the log's folder %s: the mount would hide the log; name another "
			"directory",
			mountpoint, folder);
	if (lies_in(mountpoint, &log_dir))
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s lies in the log's folder %s: whatever copies that folder would copy "
			"every "
			"version in it; name another directory",
			mountpoint, folder);
	return BK_OK;
}

enum bk_code mountpoint_check(
	char **resolved, const char *mountpoint, const char *log_path, struct bk_error *err)
{
	enum bk_code code = check_directory(mountpoint, err);
	char *place, *folder;

	if (code)
		return code;
	place = realpath(mountpoint, NULL);
	folder = realpath(log_path, NULL);
	if (!place || !folder) {
		code = bk_fail(
			err, BK_E_IO, errno, "cannot resolve %s and %s", mountpoint, log_path);
	} else {
		cut_name(folder);
		code = check_apart(place, folder, err);
	}
	free(folder);
	if (code)
		free(place);
	else
		*resolved = place;
	return code;
}
