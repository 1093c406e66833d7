/* mountpoint.c - whether a mount may go where it was asked to. */
#include "mountpoint.h"
#include <bk/path.h>
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More links than this lead in a circle. */
#define LINKS_MAX 40

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

/* Beside a link there may be a mountpoint, if only the link is not hidden. */
static enum bk_code check_apart(
	const char *mountpoint, const char *folder, bool is_links, struct bk_error *err)
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
	if (!is_links && lies_in(mountpoint, &log_dir))
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s lies in the log's folder %s: whatever copies that folder would copy "
			"every "
			"version in it; name another directory",
			mountpoint, folder);
	return BK_OK;
}

/* Whether PLACE is the root of the mount at DIR, or lies in it. */
static bool is_at_or_in(const char *place, const char *dir)
{
	size_t length = strlen(dir);

	return strncmp(place, dir, length) == 0 && (!place[length] || place[length] == '/');
}

/* Where a backup is mounted, another mount would hide it, and be taken for it when it is to go. */
static enum bk_code check_free(const char *place, struct bk_error *err)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	enum bk_code code = BK_OK;
	struct mntent entry;
	char line[2 * PATH_MAX];

	if (!mounts)
		return BK_OK; /* no /proc: nothing to tell it by */
	while (!code && getmntent_r(mounts, &entry, line, sizeof line))
		if (strcmp(entry.mnt_type, "fuse." MOUNT_SUBTYPE) == 0 &&
			is_at_or_in(place, entry.mnt_dir))
			code = bk_fail(err, BK_E_BUSY, 0,
				"the backup %s is mounted on %s already: unmount it with "
				"fusermount3 -u %s, or name another directory",
				entry.mnt_fsname, entry.mnt_dir, entry.mnt_dir);
	endmntent(mounts);
	return code;
}

/* Goes from PATH, if it is a link, to where it leads, which the caller frees; NULL if it is none.
 */
static char *follow_link(const char *path, const char *folder)
{
	char target[PATH_MAX], *next;
	ssize_t n = readlink(path, target, sizeof target - 1);

	if (n < 0)
		return NULL;
	target[n] = '\0';
	if (*target == '/')
		return strdup(target);
	return asprintf(&next, "%s/%s", folder, target) < 0 ? NULL : next;
}

/* The real path of the folder that the name PATH stands in; the caller frees it. */
static char *folder_of(const char *path)
{
	char *given = bk_path_directory(path);
	char *folder = given ? realpath(given, NULL) : NULL;

	free(given);
	return folder;
}

/* Checks PLACE against the folder of the log, and before it those of the links that lead there: the
 * log is followed by its path. */
static enum bk_code check_folders(const char *place, const char *log_path, struct bk_error *err)
{
	char *path = strdup(log_path);
	enum bk_code code = BK_OK;

	for (int i = 0; path && i < LINKS_MAX && !code; i++) {
		char *folder = folder_of(path), *next = NULL;

		if (folder) {
			next = follow_link(path, folder);
			code = check_apart(place, folder, next != NULL, err);
		} else {
			code = bk_fail(err, BK_E_IO, errno, "cannot resolve %s", path);
		}
		free(folder);
		free(path);
		path = next;
	}
	free(path);
	return code;
}

enum bk_code mountpoint_check(
	char **resolved, const char *mountpoint, const char *log_path, struct bk_error *err)
{
	enum bk_code code = check_directory(mountpoint, err);
	char *place;

	if (code)
		return code;
	place = realpath(mountpoint, NULL);
	if (!place)
		return bk_fail(err, BK_E_IO, errno, "cannot resolve %s", mountpoint);
	code = check_free(place, err);
	if (!code)
		code = check_folders(place, log_path, err);
	if (code)
		free(place);
	else
		*resolved = place;
	return code;
}
