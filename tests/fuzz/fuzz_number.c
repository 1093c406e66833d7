/* fuzz_number.c - the numbers of the log: one value has one encoding. */
#include "codec.h"
#include "fuzz.h"
#include <string.h>

static void check_round_trip(uint64_t value)
{
	uint8_t bytes[NUMBER_SIZE_MAX];
	struct cursor cur = bk_cursor_of(bytes, (size_t)(bk_put_number(bytes, value) - bytes));

	REQUIRE(bk_get_number(&cur) == value && !cur.failed && !bk_cursor_left(&cur));
	cur = bk_cursor_of(bytes, (size_t)(bk_put_signed(bytes, (int64_t)value) - bytes));
	REQUIRE(bk_get_signed(&cur) == (int64_t)value && !cur.failed && !bk_cursor_left(&cur));
}

/* What a cursor takes is what would be written. */
static void check_canonical(const uint8_t *data, size_t size)
{
	struct cursor cur = bk_cursor_of(data, size);

	while (bk_cursor_left(&cur)) {
		const uint8_t *start = cur.at;
		uint64_t value = bk_get_number(&cur);
		uint8_t bytes[NUMBER_SIZE_MAX];
		size_t length;

		if (cur.failed) {
			REQUIRE(value == 0 && bk_get_u32(&cur) == 0 && bk_get_signed(&cur) == 0);
			return;
		}
		length = (size_t)(bk_put_number(bytes, value) - bytes);
		REQUIRE(length == (size_t)(cur.at - start) && memcmp(bytes, start, length) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 8 <= size; i += 8)
		check_round_trip(bk_load_u64(data + i));
	check_canonical(data, size);
	return 0;
}
