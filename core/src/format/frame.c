/* frame.c - the log's header and the head of a frame. */
#include "frame.h"
#include "codec.h"
#include "hex.h"
#include <string.h>
#include <xxhash.h>

#define HEADER_MAGIC                                                                               \
	"\x89"                                                                                     \
	"BKLOG\r\n"
#define MAGIC_SIZE 8

#define MUST_SEALED 0x01
#define MAY_PADDED  0x01

void bk_header_encode(uint8_t *out, struct log_header *header)
{
	uint8_t *at = out + 8;

	memset(out, 0, LOG_HEADER_SIZE);
	memcpy(at, HEADER_MAGIC, MAGIC_SIZE);
	at = bk_put_u32(at + MAGIC_SIZE, LOG_FORMAT);
	at = bk_put_u32(at, LOG_HEADER_SIZE);
	bk_put_u32(out + 24, header->is_sealed ? MUST_SEALED : 0);
	bk_put_u32(out + 28, header->is_padded ? MAY_PADDED : 0);
	memcpy(out + 32, header->id, LOG_ID_SIZE);
	bk_put_u64(out + 48, (uint64_t)header->created_us);
	memcpy(out + 56, header->predecessor, LOG_ID_SIZE);
	header->minor = LOG_MINOR;
	bk_put_u32(out + 72, LOG_MINOR);
	header->sum = XXH3_64bits(out + 8, LOG_HEADER_SIZE - 8);
	header->seed = XXH3_64bits(header->id, LOG_ID_SIZE);
	bk_put_u64(out, header->sum);
}

/* The older Python plugin's file begins with a big-endian 1; its header of 36 bytes, of which the
 * last eight count its records, is followed by zeros up to byte 511. */
static bool is_older_plugin(const uint8_t *data, size_t size)
{
	static const uint8_t zeros[64];
	const size_t header = 36;

	return size >= header + sizeof zeros && memcmp(data, "\0\0\0\1", 4) == 0 &&
	       memcmp(data + header, zeros, sizeof zeros) == 0;
}

/* How many of the 16 bytes that every header of this format has in common are there. */
static unsigned bytes_in_common(const uint8_t *data)
{
	uint8_t common[16];
	unsigned count = 0;

	memcpy(common, HEADER_MAGIC, MAGIC_SIZE);
	bk_put_u32(bk_put_u32(common + MAGIC_SIZE, LOG_FORMAT), LOG_HEADER_SIZE);
	for (size_t i = 0; i < sizeof common; i++)
		count += data[8 + i] == common[i];
	return count;
}

enum bk_code bk_header_decode(struct log_header *header, const uint8_t *data, size_t size,
	const char *name, struct bk_error *err)
{
	/* With so many bytes right it was a header once. */
	const unsigned enough = 12;

	if (is_older_plugin(data, size))
		return bk_fail(err, BK_E_FORMAT, 0,
			"%s is a file of the older Python plugin, not a log of this one: to make a "
			"log of it, with all its versions, run: backup-cli import",
			name);
	if (size < LOG_HEADER_SIZE || bytes_in_common(data) < enough)
		return bk_fail(err, BK_E_FORMAT, 0, "%s is not a backup log", name);
	header->sum = bk_load_u64(data);
	if (header->sum != XXH3_64bits(data + 8, LOG_HEADER_SIZE - 8))
		return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged at offset 0: its header", name);
	if (bytes_in_common(data) < 16 || (bk_load_u32(data + 24) & ~(uint32_t)MUST_SEALED))
		return bk_fail(err, BK_E_FORMAT, 0,
			"%s has format %u with flags 0x%x; this program reads format %u: use a "
			"newer "
			"release",
			name, bk_load_u32(data + 16), bk_load_u32(data + 24), LOG_FORMAT);
	header->is_sealed = bk_load_u32(data + 24) & MUST_SEALED;
	header->is_padded = bk_load_u32(data + 28) & MAY_PADDED;
	memcpy(header->id, data + 32, LOG_ID_SIZE);
	header->created_us = (int64_t)bk_load_u64(data + 48);
	memcpy(header->predecessor, data + 56, LOG_ID_SIZE);
	header->minor = bk_load_u32(data + 72);
	header->seed = XXH3_64bits(header->id, LOG_ID_SIZE);
	return BK_OK;
}

