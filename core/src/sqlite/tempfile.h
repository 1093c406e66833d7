/* tempfile.h - SQLite's temporary files behind the seam, and what they have in common with its
 * database.
 *
 * A temporary file is made at its first write, and draws on a budget. */
#ifndef BK_TEMPFILE_H
#define BK_TEMPFILE_H

#include <bk/spill.h>
#include <sqlite3.h>

struct budget;

struct temp_file {
	sqlite3_file base;
	const struct bk_io *io;
	const char *spill_dir;
	struct budget *budget;  /* may be NULL */
	struct bk_error *error; /* where the first failure is kept */
	struct bk_spill *spill; /* NULL at first */
	uint64_t size;
};

extern const sqlite3_io_methods bk_tempfile_methods;

/* Keeps ERR in *FIRST if it is the first. Returns SQLITE_CODE, or that there is no memory. */
int bk_tempfile_remember(struct bk_error *first, const struct bk_error *err, int sqlite_code);

/* What SQLite asks of any file. */
int bk_tempfile_nothing(sqlite3_file *file, int flags);
int bk_tempfile_no_reserved_lock(sqlite3_file *file, int *out);
int bk_tempfile_no_control(sqlite3_file *file, int op, void *arg);
int bk_tempfile_sector_size(sqlite3_file *file);
int bk_tempfile_characteristics(sqlite3_file *file);

#endif
