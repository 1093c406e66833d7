/* mountpoint.c - whether a mount may go where it was asked to. */
#include "mountpoint.h"
#include <bk/path.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

/* A mountpoint as a word of the commands that messages give. */
#define WORD_MAX 256

static enum bk_code check_directory(const char *mountpoint, struct bk_error *err)
{
	char word[WORD_MAX];
	struct stat st;
	int rc;

	if (stat(mountpoint, &st) == 0)
		return S_ISDIR(st.st_mode)
			       ? BK_OK
			       : bk_fail(err, BK_E_INVALID, 0, "the mountpoint %s is no directory",
					 mountpoint);
	rc = errno;
	bk_path_word(word, sizeof word, mountpoint, "MOUNTPOINT");
	if (rc == ENOTCONN)
		return bk_fail(err, BK_E_BUSY, ENOTCONN,
			"%s is still the mountpoint of a mount whose program is gone: clear it "
			"with "
			"fusermount3 -uz %s and mount again",
			mountpoint, word);
	if (rc == ENOENT)
		return bk_fail(err, BK_E_MISSING, 0,
			"there is no directory %s to mount on: make it with mkdir -p %s",
			mountpoint, word);
	return bk_fail(err, BK_E_IO, rc, "cannot look at the mountpoint %s", mountpoint);
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
	char line[2 * PATH_MAX], word[WORD_MAX];

	if (!mounts)
		return BK_OK; /* no /proc: nothing to tell it by */
	while (!code && getmntent_r(mounts, &entry, line, sizeof line))
		if (strcmp(entry.mnt_type, "fuse." MOUNT_SUBTYPE) == 0 &&
			is_at_or_in(place, entry.mnt_dir)) {
			bk_path_word(word, sizeof word, entry.mnt_dir, "MOUNTPOINT");
			code = bk_fail(err, BK_E_BUSY, 0,
				"the backup %s is mounted on %s already: unmount it with "
				"fusermount3 -u %s, or name another directory",
				entry.mnt_fsname, entry.mnt_dir, word);
		}
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

/* Counts what is in the directory PLACE; EMPTY is the name of a file without content in it, if all
 * that is there are such files. */
static bool look_into(const char *place, size_t *count, char *empty)
{
	DIR *entries = opendir(place);
	const struct dirent *entry;
	bool all_empty = true;

	*count = 0;
	if (!entries)
		return false;
	while ((entry = readdir(entries))) {
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		++*count;
		all_empty &=
			fstatat(dirfd(entries), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode) && !st.st_size;
		snprintf(empty, NAME_MAX + 1, "%s", entry->d_name);
	}
	closedir(entries);
	return all_empty;
}

/* What is in the directory would be hidden. SQLite makes an empty file where it is told to open one
 * that is not there, as in a mountpoint without its mount. */
static enum bk_code check_empty(const char *place, struct bk_error *err)
{
	char name[NAME_MAX + 1];
	bool all_empty;
	size_t count;

	all_empty = look_into(place, &count, name);
	if (!count)
		return BK_OK;
	if (all_empty)
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s holds the empty file %s, as sqlite3 makes one where nothing is "
			"mounted: who asked it there got no answer of the backup's. Remove it, or "
			"mount with -o nonempty",
			place, name);
	return bk_fail(err, BK_E_UNSAFE, 0,
		"%s is not empty: the mount would hide what is in it, such as %s. Name another "
		"directory, or mount with -o nonempty",
		place, name);
}

enum bk_code mountpoint_check_order(
	const char *log_path, const char *mountpoint, struct bk_error *err)
{
	struct stat log, mount;

	if (stat(log_path, &log) || stat(mountpoint, &mount))
		return BK_OK;
	if (S_ISDIR(log.st_mode))
		return bk_fail(err, BK_E_INVALID, 0,
			S_ISDIR(mount.st_mode)
				? "%s is a directory: name the log in it"
				: "%s is a directory, and %s a file: the log comes first, and the "
				  "directory to mount on behind it",
			log_path, mountpoint);
	return BK_OK;
}

enum bk_code mountpoint_check(char **resolved, const char *mountpoint, const char *log_path,
	bool nonempty, struct bk_error *err)
{
	enum bk_code code = check_directory(mountpoint, err);
	char *place;

	if (code)
		return code;
	place = realpath(mountpoint, NULL);
	if (!place)
		return bk_fail(err, BK_E_IO, errno, "cannot resolve %s", mountpoint);
	code = check_free(place, err);
	if (!code && log_path)
		code = check_folders(place, log_path, err);
	if (!code && !nonempty)
		code = check_empty(place, err);
	if (code)
		free(place);
	else
		*resolved = place;
	return code;
}
