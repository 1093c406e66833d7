/* hsm.h - the seed of a node, out of lightningd's file hsm_secret or out of the words.
 *
 * The file is of four kinds, told by its size and its first 32 bytes: 32 bytes, the seed; 73 bytes,
 * the same under a passphrase; 32 zeros and the words; the SHA-256 of the seed, of words with a
 * passphrase, and these words (docs/format.md, 13).
 *
 * Pure functions over bytes. What is written out is the caller's to wipe. */
#ifndef BK_HSM_H
#define BK_HSM_H

#include "kdf.h"
#include <stdbool.h>

#define HSM_PLAIN     32
#define HSM_ENCRYPTED 73
#define HSM_HASH      32  /* before the words */
#define WORDS_MAX     512 /* bytes of words, one blank between two */
#define HSM_MAX       (HSM_HASH + WORDS_MAX)

/* Whether FILE, SIZE bytes, is under a passphrase. */
bool bk_hsm_has_passphrase(const uint8_t *file, size_t size);

/* The seed, at most SEED_SIZE_MAX bytes of *SEED_SIZE, of FILE under PASSPHRASE (NULL: none). Fails
 * with BK_E_SEALED if the passphrase is missing or wrong, BK_E_FORMAT if it is no such file,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_hsm_seed(uint8_t *seed, size_t *seed_size, const uint8_t *file,
	size_t size, const char *passphrase, struct bk_error *err);

/* Writes WORDS, SIZE bytes, in small letters and with one blank between two, as a text of at most
 * WORDS_MAX bytes and a zero. Returns how many words there are; 0 if they cannot be words. */
unsigned bk_words_plain(char *out, const char *words, size_t size);

/* BIP39's seed, 64 bytes, of such WORDS and PASSPHRASE (NULL: none). */
void bk_words_seed(uint8_t *seed, const char *words, const char *passphrase);

/* The file hsm_secret of such WORDS, as lightningd makes it; at most HSM_MAX bytes. Returns its
 * size. */
size_t bk_hsm_of_words(uint8_t *file, const char *words, const char *passphrase);

#endif
