/* keyring_add.c - what is put on a keyring: read, drawn out, and made. */
#include "bech32.h"
#include "hsm.h"
#include "newfile.h"
#include "ring.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX 4096 /* bytes of a file with keys */

enum bk_code bk_keyring_add_passphrase(
	struct bk_keyring *ring, const char *text, size_t size, struct bk_error *err)
{
	struct ring_item *item;

	if (!size)
		return bk_fail(err, BK_E_INVALID, 0, "an empty passphrase is none");
	if (size > BK_PASSPHRASE_MAX)
		return bk_fail(
			err, BK_E_LIMIT, 0, "a passphrase has at most %d bytes", BK_PASSPHRASE_MAX);
	item = bk_ring_item(ring, SLOT_PASSPHRASE, size);
	if (!item)
		return bk_secret_no_memory(err);
	memcpy(item->text, text, size);
	return BK_OK;
}

static enum bk_code add_seed(
	struct bk_keyring *ring, const uint8_t *seed, size_t size, struct bk_error *err)
{
	uint8_t *identity = bk_secret_new(SECRET_SIZE);
	enum bk_code code;

	if (!identity)
		return bk_secret_no_memory(err);
	bk_makesecret(identity, seed, size, SEED_INFO);
	code = bk_ring_identity(ring, SLOT_SEED, identity, err);
	bk_secret_free(identity);
	return code;
}

/* The WORDS in plain form, in secret memory, which the caller frees. */
static enum bk_code plain_words(char **plain, const char *words, size_t size, struct bk_error *err)
{
	unsigned count;

	*plain = bk_secret_new(WORDS_MAX + 1);
	if (!*plain)
		return bk_secret_no_memory(err);
	count = bk_words_plain(*plain, words, size);
	if (count >= 12 && count <= 24 && count % 3 == 0)
		return BK_OK;
	bk_secret_free(*plain);
	return bk_fail(err, BK_E_INVALID, 0,
		"these are not the words of a wallet: they are 12, 15, 18, 21 or 24");
}

enum bk_code bk_keyring_add_words(struct bk_keyring *ring, const char *words, size_t size,
	const char *passphrase, struct bk_error *err)
{
	uint8_t *seed = bk_secret_new(SEED_SIZE_MAX);
	char *plain = NULL;
	enum bk_code code = seed ? plain_words(&plain, words, size, err) : bk_secret_no_memory(err);

	if (!code) {
		bk_words_seed(seed, plain, passphrase);
		code = add_seed(ring, seed, SEED_SIZE_MAX, err);
		bk_secret_free(plain);
	}
	bk_secret_free(seed);
	return code;
}

/* Reads the file at PATH, at most MAX bytes, into secret memory, which the caller frees. */
static enum bk_code read_secret(uint8_t **bytes, size_t *size, const struct bk_io *io,
	const char *path, size_t max, struct bk_error *err)
{
	struct file file;
	enum bk_code code = bk_file_open(&file, io, path, BK_IO_READ, err);

	if (code)
		return code;
	*bytes = bk_secret_new(max + 1);
	code = *bytes ? bk_file_read(&file, *bytes, max + 1, 0, size, err)
		      : bk_secret_no_memory(err);
	bk_file_close(&file);
	if (!code && *size > max)
		code = bk_fail(err, BK_E_FORMAT, 0, "%s is too large for what it should be", path);
	if (code)
		bk_secret_free(*bytes);
	return code;
}

enum bk_code bk_keyring_add_hsm_secret(struct bk_keyring *ring, const struct bk_io *io,
	const char *path, const char *passphrase, struct bk_error *err)
{
	uint8_t *bytes = NULL, *seed = bk_secret_new(SEED_SIZE_MAX);
	size_t size = 0, seed_size = 0;
	struct bk_error why;
	enum bk_code code = seed ? read_secret(&bytes, &size, io, path, HSM_MAX, err)
				 : bk_secret_no_memory(err);

	if (code) {
		bk_secret_free(seed);
		return code;
	}
	code = bk_hsm_seed(seed, &seed_size, bytes, size, passphrase, &why);
	if (code)
		bk_fail(err, code, 0, "%s: %.400s", path, why.msg);
	if (!code)
		code = add_seed(ring, seed, seed_size, err);
	bk_secret_free(bytes);
	bk_secret_free(seed);
	return code;
}

enum bk_code bk_keyring_add_secret(
	struct bk_keyring *ring, const char *digits, size_t size, struct bk_error *err)
{
	uint8_t *identity = bk_secret_new(SECRET_SIZE);
	size_t got = 0;
	enum bk_code code = BK_OK;

	if (!identity)
		return bk_secret_no_memory(err);
	if (sodium_hex2bin(identity, SECRET_SIZE, digits, size, NULL, &got, NULL) != 0 ||
		got != SECRET_SIZE)
		code = bk_fail(err, BK_E_INVALID, 0,
			"a secret is 64 hexadecimal digits, as lightning-cli makesecret "
			"string=\"" SEED_INFO "\" gives them");
	else
		code = bk_ring_identity(ring, SLOT_SEED, identity, err);
	bk_secret_free(identity);
	return code;
}

