/* seal.c - the key and the slots of a log. */
#include "seal.h"
#include <stdlib.h>
#include <string.h>

enum bk_code bk_seal_of_key(struct bk_seal **out, struct log_key *key, struct bk_error *err)
{
	struct bk_seal *seal = calloc(1, sizeof *seal);

	if (!seal)
		return bk_secret_no_memory(err);
	seal->key = bk_logkey_share(key);
	*out = seal;
	return BK_OK;
}

void bk_seal_free(struct bk_seal *seal)
{
	if (!seal)
		return;
	bk_logkey_drop(seal->key);
	free(seal->slots);
	free(seal);
}

void bk_seal_pad(struct bk_seal *seal)
{
	seal->is_padded = true;
}

/* Whether both are the same but for the log that they stand in. */
static bool same_slot(const uint8_t *a, const uint8_t *b)
{
	uint8_t copy[SLOT_SIZE];

	memcpy(copy, a, SLOT_SIZE);
	bk_slot_name(copy, bk_slot_id(b));
	return memcmp(copy, b, SLOT_SIZE) == 0;
}

bool bk_seal_has(const struct bk_seal *seal, const uint8_t *slot)
{
	for (size_t i = 0; i < seal->count; i++)
		if (same_slot(seal->slots + i * SLOT_SIZE, slot))
			return true;
	return false;
}

bool bk_seal_is_costly(const struct bk_seal *seal, size_t number)
{
	uint64_t left = SLOT_COST_MAX;
	bool is_costly = false;

	for (size_t i = 0; i <= number; i++) {
		struct recipient who;
		uint64_t cost;

		bk_slot_read(&who, seal->slots + i * SLOT_SIZE);
		cost = who.kind == SLOT_PASSPHRASE ? (uint64_t)who.ops * who.kib : 0;
		is_costly = cost > left;
		left -= is_costly ? 0 : cost;
	}
	return is_costly;
}

bool bk_seal_has_costly(const struct bk_seal *seal)
{
	for (size_t i = 0; i < seal->count; i++)
		if (bk_seal_is_costly(seal, i))
			return true;
	return false;
}

enum bk_code bk_seal_add(struct bk_seal *seal, const uint8_t *payload, struct bk_error *err)
{
	uint8_t *slots;

	if (bk_seal_has(seal, payload))
		return BK_OK;
	slots = realloc(seal->slots, (seal->count + 1) * SLOT_SIZE);
	if (!slots)
		return bk_secret_no_memory(err);
	seal->slots = slots;
	memcpy(slots + seal->count++ * SLOT_SIZE, payload, SLOT_SIZE);
	return BK_OK;
}

enum bk_code bk_seal_add_recipient(struct bk_seal *seal, const struct recipient *who,
	const struct bk_io *io, struct bk_error *err)
{
	uint8_t payload[SLOT_SIZE];
	enum bk_code code = bk_slot_make(payload, seal->key, who, io, err);

	return code ? code : bk_seal_add(seal, payload, err);
}

/* One that is under way. */
struct sealing {
	struct bk_seal *seal;
	const struct bk_io *io;
};

static enum bk_code add(void *ctx, const struct recipient *who, struct bk_error *err)
{
	const struct sealing *sealing = ctx;

	return bk_seal_add_recipient(sealing->seal, who, sealing->io, err);
}

static enum bk_code new_key(struct log_key **key, const struct bk_io *io, struct bk_error *err)
{
	uint8_t *bytes = bk_secret_new(SECRET_SIZE);
	enum bk_code code = BK_OK;

	*key = NULL;
	if (bytes && io->ops->random(io->ctx, bytes, SECRET_SIZE) < 0)
		code = bk_fail(err, BK_E_IO, 0, "no random bytes for a log's key");
	if (!code && bytes)
		*key = bk_logkey_new(bytes);
	if (!code && !*key)
		code = bk_secret_no_memory(err);
	bk_secret_free(bytes);
	return code;
}

enum bk_code bk_seal_with_new_key(
	struct bk_seal **out, const struct bk_io *io, struct bk_error *err)
{
	struct log_key *key;
	enum bk_code code = new_key(&key, io, err);

	if (!code)
		code = bk_seal_of_key(out, key, err);
	bk_logkey_drop(key);
	return code;
}

enum bk_code bk_seal_new(struct bk_seal **out, const struct bk_keyring *ring,
	const struct bk_io *io, struct bk_error *err)
{
	struct sealing sealing = {.io = io};
	enum bk_code code;

	if (bk_keyring_is_empty(ring))
		return bk_fail(err, BK_E_INVALID, 0, "a log that nobody can open is not made");
	code = bk_seal_with_new_key(&sealing.seal, io, err);
	if (code)
		return code;
	code = bk_keyring_recipients(ring, io, add, &sealing, err);
	if (!code)
		*out = sealing.seal;
	else
		bk_seal_free(sealing.seal);
	return code;
}
