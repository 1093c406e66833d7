/* owner_io.c - the I/O seam, each call done as root while we work as another user.
 *
 * Only calls that take a path need it. Reading, writing and syncing what is open asks nobody who we
 * are, and stays as it is. SQLite's files never come this way. One thread: the identity is the
 * process's. */
#include "owner_io.h"
#include "keys.h"
#include <stdlib.h>
#include <unistd.h>

static uid_t become_root(void)
{
	uid_t user = geteuid();

	if (seteuid(0) != 0)
		abort();
	return user;
}

static int go_back(uid_t user, int rc)
{
	if (seteuid(user) != 0)
		abort();
	return rc;
}

static const struct bk_io_ops *real(void)
{
	return bk_io_posix()->ops;
}

static int root_open(void *ctx, const char *path, enum bk_io_open how)
{
	uid_t user = become_root();

	return go_back(user, real()->open(ctx, path, how));
}

static int root_stat_path(void *ctx, const char *path, struct bk_io_stat *out)
{
	uid_t user = become_root();

	return go_back(user, real()->stat_path(ctx, path, out));
}

static int root_rename(void *ctx, const char *from, const char *to)
{
	uid_t user = become_root();

	return go_back(user, real()->rename(ctx, from, to));
}

static int root_rename_new(void *ctx, const char *from, const char *to)
{
	uid_t user = become_root();

	return go_back(user, real()->rename_new(ctx, from, to));
}

static int root_unlink(void *ctx, const char *path)
{
	uid_t user = become_root();

	return go_back(user, real()->unlink(ctx, path));
}

static int root_sync_dir(void *ctx, const char *dir)
{
	uid_t user = become_root();

	return go_back(user, real()->sync_dir(ctx, dir));
}

const struct bk_io *owner_io_root(void)
{
	static struct bk_io_ops ops;
	static struct bk_io io = {.ops = &ops};

	io.keys = keys_ring();
	ops = *real();
	ops.open = root_open;
	ops.stat_path = root_stat_path;
	ops.rename = root_rename;
	ops.rename_new = root_rename_new;
	ops.unlink = root_unlink;
	ops.sync_dir = root_sync_dir;
	return &io;
}
