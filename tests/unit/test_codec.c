/* test_codec.c - integers as they stand in the log (docs/format.md, 8). */
#include "codec.h"
#include "support.h"

SUITE(codec);

/* "All integers are little-endian." */
Test(codec, integers_are_little_endian)
{
	uint8_t bytes[14] = {0}, *at = bytes;
	static const uint8_t want[14] = {
		0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12};
	struct cursor cur = bk_cursor_of(bytes + 2, 12);

	at = bk_put_u16(at, 0x1234);
	at = bk_put_u32(at, 0x12345678);
	at = bk_put_u64(at, 0x123456789abcdef0);
	cr_assert(at == bytes + sizeof bytes && memcmp(bytes, want, sizeof bytes) == 0);
	cr_assert(bk_get_u32(&cur) == 0x12345678);
	cr_assert(bk_get_u64(&cur) == 0x123456789abcdef0);
	cr_assert(!cur.failed && !bk_cursor_left(&cur));
}

/* "seven bits a byte, lowest first, bit 7 set on all bytes but the last, at most ten bytes" */
Test(codec, numbers)
{
	static const struct {
		uint64_t value;
		size_t size;
		uint8_t bytes[10];
	} cases[] = {
		{0, 1, {0x00}},
		{1, 1, {0x01}},
		{127, 1, {0x7f}},
		{128, 2, {0x80, 0x01}},
		{300, 2, {0xac, 0x02}},
		{16383, 2, {0xff, 0x7f}},
		{16384, 3, {0x80, 0x80, 0x01}},
		{UINT32_MAX, 5, {0xff, 0xff, 0xff, 0xff, 0x0f}},
		{UINT64_MAX, 10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[NUMBER_SIZE_MAX];
		size_t size = (size_t)(bk_put_number(bytes, cases[i].value) - bytes);
		struct cursor cur = bk_cursor_of(cases[i].bytes, cases[i].size);

		cr_assert(size == cases[i].size && memcmp(bytes, cases[i].bytes, size) == 0,
			"case %zu", i);
		cr_assert(bk_get_number(&cur) == cases[i].value && !cur.failed &&
				  !bk_cursor_left(&cur),
			"case %zu", i);
	}
}

/* "the zigzag value: (n << 1) ^ (n >> 63)" */
Test(codec, signed_numbers)
{
	static const struct {
		int64_t value;
		uint64_t zigzag;
	} cases[] = {{0, 0}, {-1, 1}, {1, 2}, {-2, 3}, {63, 126}, {-64, 127}, {64, 128},
		{INT64_MAX, UINT64_MAX - 1}, {INT64_MIN, UINT64_MAX}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t as_signed[NUMBER_SIZE_MAX], as_number[NUMBER_SIZE_MAX];
		size_t size = (size_t)(bk_put_signed(as_signed, cases[i].value) - as_signed);
		struct cursor cur = bk_cursor_of(as_signed, size);

		cr_assert(bk_put_number(as_number, cases[i].zigzag) == as_number + size &&
				  memcmp(as_signed, as_number, size) == 0,
			"case %zu", i);
		cr_assert(bk_get_signed(&cur) == cases[i].value && !cur.failed, "case %zu", i);
	}
}

/* "at most ten bytes, none of them superfluous" */
Test(codec, numbers_that_are_none)
{
	static const struct {
		size_t size;
		uint8_t bytes[11];
	} cases[] = {
		{0, {0}},
		{1, {0x80}},
		{2, {0xff, 0xff}},
		{2, {0x80, 0x00}},       /* zero in two bytes */
		{3, {0x81, 0x80, 0x00}}, /* one in three */
		{10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}}, /* 65 bits */
		{10, {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}},
		{11, {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x81, 0x00}},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cursor cur = bk_cursor_of(cases[i].bytes, cases[i].size);

		cr_assert(bk_get_number(&cur) == 0 && cur.failed, "case %zu", i);
	}
}

/* decode(encode(x)) = x, over the lengths. */
Test(codec, any_number_comes_back)
{
	uint64_t seed = test_seed();

	for (unsigned i = 0; i < 100000; i++) {
		uint64_t value = random_next(&seed) >> (i % 64);
		uint8_t bytes[2 * NUMBER_SIZE_MAX], *end = bk_put_number(bytes, value);
		struct cursor cur;

		end = bk_put_signed(end, (int64_t)value);
		cur = bk_cursor_of(bytes, (size_t)(end - bytes));
		cr_assert(bk_get_number(&cur) == value && bk_get_signed(&cur) == (int64_t)value &&
				  !cur.failed && !bk_cursor_left(&cur),
			"%llu", (unsigned long long)value);
	}
}

/* "A get that would pass the end gives 0 and marks the cursor": and it stays marked. */
Test(codec, failure_is_sticky)
{
	static const uint8_t bytes[6] = {1, 2, 3, 4, 5, 6};
	struct cursor cur = bk_cursor_of(bytes, sizeof bytes);

	cr_assert(bk_get_u64(&cur) == 0 && cur.failed);
	cr_assert(bk_get_u32(&cur) == 0 && bk_get_number(&cur) == 0 && !bk_get_bytes(&cur, 1));
	cur = bk_cursor_of(bytes, sizeof bytes);
	cr_assert(bk_get_bytes(&cur, 6) == bytes && !cur.failed);
	cr_assert(bk_get_bytes(&cur, 0) && !cur.failed);
	cr_assert(!bk_get_bytes(&cur, 1) && cur.failed);
}
