/* import.h - a log made of what the older plugin wrote: its changes and snapshots, in their order.
 *
 * Each change is replayed as it comes. What is wrong with the records is mended where there is one
 * way to do it (docs/older.md), and told as a note: a change that another of the same version
 * follows was struck out; a blank is put in where nodes of then left it out. What cannot be
 * replayed, or does not follow, is left out, with all up to the next snapshot.
 *
 * Calling sequence: bk_import_begin; any bk_import_change and snapshots (bk_import_snapshot_begin,
 * bk_import_snapshot_write, bk_import_snapshot_end); bk_import_finish or bk_import_abort.
 *
 * Invariants: the log appears at its path whole, proven and durable, or not at all. It is written
 * as PATH.importing, without a sync before the last.
 *
 * Threads: one at a time. */
#ifndef BK_IMPORT_H
#define BK_IMPORT_H

#include <bk/error.h>
#include <bk/io.h>
#include <bk/note.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bk_import;

/* What was mended or left out; WHAT is one line, for the time of the call. */
typedef void bk_import_note_fn(void *ctx, const char *what);

/* Zeros mean the defaults. */
struct bk_import_options {
	const char *program;     /* as in struct bk_writer_options */
	bk_import_note_fn *note; /* may be NULL */
	void *ctx;
};

struct bk_import_result {
	uint32_t version; /* the head */
	bool is_empty;    /* there was nothing in it */
	uint64_t changes; /* that stand */
	uint64_t snapshots;
	uint64_t struck;  /* changes that were never committed */
	uint64_t blanks;  /* that were put in */
	uint64_t lacking; /* records that had to be left out; 0: the log has all */
	uint64_t bytes;   /* of the log */
};

/* IO is borrowed, and made use of for the changes' times too. A file that an interrupted import
 * left is removed. Fails with BK_E_EXISTS if something stands at PATH, BK_E_BUSY, BK_E_IO,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_import_begin(struct bk_import **out, const struct bk_io *io,
	const char *path, const struct bk_import_options *options, struct bk_error *err);

/* Where it is written, until it has its name. */
const char *bk_import_temp(const struct bk_import *import);

/* Takes a change: SIZE bytes of PAYLOAD, its statements with a zero byte between two of them. Fails
 * with BK_E_LIMIT, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_import_change(struct bk_import *import, uint32_t version,
	const void *payload, size_t size, struct bk_error *err);

/* Takes a snapshot, the bytes of a database file, piece by piece. Fail with BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_import_snapshot_begin(
	struct bk_import *import, uint32_t version, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_import_snapshot_write(
	struct bk_import *import, const void *data, size_t size, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_import_snapshot_end(struct bk_import *import, struct bk_error *err);

/* So many records were met that cannot be taken. */
void bk_import_lack(struct bk_import *import, uint64_t records);

/* Checks that the head can be restored, makes the log durable, and gives it its name. Ends IMPORT,
 * also on failure. Fails with BK_E_DAMAGE if there were records and nothing can be rebuilt of them,
 * BK_E_EXISTS, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_import_finish(
	struct bk_import *import, struct bk_import_result *result, struct bk_error *err);

/* Ends IMPORT, and leaves nothing behind. Takes NULL. */
void bk_import_abort(struct bk_import *import);

#endif
