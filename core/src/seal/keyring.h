/* keyring.h - a keyring as the rest of core sees it: what it opens, and whom it holds. */
#ifndef BK_KEYRING_IMPL_H
#define BK_KEYRING_IMPL_H

#include "slot.h"
#include <bk/keyring.h>

/* Whether RING holds what a slot of KIND may be opened with. */
bool bk_keyring_has(const struct bk_keyring *ring, uint32_t kind);

/* Opens the slot PAYLOAD: *KEY is one owner's, or NULL if nothing in RING fits. Fails with
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_keyring_open(struct bk_keyring *ring, const uint8_t *payload,
	struct log_key **key, struct bk_error *err);

/* Gives TAKE each whom RING holds: a passphrase with a new salt. Fails as TAKE does, with BK_E_IO,
 * BK_E_NOMEM. */
typedef enum bk_code recipient_fn(void *ctx, const struct recipient *who, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_keyring_recipients(const struct bk_keyring *ring,
	const struct bk_io *io, recipient_fn *take, void *ctx, struct bk_error *err);

#endif
