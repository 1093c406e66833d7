/* log_slots.c - who may open a sealed log. */
#include "bech32.h"
#include "log.h"
#include "slots.h"
#include <bk/slots.h>
#include <string.h>

bool bk_log_is_sealed(const struct bk_log *log)
{
	return log->lf.header.is_sealed;
}

static struct bk_slot slot_of(const uint8_t *payload, const struct log_key *key)
{
	struct bk_slot slot = {0};
	struct recipient who;

	_Static_assert(BECH32_TEXT <= BK_RECIPIENT_TEXT, "a recipient fits");
	slot.is_known = bk_slot_recipient(&who, payload, key);
	slot.kind = (enum bk_slot_kind)who.kind;
	slot.passes = who.ops;
	slot.kib = who.kib;
	if (slot.is_known)
		bk_bech32_encode(slot.recipient, AGE_RECIPIENT, who.point);
	return slot;
}

enum bk_code bk_log_slots(struct bk_log *log, bk_slot_fn *take, void *ctx, struct bk_error *err)
{
	struct bk_seal *seal;
	enum bk_code code = bk_logfile_seal(&seal, &log->lf, true, err);

	if (code || !seal)
		return code;
	for (size_t i = 0; i < seal->count && !code; i++) {
		struct bk_slot slot = slot_of(seal->slots + i * SLOT_SIZE, seal->key);

		slot.is_costly = bk_seal_is_costly(seal, i);
		code = take(ctx, &slot, err);
	}
	bk_seal_free(seal);
	return code;
}

/* Adds those whom OLD has slots for to SEAL, but for RECIPIENT. */
static enum bk_code add_all_but(struct bk_seal *seal, const struct bk_seal *old,
	const char *recipient, const struct bk_io *io, bool *removed, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < old->count && !code; i++) {
		const uint8_t *payload = old->slots + i * SLOT_SIZE;
		struct bk_slot slot = slot_of(payload, old->key);
		bool is_it = recipient && strcmp(slot.recipient, recipient) == 0;
		struct recipient who;

		*removed |= slot.is_known && is_it;
		if (!is_it && bk_slot_recipient(&who, payload, old->key))
			code = bk_seal_add_recipient(seal, &who, io, err);
	}
	if (!code && !seal->count)
		code = bk_fail(err, BK_E_INVALID, 0, "nobody could open the log then");
	return code;
}

enum bk_code bk_log_seal_anew(struct bk_seal **out, struct bk_log *log, const char *recipient,
	bool *removed, struct bk_error *err)
{
	const struct bk_io *io = log->lf.file.io;
	struct bk_seal *old, *seal = NULL;
	enum bk_code code = bk_logfile_seal(&old, &log->lf, true, err);

	*removed = false;
	if (!code && !old)
		code = bk_fail(err, BK_E_INVALID, 0, "%s is in the clear, and has no slots",
			bk_log_path(log));
	if (!code)
		code = bk_seal_with_new_key(&seal, io, err);
	if (!code) {
		seal->is_padded = old->is_padded;
		code = add_all_but(seal, old, recipient, io, removed, err);
	}
	bk_seal_free(old);
	if (code)
		bk_seal_free(seal);
	else
		*out = seal;
	return code;
}
