/* restore_dest.c - where goes what restore writes. */
#include "restore_dest.h"
#include "nodedir.h"
#include "owner.h"
#include <bk/path.h>
#include <bk/remote.h>
#include <bk/writer.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum bk_code restore_dest_enter(const char *dest, struct bk_error *err)
{
	struct stat st;
	char *dir;
	enum bk_code code;

	if (stat(dest, &st) == 0 && S_ISDIR(st.st_mode))
		return owner_enter(dest, err);
	dir = bk_path_directory(dest);
	if (!dir)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	code = owner_enter(dir, err);
	free(dir);
	return code;
}

static bool is_empty_dir(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	bool is_empty = dir != NULL;

	while (is_empty && (entry = readdir(dir)))
		is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (dir)
		closedir(dir);
	return is_empty;
}

enum bk_code restore_dest_copy(char **copy, struct bk_log *log, const struct bk_io *io,
	const char *dest, uint32_t version, struct bk_error *err)
{
	struct bk_error held;

	*copy = NULL;
	if (!is_empty_dir(dest) || bk_remote_is(bk_log_path(log)) ||
		bk_writer_check_free(io, bk_log_path(log), &held) != BK_E_BUSY)
		return BK_OK;
	if (asprintf(copy, "%s/version-%u.sqlite3", dest, version) < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	return BK_OK;
}

enum bk_code restore_dest_secret(char **path, const char *dest, struct bk_error *err)
{
	struct stat st;
	bool is_dir = stat(dest, &st) == 0 && S_ISDIR(st.st_mode);
	char *dir = is_dir ? strdup(dest) : bk_path_directory(dest);
	enum bk_code code = dir ? nodedir_path(path, dir, "hsm_secret", err)
				: bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");

	free(dir);
	if (code || lstat(*path, &st) != 0)
		return code;
	bk_fail(err, BK_E_EXISTS, 0, "%s is there: restore without --with-hsm-secret", *path);
	free(*path);
	return BK_E_EXISTS;
}
