/* slot.h - the payload of a SLOT frame: a log's key, for one who may open it (docs/format.md, 13).
 *
 * Whoever that is has an identity of X25519, which is drawn out of the node's seed or a passphrase,
 * or stands in a file; the key is in a file of age for it. Who it is for stands beside, sealed
 * under the key itself: so a slot that others made is known, and a new key can be given to the
 * same.
 */
#ifndef BK_SLOT_H
#define BK_SLOT_H

#include "age.h"
#include "logkey.h"

enum slot_kind {
	SLOT_SEED = 1,
	SLOT_PASSPHRASE = 2,
	SLOT_AGE = 3,
	SLOT_KEY_FILE = 4,
};

#define SLOT_ID      16 /* of the log */
#define SLOT_SALT    16
#define SLOT_SIZE    348 /* of the payload */
#define SLOT_OPS_MAX 16u
#define SLOT_KIB_MAX (1024u << 10)

/* What the slots of one log may cost together, in KiB times passes: eight as we make them. */
#define SLOT_PASSES   3u
#define SLOT_KIB      (256u << 10)
#define SLOT_COST_MAX (8ull * SLOT_PASSES * SLOT_KIB)

/* Who may open a log. */
struct recipient {
	uint32_t kind;
	uint8_t salt[SLOT_SALT]; /* of a passphrase, else zeros, */
	uint32_t ops, kib;       /* and what argon2id takes for it: passes, and KiB of memory */
	uint8_t point[SECRET_SIZE];
};

/* Whether PAYLOAD, SIZE bytes, can be a slot: its kind known, what it asks for within limits. */
bool bk_slot_is_right(const uint8_t *payload, size_t size);

/* What stands in the open. The point is left out. */
void bk_slot_read(struct recipient *who, const uint8_t *payload);

/* Writes the SLOT_SIZE bytes in which KEY is for WHO. ID is put in by bk_slot_name. Fails as
 * bk_age_wrap does. */
BK_MUST_CHECK enum bk_code bk_slot_make(uint8_t *payload, const struct log_key *key,
	const struct recipient *who, const struct bk_io *io, struct bk_error *err);

/* The log that a slot stands in, SLOT_ID bytes, is not sealed with it: a successor's slots are
 * copies with another. */
void bk_slot_name(uint8_t *payload, const uint8_t *id);
const uint8_t *bk_slot_id(const uint8_t *payload);

/* The key, opened by IDENTITY; NULL if the slot is not for that one. */
struct log_key *bk_slot_open(const uint8_t *payload, const uint8_t *identity);

/* Whom a slot of KEY is for. False if it was not made by who had KEY. */
bool bk_slot_recipient(struct recipient *who, const uint8_t *payload, const struct log_key *key);

#endif
