/* seal.h - how a new log is sealed: its key, and the slots that the key is in (docs/format.md, 13).
 */
#ifndef BK_SEAL_H
#define BK_SEAL_H

#include <bk/keyring.h>

struct bk_seal;

/* A new key, drawn at random, with a slot for each that RING holds. Fails with BK_E_INVALID if that
 * is nobody, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_seal_new(struct bk_seal **out, const struct bk_keyring *ring,
	const struct bk_io *io, struct bk_error *err);
void bk_seal_free(struct bk_seal *seal); /* takes NULL */

/* From now on the frames of a log that is made with SEAL are filled up, so that their sizes tell
 * less: by at most an eighth. */
void bk_seal_pad(struct bk_seal *seal);

#endif
