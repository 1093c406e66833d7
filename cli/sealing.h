/* sealing.h - whom a log is sealed for, as a command line names them: what init, key add and
 * compact share. */
#ifndef SEALING_H
#define SEALING_H

#include "keys.h"
#include <bk/io.h>
#include <bk/log.h>
#include <bk/seal.h>

#define HELP_KINDS                                                                                 \
	"  seed          the node's seed: its twelve words open the log. It is read from\n"        \
	"                DIR/hsm_secret, or as --words, --hsm-secret FILE, --secret-fd N\n"        \
	"                say\n"                                                                    \
	"  passphrase    asked for, or from --passphrase-fd N\n"                                   \
	"  age:RECIPIENT whoever has age's identity of age1...\n"                                  \
	"  key-file      the key file beside backup.lock alone, which is always made\n"

/* Adds to RING whom KIND, such as "seed" or "age:age1...", names; the node is that of DIR (NULL:
 * none). Fails with BK_E_INVALID, BK_E_MISSING where there is no seed, and as what reads it does.
 */
BK_MUST_CHECK enum bk_code sealing_add(
	struct bk_keyring *ring, const char *kind, const char *dir, struct bk_error *err);

/* The same, to the program's keyring, of all COUNT KINDS for a log that is in the clear so far:
 * what was given on the command line is on it already, and is not read a second time. */
BK_MUST_CHECK enum bk_code sealing_add_all(
	const char *const *kinds, unsigned count, const char *dir, struct bk_error *err);

/* The key file of a node: beside backup.lock. */
struct keyfile {
	char *path;   /* owned */
	bool is_made; /* by us, just now */
};

/* Finds DIR's, or makes it, through IO. Fails with BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code keyfile_begin(
	struct keyfile *file, const struct bk_io *io, const char *dir, struct bk_error *err);

/* Takes it away again, if we made it. */
void keyfile_undo(const struct keyfile *file, const struct bk_io *io);
void keyfile_done(struct keyfile *file);

/* Sees to it that FILE opens the log at PATH, which IO's keyring opens: adds a slot for it if it
 * does not. Fails as bk_log_open, bk_writer_open and bk_writer_add_slots do. */
BK_MUST_CHECK enum bk_code keyfile_fit(
	const struct keyfile *file, const struct bk_io *io, const char *path, struct bk_error *err);

#endif
