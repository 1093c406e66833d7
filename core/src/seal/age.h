/* age.h - a key of 32 bytes in a file of age (https://age-encryption.org/v1) with one recipient, an
 * X25519 one: what each slot of a log holds, so that the stock `age -d` opens it.
 *
 * All such files have the same size. */
#ifndef BK_AGE_H
#define BK_AGE_H

#include "secret.h"
#include <bk/io.h>
#include <stdbool.h>

#define AGE_SIZE 232

#define AGE_RECIPIENT "age"
#define AGE_IDENTITY  "age-secret-key-" /* in capitals, where age writes it */

/* The recipient of an identity, 32 bytes each. */
void bk_age_recipient(uint8_t *recipient, const uint8_t *identity);

/* Writes AGE_SIZE bytes, in which KEY is for RECIPIENT. Fails with BK_E_IO where the system has no
 * random bytes, BK_E_INVALID if RECIPIENT is none, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_age_wrap(uint8_t *out, const uint8_t *key, const uint8_t *recipient,
	const struct bk_io *io, struct bk_error *err);

/* Opens AGE_SIZE bytes by IDENTITY. False if they are not for it, or no such file. */
bool bk_age_open(uint8_t *key, const uint8_t *file, const uint8_t *identity);

#endif
