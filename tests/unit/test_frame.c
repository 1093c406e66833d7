/* test_frame.c - the log's header and the head of a frame (docs/format.md, 1 to 3 and 9). */
#include "forge.h"
#include "frame.h"
#include <xxhash.h>

SUITE(frame);

static struct log_header some_header(uint8_t *bytes)
{
	struct log_header header = {.created_us = INT64_C(-1234567890123456)};

	for (uint8_t i = 0; i < LOG_ID_SIZE; i++) {
		header.id[i] = (uint8_t)(0xa0 + i);
		header.predecessor[i] = i;
	}
	bk_header_encode(bytes, &header);
	return header;
}

static void seal_header(uint8_t *bytes)
{
	forge_put(bytes, 8, XXH3_64bits(bytes + 8, 120));
}

/* Section 2, field by field. */
Test(frame, header_layout)
{
	uint8_t bytes[LOG_HEADER_SIZE], zeros[56] = {0};
	struct log_header header = some_header(bytes), read;

	cr_assert(forge_get(bytes, 8) == XXH3_64bits(bytes + 8, 120));
	cr_assert(memcmp(bytes + 8, "\x89\x42\x4b\x4c\x4f\x47\x0d\x0a", 8) == 0);
	cr_assert(forge_get(bytes + 16, 4) == 1 && forge_get(bytes + 20, 4) == 128);
	cr_assert(forge_get(bytes + 24, 4) == 0 && forge_get(bytes + 28, 4) == 0);
	cr_assert(memcmp(bytes + 32, header.id, 16) == 0);
	cr_assert((int64_t)forge_get(bytes + 48, 8) == header.created_us);
	cr_assert(memcmp(bytes + 56, header.predecessor, 16) == 0);
	cr_assert(forge_get(bytes + 72, 4) == 1, "the minor version");
	cr_assert(memcmp(bytes + 76, zeros, 52) == 0);
	ok(bk_header_decode(&read, bytes, sizeof bytes, "it", why()));
	cr_assert(memcmp(read.id, header.id, 16) == 0);
	cr_assert(memcmp(read.predecessor, header.predecessor, 16) == 0);
	cr_assert(read.created_us == header.created_us && read.sum == header.sum);
	cr_assert(read.seed == XXH3_64bits(header.id, 16), "the seed is XXH3 of the id");
}

/* Section 1, rule 1: "magic, its sum and its size fit"; section 2: format and flags. */
Test(frame, header_rules)
{
	static const struct {
		size_t at, size;
		uint64_t value;
		enum bk_code code;
	} cases[] = {
		{16, 4, 0, BK_E_FORMAT}, {16, 4, 2, BK_E_FORMAT}, {20, 4, 127, BK_E_FORMAT},
		{20, 4, 4096, BK_E_FORMAT}, {24, 4, 2, BK_E_FORMAT},
		{24, 4, 0x80000000, BK_E_FORMAT},
		{28, 4, 0xffffffff, BK_OK}, /* "flags that a reader may ignore" */
		{0, 8, 0, BK_E_DAMAGE},     /* the sum itself */
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[LOG_HEADER_SIZE];
		struct log_header read;

		some_header(bytes);
		forge_put(bytes + cases[i].at, cases[i].size, cases[i].value);
		if (cases[i].at)
			seal_header(bytes);
		cr_assert(code_is(bk_header_decode(&read, bytes, sizeof bytes, "it", why()),
				  cases[i].code),
			"case %zu: %s", i, why()->msg);
	}
}

Test(frame, any_flipped_bit_of_a_header_shows)
{
	for (size_t bit = 0; bit < LOG_HEADER_SIZE * 8; bit++) {
		uint8_t bytes[LOG_HEADER_SIZE];
		struct log_header read;

		some_header(bytes);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert(code_is(bk_header_decode(&read, bytes, sizeof bytes, "it", why()),
				  BK_E_DAMAGE),
			"bit %zu: %s", bit, why()->msg);
	}
}

Test(frame, what_is_no_log_says_so)
{
	uint8_t bytes[512] = {0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 2};
	struct log_header read;

	fails(BK_E_FORMAT, bk_header_decode(&read, bytes, sizeof bytes, "old.bkp", why()));
	says("older Python plugin");
	says("backup-cli import");
	bytes[35] = 7; /* so many records */
	bytes[30] = 1;
	fails(BK_E_FORMAT, bk_header_decode(&read, bytes, sizeof bytes, "old.bkp", why()));
	says("older Python plugin");
	memset(bytes, 'x', sizeof bytes);
	fails(BK_E_FORMAT, bk_header_decode(&read, bytes, sizeof bytes, "it", why()));
	says("it is not a backup log");
	some_header(bytes);
	for (size_t size = 0; size < LOG_HEADER_SIZE; size++)
		fails(BK_E_FORMAT, bk_header_decode(&read, bytes, size, "it", why()));
}

static size_t some_frame(uint8_t *bytes, struct frame_head *head, uint64_t seed)
{
	*head = (struct frame_head){.kind = FRAME_EVENT,
		.must = 0,
		.size = 20,
		.version = 0x89abcdef,
		.time_us = INT64_C(-987654321),
		.keyframe = 0x1122334455667788,
		.unsynced = 0x01020304,
		.chain = 0xfedcba98};
	memset(bytes + FRAME_HEAD_SIZE, 'p', head->size);
	bk_frame_finish(bytes, head, seed);
	return FRAME_HEAD_SIZE + head->size;
}

