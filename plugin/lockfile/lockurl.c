/* lockurl.c - the log that a lightning directory has. */
#include "lockurl.h"
#include <bk/dest.h>
#include <bk/net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum bk_code join(char **out, const char *dir, const char *name, struct bk_error *err)
{
	int rc = *name == '/' ? asprintf(out, "%s", name) : asprintf(out, "%s/%s", dir, name);

	return rc < 0 ? bk_fail(err, BK_E_NOMEM, 0, "no memory for a path") : BK_OK;
}

enum bk_code lockfile_path(char **path, const struct lockfile *lockfile, struct bk_error *err)
{
	struct bk_socket_url url;
	enum bk_code code;

	if (!bk_socket_url_is(lockfile->backend_url))
		return bk_dest_path(path, lockfile->backend_url, err);
	code = bk_socket_url_parse(&url, lockfile->backend_url, err);
	if (code)
		return code;
	*path = strdup(LOCKFILE_PRIMARY);
	return *path ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
}

enum bk_code lockfile_log(
	char **path, const char *dir, const struct lockfile *lockfile, struct bk_error *err)
{
	char *named;
	enum bk_code code = lockfile_path(&named, lockfile, err);

	if (code)
		return code;
	code = join(path, dir, named, err);
	free(named);
	return code;
}

/* What backup.lock in DIR names, as a path. */
static enum bk_code find_log(
	char **path, const struct bk_io *io, const char *dir, struct bk_error *err)
{
	struct lockfile lockfile;
	char *lock_path;
	enum bk_code code = join(&lock_path, dir, LOCKFILE_NAME, err);

	if (code)
		return code;
	code = lockfile_read(&lockfile, io, lock_path, err);
	free(lock_path);
	if (code)
		return code;
	code = lockfile_log(path, dir, &lockfile, err);
	lockfile_done(&lockfile);
	return code;
}

enum bk_code lockfile_url(char **url, const struct bk_io *io, const char *dir, struct bk_error *err)
{
	char *path;
	enum bk_code code = find_log(&path, io, dir, err);

	/* The file is wrong, not what somebody gave us. */
	if (code == BK_E_INVALID)
		err->code = code = BK_E_FORMAT;
	if (code)
		return code;
	code = bk_dest_url(url, path, err);
	free(path);
	return code;
}
