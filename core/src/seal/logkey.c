/* logkey.c - the key of a log, and bytes sealed under it. */
#include "logkey.h"
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

/* All of it lies in secret memory. */
struct log_key {
	uint8_t bytes[SECRET_SIZE];
	struct nonces *nonces;
	atomic_uint owners;
};

struct log_key *bk_logkey_new(const uint8_t *bytes)
{
	struct log_key *key = bk_secret_new(sizeof *key);

	if (!key)
		return NULL;
	key->nonces = bk_nonces_new();
	if (!key->nonces) {
		bk_secret_free(key);
		return NULL;
	}
	memcpy(key->bytes, bytes, sizeof key->bytes);
	key->owners = 1;
	return key;
}

struct log_key *bk_logkey_share(struct log_key *key)
{
	if (key)
		key->owners++;
	return key;
}

void bk_logkey_drop(struct log_key *key)
{
	if (!key || --key->owners)
		return;
	bk_nonces_free(key->nonces);
	bk_secret_free(key);
}

bool bk_logkey_same(const struct log_key *a, const struct log_key *b)
{
	return a && b && sodium_memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

const uint8_t *bk_logkey_bytes(const struct log_key *key)
{
	return key->bytes;
}

enum bk_code bk_logkey_seal(const struct log_key *key, const struct bk_io *io, uint8_t *out,
	const uint8_t *plain, size_t size, const void *with, size_t with_size, struct bk_error *err)
{
	enum bk_code code = bk_nonces_draw(key->nonces, io, out, plain, size, with, with_size, err);

	if (code)
		return code;
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		out + SEAL_NONCE, NULL, plain, size, with, with_size, NULL, out, key->bytes);
	return BK_OK;
}

bool bk_logkey_open(const struct log_key *key, uint8_t *out, const uint8_t *sealed, size_t size,
	const void *with, size_t with_size)
{
	return size >= SEAL_SIZE &&
	       crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + SEAL_NONCE,
		       size - SEAL_NONCE, with, with_size, sealed, key->bytes) == 0;
}
