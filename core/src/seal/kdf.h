/* kdf.h - keys out of other secrets: HKDF-SHA256 (RFC 5869), PBKDF2-HMAC-SHA512 (RFC 8018), and
 * what lightningd makes of a node's seed with the first.
 *
 * Pure functions over bytes. What is written out is the caller's to wipe. */
#ifndef BK_KDF_H
#define BK_KDF_H

#include "secret.h"

#define SEED_SIZE_MAX 64

/* 32 bytes of HKDF-SHA256. */
void bk_hkdf(uint8_t *out, const void *salt, size_t salt_size, const void *key, size_t key_size,
	const char *info);

/* 64 bytes of PBKDF2-HMAC-SHA512, of one block. */
void bk_pbkdf2_sha512(uint8_t *out, const char *password, size_t password_size, const char *salt,
	size_t salt_size, unsigned rounds);

/* What lightningd's command makesecret gives for the text INFO, in a node of SEED: 32 bytes, the
 * file hsm_secret of old, or 64, BIP39's seed of the words. */
void bk_makesecret(uint8_t *out, const uint8_t *seed, size_t seed_size, const char *info);

/* The info of a seed's slot: `lightning-cli makesecret string="lightning-backup seal"`. */
#define SEED_INFO "lightning-backup seal"

#endif
