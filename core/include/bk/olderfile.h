/* olderfile.h - reading the file of the older plugin, which was written in Python: a header of 512
 * bytes that was rewritten in place, then records (docs/older.md).
 *
 * Calling sequence: bk_olderfile_open, any bk_olderfile_next and bk_olderfile_read,
 * bk_olderfile_close.
 *
 * Invariants: what the header says is only told: nothing of that file was ever synced, and after
 * a rewind its offsets are wrong. The records follow each other from offset 512 on, up to the end
 * of the file.
 *
 * Threads: one at a time. */
#ifndef BK_OLDERFILE_H
#define BK_OLDERFILE_H

#include <bk/error.h>
#include <bk/io.h>
#include <stdbool.h>
#include <stdint.h>

struct bk_olderfile;

struct bk_older_record {
	bool is_snapshot; /* a whole database; else statements, a zero byte between two of them */
	uint32_t version;
	uint64_t offset; /* of its payload in the file */
	uint32_t size;   /* of the payload, bytes */
};

struct bk_olderfile_status {
	uint32_t version;    /* that the header names as the newest */
	uint64_t records;    /* that the header counts, those included that were struck out */
	uint64_t bytes;      /* of the file */
	uint64_t at;         /* where the next record begins */
	uint64_t torn_bytes; /* from AT on there is no whole record: so many bytes; 0: not met */
	int64_t changed;     /* as in struct bk_io_stat */
};

/* Whether the file at PATH can be read and begins as one of the older plugin does. */
bool bk_olderfile_is(const struct bk_io *io, const char *path);

/* Opens the file at PATH for reading. Fails with BK_E_MISSING, BK_E_FORMAT if it is none,
 * BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_olderfile_open(
	struct bk_olderfile **out, const struct bk_io *io, const char *path, struct bk_error *err);

void bk_olderfile_close(struct bk_olderfile *file); /* takes NULL */

void bk_olderfile_status(const struct bk_olderfile *file, struct bk_olderfile_status *out);

/* The next record. Where no whole one follows *MORE is false, and RECORD is not written: at the end
 * of the file, or where one was torn or is of no kind there is, which the status tells. Fails with
 * BK_E_IO. */
BK_MUST_CHECK enum bk_code bk_olderfile_next(struct bk_olderfile *file,
	struct bk_older_record *record, bool *more, struct bk_error *err);

/* Reads SIZE bytes of RECORD's payload, from OFFSET in it on, all of which must be there. Fails
 * with BK_E_IO. */
BK_MUST_CHECK enum bk_code bk_olderfile_read(const struct bk_olderfile *file,
	const struct bk_older_record *record, uint32_t offset, void *data, uint32_t size,
	struct bk_error *err);

#endif
