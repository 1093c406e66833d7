/* lockio.c - how the log that a lightning directory has is read. */
#include "lockio.h"
#include "lockfile.h"
#include <bk/keyring.h>
#include <stdio.h>
#include <stdlib.h>

static char *join(const char *dir, const char *name)
{
	char *path;
	int rc = *name == '/' ? asprintf(&path, "%s", name) : asprintf(&path, "%s/%s", dir, name);

	return rc < 0 ? NULL : path;
}

static void add_key(struct bk_io *io, const char *dir, const char *name)
{
	char *path = join(dir, name);
	struct bk_error ignored;

	bk_keyring_want_sealed(io->keys, true);
	if (path)
		(void)!bk_keyring_add_file(io->keys, io, path, &ignored);
	free(path);
}

void lockio(struct bk_io *io, const char *dir)
{
	char *path = join(dir, LOCKFILE_NAME);
	struct lockfile lock;
	struct bk_error ignored;

	*io = *bk_io_posix();
	if (bk_keyring_new(&io->keys, &ignored))
		io->keys = NULL;
	if (path && io->keys && !lockfile_read(&lock, io, path, &ignored)) {
		if (lock.key_file)
			add_key(io, dir, lock.key_file);
		lockfile_done(&lock);
	}
	free(path);
}

void lockio_done(struct bk_io *io)
{
	bk_keyring_free(io->keys);
	io->keys = NULL;
}
