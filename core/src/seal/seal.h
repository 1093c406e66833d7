/* seal.h - the key and the slots of a log. */
#ifndef BK_SEAL_IMPL_H
#define BK_SEAL_IMPL_H

#include "keyring.h"
#include <bk/seal.h>

struct bk_seal {
	struct log_key *key; /* one owner's */
	uint8_t *slots;      /* SLOT_SIZE each; owned */
	size_t count;
	bool is_padded;
	bool has_others; /* slots that were passed over: of a kind that is not known, or too many */
};

/* A seal of KEY without slots, which it shares. */
BK_MUST_CHECK enum bk_code bk_seal_of_key(
	struct bk_seal **out, struct log_key *key, struct bk_error *err);

/* A seal of a key drawn at random, without slots. */
BK_MUST_CHECK enum bk_code bk_seal_with_new_key(
	struct bk_seal **out, const struct bk_io *io, struct bk_error *err);

/* Adds a slot that stands elsewhere, unless it is there; one for WHO. */
BK_MUST_CHECK enum bk_code bk_seal_add(
	struct bk_seal *seal, const uint8_t *payload, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_seal_add_recipient(struct bk_seal *seal, const struct recipient *who,
	const struct bk_io *io, struct bk_error *err);

/* Whether the slot NUMBER asks for more work than those before it have left: a stranger can put
 * slots into a log, and each may ask for minutes. */
bool bk_seal_is_costly(const struct bk_seal *seal, size_t number);
bool bk_seal_has_costly(const struct bk_seal *seal);

/* Whether SLOT stands in SEAL, whatever log it names. */
bool bk_seal_has(const struct bk_seal *seal, const uint8_t *slot);

#endif
