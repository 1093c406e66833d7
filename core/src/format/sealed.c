/* sealed.c - frames of a sealed log. */
#include "sealed.h"
#include "codec.h"
#include <string.h>

#define KEEP ((size_t)1 << 20) /* memory kept between calls */

/* What is sealed with a payload: the log's id, the offset, and the head from its kind on. */
#define HEAD_FROM 12
#define WITH_SIZE (LOG_ID_SIZE + 8 + FRAME_HEAD_SIZE - HEAD_FROM)

/* Behind what fills a payload up: how much that is, these bytes too. */
#define PAD_COUNT 4

static void gather(
	uint8_t *with, const uint8_t *frame, uint64_t offset, const struct log_header *header)
{
	memcpy(with, header->id, LOG_ID_SIZE);
	bk_put_u64(with + LOG_ID_SIZE, offset);
	memcpy(with + LOG_ID_SIZE + 8, frame + HEAD_FROM, FRAME_HEAD_SIZE - HEAD_FROM);
}

static unsigned bits_of(size_t value)
{
	unsigned bits = 0;

	for (; value; value >>= 1)
		bits++;
	return bits;
}

/* SIZE rounded up so that few sizes are left: of its bits as many may be other than zero as it
 * takes to say how many it has (the rule of Padme). It is at most an eighth more. */
static size_t padded_size(size_t size)
{
	unsigned bits = bits_of(size) - 1, zeros = bits - bits_of(bits);
	size_t mask = ((size_t)1 << zeros) - 1;

	return bits_of(bits) >= bits ? size : (size + mask) & ~mask;
}

/* Appends what fills PLAIN up. */
static enum bk_code pad(struct bk_buf *plain, struct bk_error *err)
{
	size_t size = padded_size(plain->size + PAD_COUNT), more = size - plain->size;
	enum bk_code code = bk_buf_reserve(plain, more, err);

	if (code)
		return code;
	memset(plain->data + plain->size, 0, more);
	plain->size = size;
	bk_put_u32(plain->data + size - PAD_COUNT, (uint32_t)more);
	return BK_OK;
}

static enum bk_code close_plain(struct bk_buf *out, struct frame_head *head, const uint8_t *plain,
	size_t size, uint64_t offset, const struct sealing *sealing, const struct bk_io *io,
	struct bk_error *err)
{
	struct frame_head stands = *head;
	uint8_t with[WITH_SIZE];
	enum bk_code code;

	bk_buf_clear(out, KEEP);
	code = bk_buf_reserve(out, FRAME_HEAD_SIZE + size + SEAL_SIZE, err);
	if (code)
		return code;
	out->size = FRAME_HEAD_SIZE + size + SEAL_SIZE;
	stands.must |= FRAME_SEALED | (size > head->size ? FRAME_PADDED : 0);
	stands.size = (uint32_t)(size + SEAL_SIZE);
	bk_frame_head_encode(out->data, &stands);
	gather(with, out->data, offset, sealing->header);
	code = bk_logkey_seal(
		sealing->key, io, out->data + FRAME_HEAD_SIZE, plain, size, with, sizeof with, err);
	if (code)
		return code;
	bk_frame_finish(out->data, &stands, sealing->header->seed + offset);
	head->sum = stands.sum;
	head->extra = stands.size - head->size;
	return BK_OK;
}

enum bk_code bk_frame_close(struct bk_buf *out, struct frame_head *head, const uint8_t *payload,
	uint64_t offset, const struct sealing *sealing, const struct bk_io *io,
	struct bk_error *err)
{
	struct bk_buf plain;
	enum bk_code code;

	if (!sealing->header->is_padded)
		return close_plain(out, head, payload, head->size, offset, sealing, io, err);
	bk_buf_init(&plain, out->max);
	code = bk_buf_append(&plain, payload, head->size, err);
	if (!code)
		code = pad(&plain, err);
	if (!code)
		code = close_plain(out, head, plain.data, plain.size, offset, sealing, io, err);
	bk_buf_done(&plain);
	return code;
}

/* What of SIZE bytes is payload; more than SIZE if it cannot be told. */
static size_t without_pad(const uint8_t *plain, size_t size)
{
	uint32_t more = size < PAD_COUNT ? 0 : bk_load_u32(plain + size - PAD_COUNT);

	return more < PAD_COUNT || more > size ? size + 1 : size - more;
}

const char *bk_frame_open(uint8_t *out, struct frame_head *head, const uint8_t *frame,
	uint64_t offset, const struct sealing *sealing)
{
	uint8_t with[WITH_SIZE];
	size_t size;

	if (!(head->must & FRAME_SEALED))
		return "a frame stands there in the clear, in a sealed log: whoever put it there "
		       "did not have the key";
	gather(with, frame, offset, sealing->header);
	if (!bk_logkey_open(
		    sealing->key, out, frame + FRAME_HEAD_SIZE, head->size, with, sizeof with))
		return "the frame was not sealed with the log's key, or not for this place: "
		       "whoever put it there did not have the key";
	size = head->size - SEAL_SIZE;
	if (head->must & FRAME_PADDED)
		size = without_pad(out, size);
	if (size > head->size - SEAL_SIZE || size > bk_payload_max(head->kind))
		return "the sealed frame makes no sense";
	head->extra = head->size - (uint32_t)size;
	head->size = (uint32_t)size;
	head->must &= (uint8_t) ~(FRAME_SEALED | FRAME_PADDED);
	return NULL;
}
