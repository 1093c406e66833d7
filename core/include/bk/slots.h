/* slots.h - who may open a sealed log (docs/format.md, 13). */
#ifndef BK_SLOTS_H
#define BK_SLOTS_H

#include <bk/log.h>
#include <stdbool.h>

enum bk_slot_kind {
	BK_SLOT_SEED = 1,
	BK_SLOT_PASSPHRASE = 2,
	BK_SLOT_AGE = 3, /* a recipient of age's */
	BK_SLOT_KEY_FILE = 4,
};

#define BK_RECIPIENT_TEXT 80

struct bk_slot {
	enum bk_slot_kind kind;
	uint32_t passes, kib;              /* of argon2id, for a passphrase */
	bool is_costly;                    /* so much that it is not tried */
	bool is_known;                     /* who made it had the log's key, and it is for: */
	char recipient[BK_RECIPIENT_TEXT]; /* as age writes it: "age1..." */
};

/* Whether the frames of LOG are sealed. */
bool bk_log_is_sealed(const struct bk_log *log);

/* Gives TAKE each slot of LOG once, in the log's order: nothing where it is in the clear. Reads the
 * whole log. Fails as TAKE does, with BK_E_IO, BK_E_NOMEM. */
typedef enum bk_code bk_slot_fn(void *ctx, const struct bk_slot *slot, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_log_slots(
	struct bk_log *log, bk_slot_fn *take, void *ctx, struct bk_error *err);

/* How LOG, which is sealed, could be sealed anew: with another key, for all whom its slots are for,
 * but for RECIPIENT (NULL: for all), of whom *REMOVED tells whether there was one. Slots that are
 * not known are left out. Fails with BK_E_INVALID if nobody is left, BK_E_IO, BK_E_NOMEM. */
struct bk_seal;
BK_MUST_CHECK enum bk_code bk_log_seal_anew(struct bk_seal **out, struct bk_log *log,
	const char *recipient, bool *removed, struct bk_error *err);

#endif
