/* writer_slots.c - slots put into a log: those of a seal, and more of them later. */
#include "writer.h"
#include <string.h>

static enum bk_code put_slot(struct bk_writer *writer, const uint8_t *slot, struct bk_error *err)
{
	struct put put = {.kind = FRAME_SLOT,
		.version = writer->log->state.version,
		.time_us = bk_writer_now_us(writer)};
	struct bk_buf *frame = &writer->frame;
	uint64_t offset;
	enum bk_code code = bk_put_begin(frame, err);

	if (!code)
		code = bk_buf_append(frame, slot, SLOT_SIZE, err);
	if (code)
		return code;
	bk_slot_name(frame->data + FRAME_HEAD_SIZE, writer->log->lf.header.id);
	return bk_writer_put(writer, &put, frame, &offset, err);
}

enum bk_code bk_writer_put_slots(
	struct bk_writer *writer, const struct bk_seal *seal, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; seal && i < seal->count && !code; i++)
		code = put_slot(writer, seal->slots + i * SLOT_SIZE, err);
	return code;
}

/* A seal under way. */
struct adding {
	struct bk_seal *seal;
	const struct bk_io *io;
};

static enum bk_code add(void *ctx, const struct recipient *who, struct bk_error *err)
{
	const struct adding *adding = ctx;

	return bk_seal_add_recipient(adding->seal, who, adding->io, err);
}

/* Whether a reader would not try a slot of SEAL, behind those that are THERE, for what it costs. */
static enum bk_code check_cost(const struct logfile *lf, struct bk_seal *there,
	const struct bk_seal *seal, struct bk_error *err)
{
	size_t first = there->count;
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < seal->count && !code; i++)
		code = bk_seal_add(there, seal->slots + i * SLOT_SIZE, err);
	for (size_t i = first; i < there->count && !code; i++)
		if (bk_seal_is_costly(there, i))
			code = bk_fail(err, BK_E_LIMIT, 0,
				"%s has so many slots for a passphrase that a reader would not "
				"come to it: each costs, and all together may cost as much as 8. "
				"backup-cli key remove takes one away, and with it those that were "
				"not made with the log's key",
				lf->file.path);
	return code;
}

/* A reader looks at so many, and would never come to more. */
static enum bk_code check_room(
	const struct logfile *lf, const struct bk_seal *seal, struct bk_error *err)
{
	struct bk_seal *there;
	enum bk_code code = bk_logfile_seal(&there, lf, true, err);

	if (code)
		return code;
	if (there->count + seal->count > LOG_SLOTS_MAX)
		code = bk_fail(err, BK_E_LIMIT, 0,
			"%s has %zu slots, and can have %d: backup-cli key remove takes one away, "
			"and "
			"with it those that were not made with the log's key",
			lf->file.path, there->count, LOG_SLOTS_MAX);
	if (!code)
		code = check_cost(lf, there, seal, err);
	bk_seal_free(there);
	return code;
}

enum bk_code bk_writer_add_slots(
	struct bk_writer *writer, const struct bk_keyring *ring, struct bk_error *err)
{
	const struct logfile *lf = &writer->log->lf;
	struct adding adding = {.io = lf->file.io};
	enum bk_code code;

	if (!lf->header.is_sealed)
		return bk_fail(err, BK_E_INVALID, 0,
			"%s is in the clear, and has no slots: backup-cli compact --seal makes a "
			"sealed log of it",
			lf->file.path);
	code = bk_seal_of_key(&adding.seal, lf->key, err);
	if (!code)
		code = bk_keyring_recipients(ring, adding.io, add, &adding, err);
	if (!code)
		code = check_room(lf, adding.seal, err);
	if (!code)
		code = bk_writer_put_slots(writer, adding.seal, err);
	if (!code)
		code = bk_writer_sync(writer, err);
	bk_seal_free(adding.seal);
	return code;
}
