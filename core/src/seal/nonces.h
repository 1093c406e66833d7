/* nonces.h - random nonces, drawn from the system many at once: asking it for one costs as much as
 * sealing a change.
 *
 * What was drawn and not given yet lies in memory, and a machine that is cloned has it twice. So
 * that two clones never seal two things under one nonce, each is mixed with what is sealed under
 * it, its place and its time: what is random stays so, and the same comes out only for the same.
 *
 * Threads: any. */
#ifndef BK_NONCES_H
#define BK_NONCES_H

#include <bk/error.h>
#include <bk/io.h>

#define SEAL_NONCE 24

struct nonces;

struct nonces *bk_nonces_new(void);         /* NULL: no memory */
void bk_nonces_free(struct nonces *nonces); /* takes NULL */

/* Writes one to OUT, SEAL_NONCE bytes, for SIZE bytes of PLAIN, sealed together with WITH. Fails
 * with BK_E_IO where the system has no random bytes. */
BK_MUST_CHECK enum bk_code bk_nonces_draw(struct nonces *nonces, const struct bk_io *io,
	uint8_t *out, const void *plain, size_t size, const void *with, size_t with_size,
	struct bk_error *err);

#endif
