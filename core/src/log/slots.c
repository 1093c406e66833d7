/* slots.c - the slots of a sealed log, and its key out of them. */
#include "slots.h"
#include "ring.h"
#include "search.h"
#include <stdio.h>
#include <string.h>

/* Takes the slots that come; one that is none as we know them is passed over, and noted. */
static enum bk_code take(struct bk_seal *seal, const struct frame *frame, struct bk_error *err)
{
	if (frame->head.kind != FRAME_SLOT)
		return BK_OK;
	if (frame->head.must || !bk_slot_is_right(frame->payload, frame->head.size) ||
		(seal->count == LOG_SLOTS_MAX && !bk_seal_has(seal, frame->payload))) {
		seal->has_others = true;
		return BK_OK;
	}
	return bk_seal_add(seal, frame->payload, err);
}

/* The frame at *AT, or the first valid one behind it, before LIMIT; *FOUND is false if there is
 * none. */
static enum bk_code next_frame(struct walk *walk, uint64_t *at, uint64_t limit, struct frame *frame,
	bool *found, struct bk_error *err)
{
	enum bk_code code = bk_walk_frame(walk, *at, frame, err);

	*found = !code;
	if (code != BK_E_DAMAGE)
		return code;
	code = bk_walk_resync(walk, *at, limit, at, err);
	*found = !code && *at < limit;
	return *found ? bk_walk_frame(walk, *at, frame, err) : code;
}

/* Gathers slots into SEAL: those that stand behind the header, or ALL. */
static enum bk_code gather(
	struct bk_seal *seal, const struct logfile *lf, bool all, struct bk_error *err)
{
	uint64_t at = LOG_HEADER_SIZE;
	bool more = true;
	struct bk_io_stat st;
	struct walk walk;
	enum bk_code code = bk_file_stat(&lf->file, &st, err);

	bk_walk_init(&walk, lf, all ? WALK_CHUNK_MANY : WALK_CHUNK_ONE);
	walk.as_stands = true;
	while (!code && more && at < st.size) {
		struct frame frame;

		if (all)
			code = next_frame(&walk, &at, st.size, &frame, &more, err);
		else
			code = bk_walk_frame(&walk, at, &frame, err);
		if (!all && code == BK_E_DAMAGE) {
			code = BK_OK;
			break;
		}
		if (code || !more)
			break;
		code = take(seal, &frame, err);
		at = bk_frame_end(&frame);
		more = all || frame.head.kind == FRAME_SLOT;
	}
	bk_walk_done(&walk);
	/* What stands behind the log's end may be too much to search. */
	return code == BK_E_LIMIT ? BK_OK : code;
}

/* Tries the slots of SEAL from FROM on, but for those that cost too much. Where a passphrase would
 * take more memory than there is, others may open all the same. */
static enum bk_code try_slots(
	struct logfile *lf, const struct bk_seal *seal, size_t from, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = from; i < seal->count && !lf->key; i++) {
		enum bk_code tried;

		if (bk_seal_is_costly(seal, i))
			continue;
		tried = bk_keyring_open(
			lf->file.io->keys, seal->slots + i * SLOT_SIZE, &lf->key, err);
		code = tried ? tried : code;
	}
	return lf->key ? BK_OK : code;
}

static const struct {
	uint32_t kind;
	const char *whom, *wrong;
} kinds[] = {
	{SLOT_SEED, "a seed", "the seed is not the one that it is sealed for"},
	{SLOT_PASSPHRASE, "a passphrase", "the passphrase is not the one that it is sealed for"},
	{SLOT_KEY_FILE, "a key file", "the key file is not the one that it is sealed for"},
	{SLOT_AGE, "a recipient of age's",
		"no identity in the key file is one that it is sealed for"},
};

static bool has_kind(const struct bk_seal *seal, uint32_t kind)
{
	struct recipient who;

	for (size_t i = 0; i < seal->count; i++) {
		bk_slot_read(&who, seal->slots + i * SLOT_SIZE);
		if (who.kind == kind)
			return true;
	}
	return false;
}

/* What else is to be said of slots that were not tried. */
static const char *passed_over(const struct bk_seal *seal)
{
	if (bk_seal_has_costly(seal))
		return ". Slots for a passphrase that ask for too much work were passed over: "
		       "whoever could write there may have put them in. Another place, a mirror, "
		       "may have it without";
	if (seal->has_others)
		return ". Other slots were passed over: there are more than a reader looks at, or "
		       "a newer release made them";
	return "";
}

/* Why none of the slots in SEAL opened. */
static enum bk_code cannot_open(
	const struct logfile *lf, const struct bk_seal *seal, struct bk_error *err)
{
	const struct bk_keyring *ring = lf->file.io->keys;
	const char *more = passed_over(seal);
	char list[200] = "", wrong[300] = "";

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t used = strlen(list), said = strlen(wrong);

		if (!has_kind(seal, kinds[i].kind))
			continue;
		snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", kinds[i].whom);
		if (bk_keyring_has(ring, kinds[i].kind))
			snprintf(wrong + said, sizeof wrong - said, "%s%s", said ? "; " : "",
				kinds[i].wrong);
	}
	if (!seal->count)
		return bk_fail(err, BK_E_SEALED, 0,
			"%s is sealed, and no slot is left in it that a key could open: another "
			"place, a mirror, may have it whole%s",
			lf->file.path, more);
	if (*wrong)
		return bk_fail(err, BK_E_SEALED, 0, "%s is sealed, and %s (it has slots for %s)%s",
			lf->file.path, wrong, list, more);
	return bk_fail(err, BK_E_SEALED, 0,
		bk_keyring_is_empty(ring) ? "%s is sealed, and no key was given: it opens for %s%s"
					  : "%s is sealed, and has no slot for what was given: it "
					    "opens for %s%s",
		lf->file.path, list, more);
}

static enum bk_code find_key(struct logfile *lf, struct bk_seal *seal, struct bk_error *err)
{
	size_t first;
	enum bk_code code = gather(seal, lf, false, err);

	if (!code)
		code = try_slots(lf, seal, 0, err);
	if (code || lf->key)
		return code;
	first = seal->count;
	code = gather(seal, lf, true, err);
	if (!code)
		code = try_slots(lf, seal, first, err);
	return !code && !lf->key ? cannot_open(lf, seal, err) : code;
}

enum bk_code bk_logfile_unseal(struct logfile *lf, struct bk_error *err)
{
	struct bk_seal *seal;
	enum bk_code code;

	if (!lf->header.is_sealed && bk_keyring_wants_sealed(lf->file.io->keys))
		return bk_fail(err, BK_E_FORMAT, 0,
			"%s is in the clear, and should be sealed: whoever can write there may "
			"have put another log in its place",
			lf->file.path);
	if (!lf->header.is_sealed)
		return BK_OK;
	code = bk_seal_of_key(&seal, NULL, err);
	if (code)
		return code;
	code = find_key(lf, seal, err);
	bk_seal_free(seal);
	return code;
}

enum bk_code bk_logfile_seal(
	struct bk_seal **out, const struct logfile *lf, bool all, struct bk_error *err)
{
	struct bk_seal *seal = NULL;
	enum bk_code code;

	*out = NULL;
	if (!lf->header.is_sealed)
		return BK_OK;
	code = bk_seal_of_key(&seal, lf->key, err);
	if (!code)
		code = gather(seal, lf, all, err);
	if (code) {
		bk_seal_free(seal);
		return code;
	}
	seal->is_padded = lf->header.is_padded;
	*out = seal;
	return BK_OK;
}
