/* newfile.h - a file that appears at its path whole and durable, or not at all.
 *
 * It is written under another name beside its path, locked; then synced, renamed without ever
 * replacing anything (unless it was opened with bk_newfile_open_over), and the directory synced.
 *
 * Calling sequence: bk_newfile_open or bk_newfile_open_over, writes to .file, bk_newfile_commit or
 * bk_newfile_abort. */
#ifndef BK_NEWFILE_H
#define BK_NEWFILE_H

#include "file.h"

struct newfile {
	const struct bk_io *io;
	struct file file;
	char *path, *temp; /* owned */
	bool replaces;
	bool is_synced; /* the caller has synced .file, and written nothing since */
};

/* SUFFIX makes the name it is written under. A file left behind there by one that was interrupted
 * is removed. Fails with BK_E_EXISTS if something stands at PATH, BK_E_BUSY if another program
 * is writing the same, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_newfile_open(struct newfile *nf, const struct bk_io *io,
	const char *path, const char *suffix, struct bk_error *err);

/* The same, to take the place of what stands at PATH, if anything does. */
BK_MUST_CHECK enum bk_code bk_newfile_open_over(struct newfile *nf, const struct bk_io *io,
	const char *path, const char *suffix, struct bk_error *err);

/* Both end NF. A failed commit leaves nothing behind; of one that was to replace, the old or the
 * new file stands at the path, whole. */
BK_MUST_CHECK enum bk_code bk_newfile_commit(struct newfile *nf, struct bk_error *err);
void bk_newfile_abort(struct newfile *nf);

/* Ends NF and leaves what was written under its other name, to be looked at. */
void bk_newfile_leave(struct newfile *nf);

#endif
