/* nonces.c - random nonces, drawn many at once. */
#include "nonces.h"
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define NONCES 64 /* 1,536 bytes: three times as long as asking for one */

struct nonces {
	pthread_mutex_t mutex;
	size_t left;
	uint8_t all[NONCES][SEAL_NONCE];
};

struct nonces *bk_nonces_new(void)
{
	struct nonces *nonces = calloc(1, sizeof *nonces);

	if (nonces)
		pthread_mutex_init(&nonces->mutex, NULL);
	return nonces;
}

void bk_nonces_free(struct nonces *nonces)
{
	if (!nonces)
		return;
	pthread_mutex_destroy(&nonces->mutex);
	sodium_memzero(nonces, sizeof *nonces);
	free(nonces);
}

/* With the mutex. What is given is kept nowhere. */
static int take(struct nonces *nonces, const struct bk_io *io, uint8_t *out)
{
	int rc = nonces->left ? 0 : io->ops->random(io->ctx, nonces->all, sizeof nonces->all);

	if (rc < 0)
		return rc;
	nonces->left = nonces->left ? nonces->left - 1 : NONCES - 1;
	memcpy(out, nonces->all[nonces->left], SEAL_NONCE);
	sodium_memzero(nonces->all[nonces->left], SEAL_NONCE);
	return 0;
}

enum bk_code bk_nonces_draw(struct nonces *nonces, const struct bk_io *io, uint8_t *out,
	const void *plain, size_t size, const void *with, size_t with_size, struct bk_error *err)
{
	XXH128_hash_t place = XXH3_128bits(with, with_size);
	uint64_t mixed[SEAL_NONCE / 8] = {place.low64, place.high64, XXH3_64bits(plain, size)};
	const uint8_t *bytes = (const uint8_t *)mixed;
	int rc;

	pthread_mutex_lock(&nonces->mutex);
	rc = take(nonces, io, out);
	pthread_mutex_unlock(&nonces->mutex);
	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "no random bytes to seal a frame with");
	for (size_t i = 0; i < SEAL_NONCE; i++)
		out[i] ^= bytes[i];
	return BK_OK;
}
