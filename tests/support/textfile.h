/* textfile.h - reading a file, plain or zstd-compressed (.zst), in bounded memory. */
#ifndef TEXTFILE_H
#define TEXTFILE_H

#include <bk/buf.h>

struct textfile;

/* PATH is borrowed until textfile_close. Fails with BK_E_MISSING, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code textfile_open(
	struct textfile **out, const char *path, struct bk_error *err);
void textfile_close(struct textfile *file); /* takes NULL */

/* Reads up to SIZE bytes; *DONE is 0 only at the end. Fails with BK_E_IO, BK_E_DAMAGE. */
BK_MUST_CHECK enum bk_code textfile_read(
	struct textfile *file, void *dst, size_t size, size_t *done, struct bk_error *err);

/* The next line, without its end, valid until the next call; *MORE is false at the end of the
 * file. Fails with BK_E_LIMIT for a line over LINE_BYTES_MAX, and as textfile_read does. */
#define LINE_BYTES_MAX ((size_t)1 << 30)
BK_MUST_CHECK enum bk_code textfile_line(
	struct textfile *file, struct bk_slice *line, bool *more, struct bk_error *err);

#endif
