/* kdf.c - keys out of other secrets. */
#include "kdf.h"
#include <sodium.h>
#include <string.h>

void bk_hkdf(uint8_t *out, const void *salt, size_t salt_size, const void *key, size_t key_size,
	const char *info)
{
	static const uint8_t first = 1;
	uint8_t middle[SECRET_SIZE];
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, salt ? salt : "", salt_size);
	crypto_auth_hmacsha256_update(&state, key, key_size);
	crypto_auth_hmacsha256_final(&state, middle);
	crypto_auth_hmacsha256_init(&state, middle, sizeof middle);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)info, strlen(info));
	crypto_auth_hmacsha256_update(&state, &first, 1);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(middle, sizeof middle);
	sodium_memzero(&state, sizeof state);
}

void bk_pbkdf2_sha512(uint8_t *out, const char *password, size_t password_size, const char *salt,
	size_t salt_size, unsigned rounds)
{
	static const uint8_t block[4] = {0, 0, 0, 1};
	uint8_t last[crypto_auth_hmacsha512_BYTES];
	crypto_auth_hmacsha512_state keyed, state;

	crypto_auth_hmacsha512_init(&keyed, (const uint8_t *)password, password_size);
	state = keyed;
	crypto_auth_hmacsha512_update(&state, (const uint8_t *)salt, salt_size);
	crypto_auth_hmacsha512_update(&state, block, sizeof block);
	crypto_auth_hmacsha512_final(&state, last);
	memcpy(out, last, sizeof last);
	for (unsigned i = 1; i < rounds; i++) {
		state = keyed;
		crypto_auth_hmacsha512_update(&state, last, sizeof last);
		crypto_auth_hmacsha512_final(&state, last);
		for (size_t j = 0; j < sizeof last; j++)
			out[j] ^= last[j];
	}
	sodium_memzero(last, sizeof last);
	sodium_memzero(&keyed, sizeof keyed);
	sodium_memzero(&state, sizeof state);
}

void bk_makesecret(uint8_t *out, const uint8_t *seed, size_t seed_size, const char *info)
{
	uint8_t derived[SECRET_SIZE];

	bk_hkdf(derived, NULL, 0, seed, seed_size, "derived secrets");
	bk_hkdf(out, NULL, 0, derived, sizeof derived, info);
	sodium_memzero(derived, sizeof derived);
}
