/* keys.h - the options that say what opens a sealed log, which all commands and backup-fuse take,
 * and the keyring that they fill. */
#ifndef KEYS_H
#define KEYS_H

#include "secrets.h"
#include <bk/keyring.h>
#include <getopt.h>

/* Their names, ended by one without. */
extern const struct option keys_options[];
#define KEYS_OPTIONS 9

/* Takes OPTION, the letter of one of them, with its VALUE. False if it is none; else *CODE is
 * BK_E_INVALID, with a message, if the value is wrong. */
bool keys_take(int option, const char *value, enum bk_code *code, struct bk_error *err);

/* Where each comes from, as the command line has it. */
#define KEYS_FILES_MAX 8
struct keys_given {
	const char *files[KEYS_FILES_MAX];
	unsigned file_count;
	struct secret_from passphrase, words, seed_passphrase, secret;
	const char *hsm_secret;
};

extern struct keys_given keys_given;

/* The keyring of the program, which opens whatever log is opened; NULL: no memory. */
struct bk_keyring *keys_ring(void);
void keys_done(void);

/* Drops the words, and the passphrase of the seed; the keyring has what they give. */
void keys_forget_words(void);

/* What to say behind an error with BK_E_SEALED: a line. */
extern const char keys_hint[];

/* Fills the keyring with what was given: a log in the clear is refused then, since whoever can
 * write where it stands may have put it there. Once; further calls do nothing. Fails as what reads
 * it does. */
BK_MUST_CHECK enum bk_code keys_fill(struct bk_error *err);

/* Whether an option gave one. */
bool keys_are_given(void);

/* Parts of that, into RING: key files; a passphrase, a new one with IS_NEW; the seed, from what was
 * given, or from the file hsm_secret in DIR (NULL: from nowhere else). *HAS: there was one. */
BK_MUST_CHECK enum bk_code keys_add_files(struct bk_keyring *ring, struct bk_error *err);
BK_MUST_CHECK enum bk_code keys_add_passphrase(
	struct bk_keyring *ring, bool is_new, struct bk_error *err);
BK_MUST_CHECK enum bk_code keys_add_seed(
	struct bk_keyring *ring, const char *dir, bool *has, struct bk_error *err);

/* The log is the one that backup.lock in DIR names: adds the key file that it names, too, and from
 * then on takes no log that is in the clear for it. Fails as bk_keyring_add_file does. */
struct lockfile;
BK_MUST_CHECK enum bk_code keys_of_node(
	const char *dir, const struct lockfile *lock, struct bk_error *err);

/* The key file that was found so; NULL: none. */
const char *keys_node_file(void);

/* The same, of backup.lock in DIR. Fails as lockfile_read does, too. */
BK_MUST_CHECK enum bk_code keys_of_dir(const char *dir, struct bk_error *err);

/* The words that were given with --words, and their passphrase (a NULL text: none), for what is
 * made of them; kept until keys_done. NULL: none were given. */
const struct secret_text *keys_words(void);
const struct secret_text *keys_seed_passphrase(void);

#endif
