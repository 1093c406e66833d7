/* fuzz_sealed.c - what of a sealed log is read before anything is known to be right: slots, files
 * of age, key files, hsm_secret, words; and sealed frames, also what one who has the key could put.
 */
#include "bech32.h"
#include "fuzz.h"
#include "hsm.h"
#include "keyring.h"
#include "sealed.h"
#include <string.h>
#include <strings.h>

#define OFFSET 4096

static int draw(void *ctx, void *data, size_t size)
{
	uint8_t *next = ctx;

	memset(data, ++*next, size);
	return 0;
}

static const struct bk_io_ops ops = {.random = draw};
static uint8_t drawn;
static const struct bk_io io = {.ops = &ops, .ctx = &drawn};

/* For one input: what a key holds is not seen by the leak sanitizer while the key stands in secret
 * memory. */
static struct log_key *key_now;

static void make_key(void)
{
	static const uint8_t bytes[SECRET_SIZE] = {1, 2, 3};

	key_now = bk_logkey_new(bytes);
	REQUIRE(key_now);
}

static void flip_any(uint8_t *bytes, size_t size, uint64_t at)
{
	bytes[at % (size * 8) / 8] ^= (uint8_t)(1u << at % 8);
}

/* Closed, a frame opens as it was; and not once a bit is another, or elsewhere. */
static void check_frame(const uint8_t *data, size_t size, bool is_padded)
{
	struct log_header header = {.is_sealed = true, .is_padded = is_padded};
	const struct sealing sealing = {&header, key_now};
	struct frame_head head = {0}, back, bad;
	uint8_t *plain = malloc(2 * size + 4096);
	struct bk_buf frame;
	struct bk_error err;

	REQUIRE(plain);
	bk_buf_init(&frame, 4 * size + 4096);
	bk_frame_plausible(&head, data);
	head.kind = FRAME_CHANGE;
	head.must &= CHANGE_FLAGS;
	head.extra = 0;
	head.unsynced &= UNSYNCED_MAX - 1;
	head.size = (uint32_t)(size - FRAME_HEAD_SIZE);
	REQUIRE(!bk_frame_close(
		&frame, &head, data + FRAME_HEAD_SIZE, OFFSET, &sealing, &io, &err));
	REQUIRE(frame.size == bk_frame_size(&head));
	REQUIRE(bk_frame_plausible(&back, frame.data) &&
		bk_frame_intact(&back, frame.data, OFFSET));
	bad = back;
	REQUIRE(!bk_frame_open(plain, &back, frame.data, OFFSET, &sealing));
	REQUIRE(back.size == head.size && back.extra == head.extra && back.must == head.must);
	REQUIRE(memcmp(plain, data + FRAME_HEAD_SIZE, head.size) == 0);
	back = bad;
	REQUIRE(bk_frame_open(plain, &back, frame.data, OFFSET + 1, &sealing));
	flip_any(frame.data + 12, frame.size - 12, head.sum);
	back = bad;
	REQUIRE(bk_frame_open(plain, &back, frame.data, OFFSET, &sealing));
	bk_buf_done(&frame);
	free(plain);
}

/* One with the key says that it was filled up, and ends in anything. */
static void check_wrong_pad(const uint8_t *data, size_t size)
{
	struct log_header header = {.is_sealed = true};
	const struct sealing sealing = {&header, key_now};
	struct frame_head head = {
		.kind = FRAME_EVENT, .must = FRAME_PADDED, .size = (uint32_t)size};
	uint8_t *plain = malloc(size + 4096);
	struct bk_buf frame;
	struct bk_error err;

	bk_buf_init(&frame, size + 4096);
	REQUIRE(plain && !bk_frame_close(&frame, &head, data, OFFSET, &sealing, &io, &err));
	if (bk_frame_plausible(&head, frame.data) &&
		!bk_frame_open(plain, &head, frame.data, OFFSET, &sealing))
		REQUIRE(head.size <= size && head.size <= PAYLOAD_EVENT_MAX);
	bk_buf_done(&frame);
	free(plain);
}

static struct bk_keyring *some_ring(void)
{
	static struct bk_keyring *ring;
	static const char digits[] =
		"7777777777777777777777777777777777777777777777777777777777777777";
	struct bk_error err;

	if (!ring)
		REQUIRE(!bk_keyring_new(&ring, &err) &&
			!bk_keyring_add_secret(ring, digits, sizeof digits - 1, &err));
	return ring;
}

/* A slot of anybody's, and ours with DATA over it. */
static void check_slot(const uint8_t *data, size_t size)
{
	uint8_t slot[SLOT_SIZE] = {0}, key_bytes[SECRET_SIZE], identity[SECRET_SIZE] = {9};
	struct recipient who = {.kind = SLOT_SEED};
	struct log_key *key;
	struct bk_error err;

	bk_slot_is_right(data, size);
	bk_age_recipient(who.point, identity);
	REQUIRE(!bk_slot_make(slot, key_now, &who, &io, &err));
	key = bk_slot_open(slot, identity);
	REQUIRE(bk_logkey_same(key, key_now));
	bk_logkey_drop(key);
	for (size_t i = 0; i < size; i++)
		slot[(20 + i) % SLOT_SIZE] ^= data[i];
	if (bk_slot_is_right(slot, sizeof slot) && !bk_keyring_open(some_ring(), slot, &key, &err))
		REQUIRE(!key);
	if (size >= AGE_SIZE)
		REQUIRE(!bk_age_open(key_bytes, data, identity));
}

static void check_texts(const uint8_t *data, size_t size)
{
	char words[WORDS_MAX + 1], text[BECH32_TEXT];
	uint8_t seed[SEED_SIZE_MAX], bytes[SECRET_SIZE];
	size_t seed_size = 0;
	struct bk_error err = {0};
	unsigned count = bk_words_plain(words, (const char *)data, size);

	REQUIRE(strlen(words) <= WORDS_MAX && (count > 0) == (*words != '\0'));
	if (size < 200 && bk_hsm_seed(seed, &seed_size, data, size, NULL, &err))
		REQUIRE(*err.msg);
	REQUIRE(seed_size <= SEED_SIZE_MAX);
	if (bk_bech32_decode(bytes, AGE_RECIPIENT, (const char *)data, size)) {
		bk_bech32_encode(text, AGE_RECIPIENT, bytes);
		REQUIRE(strlen(text) == size && strncasecmp(text, (const char *)data, size) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	make_key();
	if (size >= FRAME_HEAD_SIZE) {
		check_frame(data, size, false);
		check_frame(data, size, true);
	}
	check_wrong_pad(data, size);
	check_slot(data, size);
	check_texts(data, size);
	bk_logkey_drop(key_now);
	return 0;
}
