/* keyring.h - what opens sealed logs, and whom new ones are sealed for (docs/format.md, 13).
 *
 * A keyring holds secrets, in memory that is locked, left out of core dumps and wiped: a node's
 * seed, passphrases, key files. A log that is opened through a struct bk_io which has a keyring
 * (bk/io.h) is opened by the first of them that fits one of its slots.
 *
 * Calling sequence: bk_keyring_new, any bk_keyring_add_*, bk_keyring_free, when no log is open any
 * more that was opened with it.
 *
 * Threads: adding from one; opening logs from any. */
#ifndef BK_KEYRING_H
#define BK_KEYRING_H

#include <bk/error.h>
#include <bk/io.h>
#include <stdbool.h>
#include <stddef.h>

struct bk_keyring;

BK_MUST_CHECK enum bk_code bk_keyring_new(struct bk_keyring **out, struct bk_error *err);
void bk_keyring_free(struct bk_keyring *ring); /* takes NULL */

/* Whether nothing was added. NULL is empty. */
bool bk_keyring_is_empty(const struct bk_keyring *ring);

/* From now on a log that is in the clear is refused, with BK_E_FORMAT: for who has been told that
 * it is sealed. Whoever can write where it stands could have put another in its place. */
void bk_keyring_want_sealed(struct bk_keyring *ring, bool is_wanted);

/* Adds the key file at PATH: one that bk_keyfile_make made, or any file of age's identities. Fails
 * with BK_E_MISSING, BK_E_FORMAT if there is none in it, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_keyring_add_file(
	struct bk_keyring *ring, const struct bk_io *io, const char *path, struct bk_error *err);

/* Adds a passphrase of SIZE bytes, borrowed for the call. Fails with BK_E_INVALID if it is empty,
 * BK_E_LIMIT, BK_E_NOMEM. */
#define BK_PASSPHRASE_MAX 1000 /* bytes */
BK_MUST_CHECK enum bk_code bk_keyring_add_passphrase(
	struct bk_keyring *ring, const char *text, size_t size, struct bk_error *err);

/* Adds the seed of a node, out of its words and their passphrase (NULL: none); out of its file
 * hsm_secret; or what `lightning-cli makesecret string="lightning-backup seal"` says, 64
 * hexadecimal digits. Fail with BK_E_INVALID, BK_E_FORMAT if the file is none, BK_E_SEALED if it is
 * under a passphrase, and another or none was given, BK_E_MISSING, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_keyring_add_words(struct bk_keyring *ring, const char *words,
	size_t size, const char *passphrase, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_keyring_add_hsm_secret(struct bk_keyring *ring,
	const struct bk_io *io, const char *path, const char *passphrase, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_keyring_add_secret(
	struct bk_keyring *ring, const char *digits, size_t size, struct bk_error *err);

/* Adds a recipient of age's, "age1…", whom new logs are sealed for; it opens none. Fails with
 * BK_E_INVALID, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_keyring_add_recipient(
	struct bk_keyring *ring, const char *recipient, struct bk_error *err);

/* Makes a key file at PATH, where none may stand, durable. Fails with BK_E_EXISTS, BK_E_IO,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_keyfile_make(
	const struct bk_io *io, const char *path, struct bk_error *err);

/* Makes the file hsm_secret of these words at PATH, where none may stand, as lightningd makes it.
 * Fails with BK_E_INVALID, BK_E_EXISTS, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_hsm_secret_make(const struct bk_io *io, const char *path,
	const char *words, size_t size, const char *passphrase, struct bk_error *err);

#endif
