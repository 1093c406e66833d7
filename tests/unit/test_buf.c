/* test_buf.c - bytes borrowed, and bytes owned (bk/buf.h). */
#include "support.h"

SUITE(buf);

Test(buf, appends_and_grows)
{
	struct bk_buf buf;

	bk_buf_init(&buf, 10000);
	for (unsigned i = 0; i < 1000; i++)
		ok(bk_buf_append(&buf, "0123456789", 10, why()));
	cr_assert(buf.size == 10000 && buf.capacity <= buf.max);
	cr_assert(memcmp(buf.data + 9990, "0123456789", 10) == 0);
	bk_buf_done(&buf);
	cr_assert(!buf.data && !buf.size);
}

/* "a growth beyond fails with BK_E_LIMIT", and "BUF is then as it was". */
Test(buf, never_grows_past_its_maximum)
{
	static const struct {
		size_t size, more;
		enum bk_code code;
	} cases[] = {{0, 100, BK_OK}, {0, 101, BK_E_LIMIT}, {60, 40, BK_OK}, {60, 41, BK_E_LIMIT},
		{100, 0, BK_OK}, {100, 1, BK_E_LIMIT}, {60, SIZE_MAX, BK_E_LIMIT},
		{60, SIZE_MAX - 59, BK_E_LIMIT}};
	static const char zeros[101];

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bk_buf buf;

		bk_buf_init(&buf, 100);
		ok(bk_buf_append(&buf, zeros, cases[i].size, why()));
		cr_assert(code_is(bk_buf_reserve(&buf, cases[i].more, why()), cases[i].code),
			"case %zu: %s", i, why()->msg);
		cr_assert(buf.size == cases[i].size && buf.capacity <= 100, "case %zu", i);
		bk_buf_done(&buf);
	}
}

Test(buf, empty_appends_need_no_data)
{
	struct bk_buf buf;

	bk_buf_init(&buf, 0);
	ok(bk_buf_append(&buf, NULL, 0, why()));
	cr_assert(buf.size == 0);
	fails(BK_E_LIMIT, bk_buf_append(&buf, "x", 1, why()));
	bk_buf_done(&buf);
}

Test(buf, consume_drops_from_the_front)
{
	struct bk_buf buf;

	bk_buf_init(&buf, 100);
	ok(bk_buf_append(&buf, "abcdef", 6, why()));
	bk_buf_consume(&buf, 0);
	bk_buf_consume(&buf, 2);
	cr_assert(buf.size == 4 && memcmp(buf.data, "cdef", 4) == 0);
	bk_buf_consume(&buf, 4);
	cr_assert(buf.size == 0);
	bk_buf_done(&buf);
}

Test(buf, clear_gives_back_only_what_is_over)
{
	struct bk_buf buf;

	bk_buf_init(&buf, 1 << 20);
	ok(bk_buf_reserve(&buf, 5000, why()));
	buf.size = 5000;
	bk_buf_clear(&buf, 1 << 20);
	cr_assert(buf.size == 0 && buf.capacity >= 5000);
	bk_buf_clear(&buf, 100);
	cr_assert(buf.size == 0 && buf.capacity == 0 && !buf.data);
	ok(bk_buf_append(&buf, "x", 1, why()));
	bk_buf_done(&buf);
}
