/* lockkeys.h - the keys of backup.lock, read and written as a whole. */
#ifndef LOCKKEYS_H
#define LOCKKEYS_H

#include <bk/error.h>
#include <bk/io.h>
#include <cJSON.h>
#include <stddef.h>

/* Largest backup.lock that is read, in bytes. */
#define LOCKFILE_BYTES_MAX 65536

/* Sets *ROOT, which the caller deletes, to the object that TEXT is; NAME goes into messages. Fails
 * with BK_E_INVALID. */
BK_MUST_CHECK enum bk_code lockkeys_parse(
	cJSON **root, const char *text, size_t size, const char *name, struct bk_error *err);

/* The same of what stands at PATH; an empty object if nothing does. */
BK_MUST_CHECK enum bk_code lockkeys_read(
	cJSON **root, const struct bk_io *io, const char *path, struct bk_error *err);

/* Writes KEYS to PATH, with a line's end. */
BK_MUST_CHECK enum bk_code lockkeys_write(
	const cJSON *keys, const struct bk_io *io, const char *path, struct bk_error *err);

#endif
