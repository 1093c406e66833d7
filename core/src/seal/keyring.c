/* keyring.c - what opens sealed logs, and whom new ones are sealed for. */
#include "keyring.h"
#include "ring.h"
#include <sodium.h>
#include <string.h>

/* A key file opens the slots of age's recipients too: it is one of age's. */
static bool fits(uint32_t held, uint32_t kind)
{
	return held == kind || (held == SLOT_KEY_FILE && kind == SLOT_AGE);
}

bool bk_keyring_has(const struct bk_keyring *ring, uint32_t kind)
{
	for (const struct ring_item *item = ring ? ring->items : NULL; item; item = item->next)
		if (fits(item->kind, kind) && (item->has_identity || item->size))
			return true;
	return false;
}

/* The identity that the passphrase of ITEM is with the salt of WHO, 32 bytes. */
static enum bk_code draw_out(uint8_t *identity, const struct ring_item *item,
	const struct recipient *who, struct bk_error *err)
{
	_Static_assert(SLOT_SALT == crypto_pwhash_argon2id_SALTBYTES, "a salt is argon2id's");

	if (crypto_pwhash(identity, SECRET_SIZE, item->text, item->size, who->salt, who->ops,
		    (size_t)who->kib << 10, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return bk_fail(err, BK_E_NOMEM, 0,
			"no memory for a passphrase: argon2id takes %u MiB", who->kib >> 10);
	return BK_OK;
}

/* Draws the passphrase of ITEM out for the salt of WHO, and keeps what comes of it: that takes
 * long, and a log is opened more than once. */
static enum bk_code try_passphrase(struct bk_keyring *ring, const struct ring_item *item,
	const struct recipient *who, const uint8_t *payload, struct log_key **key,
	struct bk_error *err)
{
	struct ring_item *drawn = bk_ring_item(ring, SLOT_PASSPHRASE, 0);
	uint8_t *identity = bk_secret_new(SECRET_SIZE);
	enum bk_code code;

	if (!drawn || !identity) {
		bk_secret_free(identity);
		return bk_secret_no_memory(err);
	}
	code = draw_out(identity, item, who, err);
	if (!code) {
		drawn->who = *who;
		bk_ring_take_identity(drawn, identity);
		*key = bk_slot_open(payload, identity);
	}
	bk_secret_free(identity);
	return code;
}

static bool same_salt(const struct recipient *a, const struct recipient *b)
{
	return a->ops == b->ops && a->kib == b->kib && memcmp(a->salt, b->salt, SLOT_SALT) == 0;
}

/* Tries the identities that are there. *IS_DRAWN: one of them is a passphrase with WHO's salt. */
static struct log_key *try_identities(const struct bk_keyring *ring, const uint8_t *payload,
	const struct recipient *who, bool *is_drawn)
{
	struct log_key *key = NULL;

	*is_drawn = false;
	for (const struct ring_item *item = ring->items; item && !key; item = item->next) {
		if (!item->has_identity || !fits(item->kind, who->kind) ||
			!same_salt(&item->who, who))
			continue;
		*is_drawn = true;
		key = bk_slot_open(payload, item->identity);
	}
	return key;
}

static enum bk_code try_passphrases(struct bk_keyring *ring, const uint8_t *payload,
	const struct recipient *who, struct log_key **key, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (struct ring_item *item = ring->items; item && !*key && !code; item = item->next) {
		if (item->kind == SLOT_PASSPHRASE && item->size)
			code = try_passphrase(ring, item, who, payload, key, err);
	}
	return code;
}

enum bk_code bk_keyring_open(
	struct bk_keyring *ring, const uint8_t *payload, struct log_key **key, struct bk_error *err)
{
	struct recipient who;
	enum bk_code code = BK_OK;
	bool is_drawn;

	*key = NULL;
	if (!ring)
		return BK_OK;
	bk_slot_read(&who, payload);
	pthread_mutex_lock(&ring->mutex);
	*key = try_identities(ring, payload, &who, &is_drawn);
	if (!*key && !is_drawn && who.kind == SLOT_PASSPHRASE)
		code = try_passphrases(ring, payload, &who, key, err);
	pthread_mutex_unlock(&ring->mutex);
	return code;
}

/* Whom a passphrase is for, with a salt of its own. */
static enum bk_code passphrase_recipient(struct recipient *who, const struct ring_item *item,
	const struct bk_io *io, struct bk_error *err)
{
	uint8_t *identity = bk_secret_new(SECRET_SIZE);
	enum bk_code code;

	/* As much as lightningd takes for its own passphrase. */
	*who = (struct recipient){.kind = SLOT_PASSPHRASE, .ops = SLOT_PASSES, .kib = SLOT_KIB};
	if (!identity)
		return bk_secret_no_memory(err);
	if (io->ops->random(io->ctx, who->salt, SLOT_SALT) < 0)
		code = bk_fail(err, BK_E_IO, 0, "no random bytes for a passphrase's salt");
	else
		code = draw_out(identity, item, who, err);
	if (!code)
		bk_age_recipient(who->point, identity);
	bk_secret_free(identity);
	return code;
}

enum bk_code bk_keyring_recipients(const struct bk_keyring *ring, const struct bk_io *io,
	recipient_fn *take, void *ctx, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (const struct ring_item *item = ring->items; item && !code; item = item->next) {
		struct recipient who = item->who;

		if (item->size)
			code = passphrase_recipient(&who, item, io, err);
		else if (item->kind == SLOT_PASSPHRASE)
			continue; /* drawn out of one that is there */
		if (!code)
			code = take(ctx, &who, err);
	}
	return code;
}
