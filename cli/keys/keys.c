/* keys.c - what opens a sealed log. */
#include "keys.h"
#include "lockfile.h"
#include "nodedir.h"
#include <bk/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FD_MAX 65535

/* Letters that no command has. */
enum {
	KEY_FILE = 1000,
	KEY_PASSPHRASE,
	KEY_PASSPHRASE_FD,
	KEY_WORDS,
	KEY_WORDS_FD,
	KEY_SEED_PASSPHRASE,
	KEY_SEED_PASSPHRASE_FD,
	KEY_HSM_SECRET,
	KEY_SECRET_FD,
};

const struct option keys_options[] = {{"key-file", required_argument, NULL, KEY_FILE},
	{"passphrase", no_argument, NULL, KEY_PASSPHRASE},
	{"passphrase-fd", required_argument, NULL, KEY_PASSPHRASE_FD},
	{"words", no_argument, NULL, KEY_WORDS},
	{"words-fd", required_argument, NULL, KEY_WORDS_FD},
	{"seed-passphrase", no_argument, NULL, KEY_SEED_PASSPHRASE},
	{"seed-passphrase-fd", required_argument, NULL, KEY_SEED_PASSPHRASE_FD},
	{"hsm-secret", required_argument, NULL, KEY_HSM_SECRET},
	{"secret-fd", required_argument, NULL, KEY_SECRET_FD}, {NULL, 0, NULL, 0}};

const char keys_hint[] =
	"Give what opens it: --key-file FILE, --passphrase, --words or --hsm-secret FILE; "
	"backup-cli key --help tells more.";

struct keys_given keys_given;

static struct {
	struct bk_keyring *ring;
	struct secret_text words, seed_passphrase;
	char *node_file; /* that backup.lock names, and which was read: its real path */
	bool is_filled;
} keys;

static enum bk_code take_from(struct secret_from *from, const char *fd, struct bk_error *err)
{
	char *end = NULL;
	long number = fd ? strtol(fd, &end, 10) : -1;

	if (fd && (*fd < '0' || *fd > '9' || *end || number > FD_MAX))
		return bk_fail(err, BK_E_INVALID, 0, "\"%s\" is no number of a descriptor", fd);
	*from = (struct secret_from){.is_wanted = true, .fd = (int)number};
	return BK_OK;
}

static enum bk_code take_file(const char *path, struct bk_error *err)
{
	if (keys_given.file_count == KEYS_FILES_MAX)
		return bk_fail(err, BK_E_INVALID, 0, "at most %d key files", KEYS_FILES_MAX);
	keys_given.files[keys_given.file_count++] = path;
	return BK_OK;
}

bool keys_take(int option, const char *value, enum bk_code *code, struct bk_error *err)
{
	*code = BK_OK;
	switch (option) {
	case KEY_FILE:
		*code = take_file(value, err);
		break;
	case KEY_PASSPHRASE:
	case KEY_PASSPHRASE_FD:
		*code = take_from(&keys_given.passphrase, value, err);
		break;
	case KEY_WORDS:
	case KEY_WORDS_FD:
		*code = take_from(&keys_given.words, value, err);
		break;
	case KEY_SEED_PASSPHRASE:
	case KEY_SEED_PASSPHRASE_FD:
		*code = take_from(&keys_given.seed_passphrase, value, err);
		break;
	case KEY_HSM_SECRET:
		keys_given.hsm_secret = value;
		break;
	case KEY_SECRET_FD:
		*code = take_from(&keys_given.secret, value, err);
		break;
	default:
		return false;
	}
	return true;
}

struct bk_keyring *keys_ring(void)
{
	struct bk_error ignored;

	if (!keys.ring && bk_keyring_new(&keys.ring, &ignored))
		keys.ring = NULL;
	return keys.ring;
}

void keys_forget_words(void)
{
	secret_done(&keys.words);
	secret_done(&keys.seed_passphrase);
}

void keys_done(void)
{
	bk_keyring_free(keys.ring);
	keys_forget_words();
	free(keys.node_file);
	keys.ring = NULL;
	keys.node_file = NULL;
}

enum bk_code keys_add_files(struct bk_keyring *ring, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (unsigned i = 0; i < keys_given.file_count && !code; i++)
		code = bk_keyring_add_file(ring, bk_io_posix(), keys_given.files[i], err);
	return code;
}

enum bk_code keys_add_passphrase(struct bk_keyring *ring, bool is_new, struct bk_error *err)
{
	static const struct secret_from terminal = {.fd = -1};
	struct secret_text text;
	enum bk_code code = secret_read(&text,
		keys_given.passphrase.is_wanted ? &keys_given.passphrase : &terminal,
		is_new ? "A passphrase for the log" : "The log's passphrase", is_new, err);

	if (code)
		return code;
	code = bk_keyring_add_passphrase(ring, text.text, text.size, err);
	secret_done(&text);
	return code;
}

/* The passphrase of the seed, which is asked for if it is needed and was not given. */
static enum bk_code read_seed_passphrase(bool is_needed, struct bk_error *err)
{
	static const struct secret_from terminal = {.fd = -1};

