/* hsm.c - the seed of a node. */
#include "hsm.h"
#include <sodium.h>
#include <string.h>

#define WORDS_ROUNDS 2048 /* BIP39 */

bool bk_hsm_has_passphrase(const uint8_t *file, size_t size)
{
	return size == HSM_ENCRYPTED || (size > HSM_PLAIN && !sodium_is_zero(file, HSM_HASH));
}

/* The key that lightningd wrapped a seed of 32 bytes in. */
static bool old_key(uint8_t *key, const char *passphrase)
{
	static const uint8_t salt[crypto_pwhash_argon2id_SALTBYTES] = "c-lightning";

	return crypto_pwhash(key, SECRET_SIZE, passphrase, strlen(passphrase), salt,
		       crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
		       crypto_pwhash_argon2id_MEMLIMIT_MODERATE, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

static enum bk_code wrong_passphrase(struct bk_error *err)
{
	return bk_fail(err, BK_E_SEALED, 0, "that is not the passphrase of the hsm_secret");
}

static enum bk_code open_old(
	uint8_t *seed, const uint8_t *file, const char *passphrase, struct bk_error *err)
{
	const size_t header = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
	crypto_secretstream_xchacha20poly1305_state state;
	uint8_t key[SECRET_SIZE];
	bool has_key = old_key(key, passphrase), right;

	right = has_key &&
		crypto_secretstream_xchacha20poly1305_init_pull(&state, file, key) == 0 &&
		crypto_secretstream_xchacha20poly1305_pull(&state, seed, NULL, NULL, file + header,
			HSM_ENCRYPTED - header, NULL, 0) == 0;
	sodium_memzero(key, sizeof key);
	sodium_memzero(&state, sizeof state);
	if (!has_key)
		return bk_secret_no_memory(err);
	return right ? BK_OK : wrong_passphrase(err);
}

static enum bk_code open_words(uint8_t *seed, const uint8_t *file, size_t size,
	const char *passphrase, struct bk_error *err)
{
	char words[WORDS_MAX + 1];
	uint8_t hash[HSM_HASH];
	bool right;

	if (size > HSM_MAX)
		return bk_fail(err, BK_E_FORMAT, 0, "that is no hsm_secret: it is too large");
	memcpy(words, file + HSM_HASH, size - HSM_HASH);
	words[size - HSM_HASH] = '\0';
	bk_words_seed(seed, words, passphrase);
	sodium_memzero(words, sizeof words);
	if (!passphrase)
		return BK_OK;
	crypto_hash_sha256(hash, seed, SEED_SIZE_MAX);
	right = sodium_memcmp(hash, file, sizeof hash) == 0;
	return right ? BK_OK : wrong_passphrase(err);
}

enum bk_code bk_hsm_seed(uint8_t *seed, size_t *seed_size, const uint8_t *file, size_t size,
	const char *passphrase, struct bk_error *err)
{
	if (size < HSM_PLAIN)
		return bk_fail(
			err, BK_E_FORMAT, 0, "that is no hsm_secret: it has %zu bytes", size);
	if (bk_hsm_has_passphrase(file, size) && !passphrase)
		return bk_fail(err, BK_E_SEALED, 0, "the hsm_secret is under a passphrase");
	*seed_size = size > HSM_PLAIN && size != HSM_ENCRYPTED ? SEED_SIZE_MAX : HSM_PLAIN;
	if (size == HSM_PLAIN)
		memcpy(seed, file, HSM_PLAIN);
	else if (size == HSM_ENCRYPTED)
		return open_old(seed, file, passphrase, err);
	else
		return open_words(seed, file, size,
			bk_hsm_has_passphrase(file, size) ? passphrase : NULL, err);
	return BK_OK;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

unsigned bk_words_plain(char *out, const char *words, size_t size)
{
	size_t used = 0;
	unsigned count = 0;
	bool within = false;

	for (size_t i = 0; i < size; i++) {
		char c = words[i];

		if (is_blank(c)) {
			within = false;
			continue;
		}
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c < 'a' || c > 'z' || used + 2 > WORDS_MAX) {
			sodium_memzero(out, used + 1);
			return 0;
		}
		if (!within && count++)
			out[used++] = ' ';
		within = true;
		out[used++] = c;
	}
	out[used] = '\0';
	return count;
}

void bk_words_seed(uint8_t *seed, const char *words, const char *passphrase)
{
	static const char prefix[] = "mnemonic";
	char salt[1024] = "mnemonic";
	size_t length = passphrase ? strnlen(passphrase, sizeof salt - sizeof prefix) : 0;

	if (length)
		memcpy(salt + sizeof prefix - 1, passphrase, length);
	bk_pbkdf2_sha512(
		seed, words, strlen(words), salt, sizeof prefix - 1 + length, WORDS_ROUNDS);
	sodium_memzero(salt, sizeof salt);
}

size_t bk_hsm_of_words(uint8_t *file, const char *words, const char *passphrase)
{
	uint8_t seed[SEED_SIZE_MAX];
	size_t length = strnlen(words, WORDS_MAX);

	memset(file, 0, HSM_HASH);
	if (passphrase) {
		bk_words_seed(seed, words, passphrase);
		crypto_hash_sha256(file, seed, sizeof seed);
		sodium_memzero(seed, sizeof seed);
	}
	memcpy(file + HSM_HASH, words, length);
	return HSM_HASH + length;
}
