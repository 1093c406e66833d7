/* tempdir.h - directories of a test's own, and small files in them. */
#ifndef TEMPDIR_H
#define TEMPDIR_H

#include <bk/error.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct tempdir {
	char path[PATH_MAX];
};

/* Makes a directory that nobody else uses, under $TMPDIR or /tmp. Fails with BK_E_IO. */
BK_MUST_CHECK enum bk_code tempdir_make(struct tempdir *dir, struct bk_error *err);

/* The same under BASE. */
BK_MUST_CHECK enum bk_code tempdir_make_in(
	struct tempdir *dir, const char *base, struct bk_error *err);

/* The same in memory (/dev/shm), where the machine has that: for what writes much and need not
 * wait for a disk. */
BK_MUST_CHECK enum bk_code tempdir_make_fast(struct tempdir *dir, struct bk_error *err);

/* Removes it with all that is in it, unless BK_KEEP is set in the environment. */
void tempdir_remove(struct tempdir *dir);

/* The path of NAME in DIR; each call has its own of a few texts that are used in turn. */
const char *tempdir_path(const struct tempdir *dir, const char *name);

/* Writes TEXT as the file PATH, in place of what was there. Fails with BK_E_IO. */
BK_MUST_CHECK enum bk_code file_put(const char *path, const char *text, struct bk_error *err);

bool file_exists(const char *path);

/* Bytes of the file PATH; 0 if there is none. */
size_t file_size(const char *path);

/* Copies FROM to TO, which it makes or replaces; what ends in .zst is decompressed. Fails with
 * BK_E_IO. */
BK_MUST_CHECK enum bk_code file_copy(const char *from, const char *to, struct bk_error *err);

#endif