	if (keys.seed_passphrase.text || (!keys_given.seed_passphrase.is_wanted && !is_needed))
		return BK_OK;
	return secret_read(&keys.seed_passphrase,
		keys_given.seed_passphrase.is_wanted ? &keys_given.seed_passphrase : &terminal,
		"The passphrase of the node's hsm_secret, or of its words", false, err);
}

static enum bk_code add_words(struct bk_keyring *ring, struct bk_error *err)
{
	enum bk_code code = secret_read(&keys.words, &keys_given.words,
		"The words of the node's wallet, in their order", false, err);

	if (!code)
		code = read_seed_passphrase(false, err);
	if (!code)
		code = bk_keyring_add_words(
			ring, keys.words.text, keys.words.size, keys.seed_passphrase.text, err);
	return code;
}

static enum bk_code add_hsm_secret(struct bk_keyring *ring, const char *path, struct bk_error *err)
{
	enum bk_code code = read_seed_passphrase(false, err);

	if (code)
		return code;
	code = bk_keyring_add_hsm_secret(ring, bk_io_posix(), path, keys.seed_passphrase.text, err);
	if (code != BK_E_SEALED || keys.seed_passphrase.text)
		return code;
	code = read_seed_passphrase(true, err);
	return code ? code
		    : bk_keyring_add_hsm_secret(
			      ring, bk_io_posix(), path, keys.seed_passphrase.text, err);
}

static enum bk_code add_secret(struct bk_keyring *ring, struct bk_error *err)
{
	struct secret_text text;
	enum bk_code code = secret_read(&text, &keys_given.secret, "The secret", false, err);

	if (code)
		return code;
	code = bk_keyring_add_secret(ring, text.text, text.size, err);
	secret_done(&text);
	return code;
}

static enum bk_code add_hsm_secret_of(
	struct bk_keyring *ring, const char *dir, bool *has, struct bk_error *err)
{
	char *path;
	enum bk_code code = nodedir_path(&path, dir, "hsm_secret", err);

	if (code)
		return code;
	code = add_hsm_secret(ring, path, err);
	free(path);
	*has = !code;
	return code == BK_E_MISSING ? BK_OK : code;
}

enum bk_code keys_add_seed(
	struct bk_keyring *ring, const char *dir, bool *has, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	*has = keys_given.words.is_wanted || keys_given.hsm_secret || keys_given.secret.is_wanted;
	if (keys_given.words.is_wanted)
		code = add_words(ring, err);
	if (!code && keys_given.hsm_secret)
		code = add_hsm_secret(ring, keys_given.hsm_secret, err);
	if (!code && keys_given.secret.is_wanted)
		code = add_secret(ring, err);
	if (!code && !*has && dir)
		code = add_hsm_secret_of(ring, dir, has, err);
	return code;
}

enum bk_code keys_fill(struct bk_error *err)
{
	struct bk_keyring *ring = keys_ring();
	enum bk_code code;
	bool has;

	if (keys.is_filled)
		return BK_OK;
	keys.is_filled = true;
	if (!ring)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for keys");
	code = keys_add_files(ring, err);
	if (!code && keys_given.passphrase.is_wanted)
		code = keys_add_passphrase(ring, false, err);
	if (!code)
		code = keys_add_seed(ring, NULL, &has, err);
	/* Who gives a key has a sealed log in mind. */
	if (!code && !bk_keyring_is_empty(ring))
		bk_keyring_want_sealed(ring, true);
	return code;
}

bool keys_are_given(void)
{
	return keys_given.file_count || keys_given.passphrase.is_wanted ||
	       keys_given.words.is_wanted || keys_given.hsm_secret || keys_given.secret.is_wanted;
}

enum bk_code keys_of_node(const char *dir, const struct lockfile *lock, struct bk_error *err)
{
	struct bk_keyring *ring = keys_ring();
	char *path;
	enum bk_code code;

	if (!lock->key_file)
		return BK_OK;
	if (!ring)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for keys");
	code = nodedir_path(&path, dir, lock->key_file, err);
	if (code)
		return code;
	bk_keyring_want_sealed(ring, true);
	code = bk_keyring_add_file(ring, bk_io_posix(), path, err);
	if (!code && !keys.node_file)
		keys.node_file = realpath(path, NULL);
	free(path);
	/* What was given may open it. */
	return code == BK_E_MISSING && !bk_keyring_is_empty(ring) ? BK_OK : code;
}

const char *keys_node_file(void)
{
	return keys.node_file;
}

enum bk_code keys_of_dir(const char *dir, struct bk_error *err)
{
	struct lockfile lock;
	char *path;
	enum bk_code code = nodedir_path(&path, dir, LOCKFILE_NAME, err);

	if (code)
		return code;
	code = lockfile_read(&lock, bk_io_posix(), path, err);
	free(path);
	if (code)
		return code;
	code = keys_of_node(dir, &lock, err);
	lockfile_done(&lock);
	return code;
}

const struct secret_text *keys_words(void)
{
	return keys.words.text ? &keys.words : NULL;
}

const struct secret_text *keys_seed_passphrase(void)
{
	return &keys.seed_passphrase;
}
