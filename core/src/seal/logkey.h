/* logkey.h - the key of a log, and bytes sealed under it: XChaCha20-Poly1305 (docs/format.md, 13).
 *
 * Sealed bytes are a nonce, a random one each time (nonces.h), the ciphertext, and a tag.
 *
 * Threads: any number may use a key. */
#ifndef BK_LOGKEY_H
#define BK_LOGKEY_H

#include "nonces.h"
#include "secret.h"
#include <bk/io.h>
#include <stdbool.h>

#define SEAL_TAG  16
#define SEAL_SIZE (SEAL_NONCE + SEAL_TAG) /* what sealing adds */

struct log_key;

/* A key of BYTES, SECRET_SIZE of them. One owner; NULL: no memory. */
struct log_key *bk_logkey_new(const uint8_t *bytes);

/* One owner more. Takes NULL. */
struct log_key *bk_logkey_share(struct log_key *key);

/* One owner less; the last wipes it. Takes NULL. */
void bk_logkey_drop(struct log_key *key);

/* Whether both are the same; NULL is like none. */
bool bk_logkey_same(const struct log_key *a, const struct log_key *b);

const uint8_t *bk_logkey_bytes(const struct log_key *key);

/* Seals SIZE bytes of PLAIN into OUT, SIZE + SEAL_SIZE bytes elsewhere, together with WITH, which
 * is not in OUT. Fails with BK_E_IO where the system has no random bytes. */
BK_MUST_CHECK enum bk_code bk_logkey_seal(const struct log_key *key, const struct bk_io *io,
	uint8_t *out, const uint8_t *plain, size_t size, const void *with, size_t with_size,
	struct bk_error *err);

/* Opens SIZE bytes that were sealed, at least SEAL_SIZE, into OUT, SIZE - SEAL_SIZE bytes. False if
 * they were not sealed so, under this key and with WITH. */
bool bk_logkey_open(const struct log_key *key, uint8_t *out, const uint8_t *sealed, size_t size,
	const void *with, size_t with_size);

#endif