enum bk_code bk_keyring_add_recipient(
	struct bk_keyring *ring, const char *recipient, struct bk_error *err)
{
	struct ring_item *item = bk_ring_item(ring, SLOT_AGE, 0);

	if (!item)
		return bk_secret_no_memory(err);
	if (bk_bech32_decode(item->who.point, AGE_RECIPIENT, recipient, strlen(recipient)))
		return BK_OK;
	ring->items = item->next;
	bk_secret_free(item);
	return bk_fail(
		err, BK_E_INVALID, 0, "\"%.100s\" is no recipient of age's: age1...", recipient);
}

/* Adds the identity that a line says; false if it is none. */
static enum bk_code take_line(
	struct bk_keyring *ring, const char *line, size_t size, bool *is_one, struct bk_error *err)
{
	uint8_t *identity = bk_secret_new(SECRET_SIZE);
	enum bk_code code = identity ? BK_OK : bk_secret_no_memory(err);

	while (size && (line[size - 1] == '\r' || line[size - 1] == ' '))
		size--;
	*is_one = identity && bk_bech32_decode(identity, AGE_IDENTITY, line, size);
	if (*is_one)
		code = bk_ring_identity(ring, SLOT_KEY_FILE, identity, err);
	bk_secret_free(identity);
	return code;
}

enum bk_code bk_keyring_add_file(
	struct bk_keyring *ring, const struct bk_io *io, const char *path, struct bk_error *err)
{
	unsigned count = 0;
	uint8_t *bytes = NULL;
	size_t size = 0;
	enum bk_code code = read_secret(&bytes, &size, io, path, FILE_MAX, err);

	if (code)
		return code;
	for (size_t at = 0; at < size && !code;) {
		const uint8_t *end = memchr(bytes + at, '\n', size - at);
		size_t length = end ? (size_t)(end - bytes) - at : size - at;
		bool is_one;

		code = take_line(ring, (const char *)bytes + at, length, &is_one, err);
		count += is_one;
		at += length + 1;
	}
	bk_secret_free(bytes);
	if (!code && !count)
		code = bk_fail(err, BK_E_FORMAT, 0,
			"%s is no key file: no line in it begins with AGE-SECRET-KEY-1", path);
	return code;
}

/* Writes BYTES to a new file at PATH. */
static enum bk_code make_file(const struct bk_io *io, const char *path, const void *bytes,
	size_t size, struct bk_error *err)
{
	struct newfile nf;
	enum bk_code code = bk_newfile_open(&nf, io, path, ".new", err);

	if (code)
		return code;
	code = bk_file_write(&nf.file, bytes, size, 0, err);
	if (!code)
		return bk_newfile_commit(&nf, err);
	bk_newfile_abort(&nf);
	return code;
}

static enum bk_code write_identity(
	const struct bk_io *io, const char *path, const uint8_t *identity, struct bk_error *err)
{
	uint8_t point[SECRET_SIZE];
	char recipient[BECH32_TEXT], *text = bk_secret_new(FILE_MAX);
	size_t used;
	enum bk_code code;

	if (!text)
		return bk_secret_no_memory(err);
	bk_age_recipient(point, identity);
	bk_bech32_encode(recipient, AGE_RECIPIENT, point);
	used = (size_t)snprintf(text, FILE_MAX,
		"# A key file of the node's backup: it opens the log. Keep it secret, and a copy "
		"apart.\n# recipient: %s\n",
		recipient);
	bk_bech32_encode(text + used, AGE_IDENTITY, identity);
	for (; text[used]; used++)
		if (text[used] >= 'a' && text[used] <= 'z')
			text[used] = (char)(text[used] - 'a' + 'A');
	text[used++] = '\n';
	code = make_file(io, path, text, used, err);
	bk_secret_free(text);
	return code;
}

enum bk_code bk_keyfile_make(const struct bk_io *io, const char *path, struct bk_error *err)
{
	uint8_t *identity = bk_secret_new(SECRET_SIZE);
	enum bk_code code;

	if (!identity)
		return bk_secret_no_memory(err);
	if (io->ops->random(io->ctx, identity, SECRET_SIZE) < 0)
		code = bk_fail(err, BK_E_IO, 0, "no random bytes for a key file");
	else
		code = write_identity(io, path, identity, err);
	bk_secret_free(identity);
	return code;
}

enum bk_code bk_hsm_secret_make(const struct bk_io *io, const char *path, const char *words,
	size_t size, const char *passphrase, struct bk_error *err)
{
	uint8_t *bytes = bk_secret_new(HSM_MAX);
	char *plain = NULL;
	enum bk_code code =
		bytes ? plain_words(&plain, words, size, err) : bk_secret_no_memory(err);

	if (!code) {
		code = make_file(io, path, bytes, bk_hsm_of_words(bytes, plain, passphrase), err);
		bk_secret_free(plain);
	}
	bk_secret_free(bytes);
	return code;
}