/* Section 3, field by field. */
Test(frame, frame_layout)
{
	uint8_t bytes[128];
	struct frame_head head, read;
	size_t size = some_frame(bytes, &head, 12345);

	cr_assert(forge_get(bytes + AT_SUM, 8) == XXH3_64bits_withSeed(bytes + 8, size - 8, 12345));
	cr_assert(memcmp(bytes + AT_MAGIC, "\xb7\x42\x4b\x46", 4) == 0);
	cr_assert(bytes[AT_KIND] == 6 && bytes[AT_MUST] == 0 && forge_get(bytes + AT_MAY, 2) == 0);
	cr_assert(forge_get(bytes + AT_SIZE, 4) == 20);
	cr_assert(forge_get(bytes + AT_VERSION, 4) == 0x89abcdef);
	cr_assert((int64_t)forge_get(bytes + AT_TIME, 8) == INT64_C(-987654321));
	cr_assert(forge_get(bytes + AT_KEYFRAME, 8) == 0x1122334455667788);
	cr_assert(forge_get(bytes + AT_UNSYNCED, 4) == 0x01020304);
	cr_assert(forge_get(bytes + AT_CHAIN, 4) == 0xfedcba98);
	cr_assert(bk_frame_plausible(&read, bytes) && bk_frame_intact(&read, bytes, 12345));
	cr_assert(read.sum == head.sum && read.kind == head.kind && read.must == head.must &&
		  read.size == head.size && read.version == head.version &&
		  read.time_us == head.time_us && read.keyframe == head.keyframe &&
		  read.unsynced == head.unsynced && read.chain == head.chain);
	cr_assert(bk_frame_understood(&read) && bk_frame_size(&read) == size);
}

/* Rule 2: the sum covers all bytes from offset 8 on, and is seeded. */
Test(frame, any_flipped_bit_of_a_frame_shows)
{
	uint8_t bytes[128];
	struct frame_head head, read;
	size_t size = some_frame(bytes, &head, 12345);

	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* A changed size leads past the buffer here; bk_walk_frame reads that much first.
		 */
		cr_assert((bit / 8 >= AT_SIZE && bit / 8 < AT_VERSION) ||
				  !bk_frame_plausible(&read, bytes) ||
				  !bk_frame_intact(&read, bytes, 12345),
			"bit %zu", bit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_assert(bk_frame_plausible(&read, bytes) && !bk_frame_intact(&read, bytes, 12346));
}

/* Section 9. */
Test(frame, limits)
{
	static const struct {
		uint8_t kind;
		uint64_t max;
	} cases[] = {{FRAME_CHANGE, (uint64_t)1 << 30}, {FRAME_PAGES, 4 << 20},
		{FRAME_MAP, 4 << 20}, {FRAME_KEYFRAME, 256 << 20}, {FRAME_REWIND, 16},
		{FRAME_EVENT, 64 << 10}, {0x80, 256 << 20}, {0xff, 256 << 20}};
	uint8_t bytes[128];
	struct frame_head head;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		some_frame(bytes, &head, 0);
		bytes[AT_KIND] = cases[i].kind;
		forge_put(bytes + AT_SIZE, 4, cases[i].max);
		cr_assert(bk_frame_plausible(&head, bytes), "case %zu", i);
		forge_put(bytes + AT_SIZE, 4, cases[i].max + 1);
		cr_assert(!bk_frame_plausible(&head, bytes), "case %zu", i);
	}
	some_frame(bytes, &head, 0);
	forge_put(bytes + AT_UNSYNCED, 4, (uint64_t)1 << 31);
	cr_assert(bk_frame_plausible(&head, bytes));
	forge_put(bytes + AT_UNSYNCED, 4, ((uint64_t)1 << 31) + 1);
	cr_assert(!bk_frame_plausible(&head, bytes));
}

/* "may: flags that a reader may ignore" */
Test(frame, may_flags_are_ignored)
{
	uint8_t bytes[128];
	struct frame_head head;
	size_t size = some_frame(bytes, &head, 5);

	forge_put(bytes + AT_MAY, 2, 0xffff);
	forge_put(bytes, 8, XXH3_64bits_withSeed(bytes + 8, size - 8, 5));
	cr_assert(bk_frame_plausible(&head, bytes) && bk_frame_intact(&head, bytes, 5));
	cr_assert(bk_frame_understood(&head));
}

/* "A reader that meets a must flag or a kind below 0x80 that it does not know refuses to read on
 * and says so; it skips a kind of 0x80 or more that it does not know." */
Test(frame, kinds_and_flags_that_are_understood)
{
	static const uint8_t known[9] = {[FRAME_CHANGE] = 0x1f, [FRAME_KEYFRAME] = 0x0f};

	for (unsigned kind = 0; kind < 256; kind++)
		for (unsigned must = 0; must < 256; must++) {
			struct frame_head head = {.kind = (uint8_t)kind, .must = (uint8_t)must};
			bool want = kind >= 1 && kind <= 8 ? !(must & ~(unsigned)known[kind])
							   : kind >= 0x80 && !must;

			cr_assert(
				bk_frame_understood(&head) == want, "kind %u must %u", kind, must);
		}
}