bool bk_header_from_id(struct log_header *header, const uint8_t *text, size_t size)
{
	*header = (struct log_header){0};
	if (size < 2 * LOG_ID_SIZE ||
		!bk_hex_decode(header->id, (const char *)text, 2 * LOG_ID_SIZE))
		return false;
	header->seed = XXH3_64bits(header->id, LOG_ID_SIZE);
	return true;
}

void bk_frame_head_encode(uint8_t *frame, const struct frame_head *head)
{
	uint8_t *at = frame + 8;

	memcpy(at, FRAME_MAGIC, 4);
	at += 4;
	*at++ = head->kind;
	*at++ = head->must;
	at = bk_put_u16(at, head->may);
	at = bk_put_u32(at, head->size);
	at = bk_put_u32(at, head->version);
	at = bk_put_u64(at, (uint64_t)head->time_us);
	at = bk_put_u64(at, head->keyframe);
	at = bk_put_u32(at, head->unsynced);
	bk_put_u32(at, head->chain);
}

void bk_frame_finish(uint8_t *frame, struct frame_head *head, uint64_t seed)
{
	bk_frame_head_encode(frame, head);
	head->sum = XXH3_64bits_withSeed(frame + 8, (size_t)bk_frame_size(head) - 8, seed);
	bk_put_u64(frame, head->sum);
}

uint32_t bk_payload_max(uint8_t kind)
{
	switch (kind) {
	case FRAME_CHANGE:
		return PAYLOAD_CHANGE_MAX;
	case FRAME_PAGES:
	case FRAME_MAP:
		return PAYLOAD_PIECE_MAX;
	case FRAME_REWIND:
	case FRAME_SUCCEEDED:
		return PAYLOAD_REWIND_SIZE;
	case FRAME_EVENT:
	case FRAME_SLOT:
		return PAYLOAD_EVENT_MAX;
	default:
		return PAYLOAD_KEYFRAME_MAX;
	}
}

/* What may stand in the file as the payload of such a frame. */
static uint32_t size_max(const struct frame_head *head)
{
	uint32_t max = bk_payload_max(head->kind);

	return head->must & FRAME_SEALED ? max + max / 8 + SEALED_MORE : max;
}

bool bk_frame_plausible(struct frame_head *head, const uint8_t *frame)
{
	head->sum = bk_load_u64(frame);
	head->kind = frame[12];
	head->must = frame[13];
	head->may = (uint16_t)(frame[14] | frame[15] << 8);
	head->size = bk_load_u32(frame + 16);
	head->extra = 0;
	head->version = bk_load_u32(frame + 20);
	head->time_us = (int64_t)bk_load_u64(frame + 24);
	head->keyframe = bk_load_u64(frame + 32);
	head->unsynced = bk_load_u32(frame + 40);
	head->chain = bk_load_u32(frame + 44);
	return memcmp(frame + 8, FRAME_MAGIC, 4) == 0 && head->size <= size_max(head) &&
	       head->unsynced <= UNSYNCED_MAX;
}

bool bk_frame_intact(const struct frame_head *head, const uint8_t *frame, uint64_t seed)
{
	return head->sum == XXH3_64bits_withSeed(frame + 8, (size_t)bk_frame_size(head) - 8, seed);
}

bool bk_frame_understood(const struct frame_head *head)
{
	switch (head->kind) {
	case FRAME_CHANGE:
		return !(head->must & ~CHANGE_FLAGS);
	case FRAME_KEYFRAME:
		return !(head->must & ~KEYFRAME_FLAGS);
	case FRAME_PAGES:
	case FRAME_MAP:
	case FRAME_REWIND:
	case FRAME_EVENT:
	case FRAME_SUCCEEDED:
	case FRAME_SLOT:
		return !head->must;
	default:
		return head->kind >= 0x80 && !head->must;
	}
}

enum bk_code bk_frame_senseless(const char *what, uint64_t offset, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0,
		"the log is damaged at offset %llu: the %s there makes no sense",
		(unsigned long long)offset, what);
}
