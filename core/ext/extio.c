/* extio.c - how the extension reads logs. */
#include "extio.h"
#include <bk/keyring.h>
#include <pthread.h>
#include <stdlib.h>

#define KEY_FILE "BACKUP_KEY_FILE"

static struct {
	pthread_mutex_t mutex;
	struct bk_io io; /* its ops are NULL until there is one */
} with_key = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static enum bk_code take_key(const char *path, struct bk_error *err)
{
	const struct bk_io *base = bk_io_posix();
	struct bk_keyring *keys = NULL;
	enum bk_code code = bk_keyring_new(&keys, err);

	/* As for backup-cli: who names a key has a sealed log in mind. */
	if (!code)
		bk_keyring_want_sealed(keys, true);
	if (!code)
		code = bk_keyring_add_file(keys, base, path, err);
	if (code) {
		bk_keyring_free(keys);
		return code;
	}
	with_key.io = *base;
	with_key.io.keys = keys;
	return BK_OK;
}

enum bk_code extio(const struct bk_io **io, struct bk_error *err)
{
	const char *path = getenv(KEY_FILE);
	enum bk_code code = BK_OK;

	*io = bk_io_posix();
	if (!path || !*path)
		return BK_OK;
	pthread_mutex_lock(&with_key.mutex);
	if (!with_key.io.ops)
		code = take_key(path, err);
	pthread_mutex_unlock(&with_key.mutex);
	*io = &with_key.io;
	return code;
}
