/* test_wholefile.c - small files that are read and written as a whole (bk/wholefile.h). */
#include "support.h"
#include <bk/wholefile.h>
#include <errno.h>
#include <sys/stat.h>

SUITE(wholefile);

static bool holds(const char *path, const char *want)
{
	size_t size;
	uint8_t *bytes = file_bytes(path, &size);
	bool same = size == strlen(want) && memcmp(bytes, want, size) == 0;

	free(bytes);
	return same;
}

Test(wholefile, reads)
{
	struct test_io io;
	struct bk_buf buf;

	test_io_init(&io);
	io.part_max = 2;
	io.interrupted = 2;
	bk_buf_init(&buf, 8);
	put_file(scratch("f"), "12345", 5);
	ok(bk_wholefile_read(&buf, &io.io, scratch("f"), why()));
	cr_assert(buf.size == 5 && memcmp(buf.data, "12345", 5) == 0);
	fails(BK_E_LIMIT, bk_wholefile_read(&buf, &io.io, scratch("f"), why()));
	cr_assert_eq(buf.size, 5);
	put_file(scratch("f"), "678", 3); /* to the byte, behind what was there */
	ok(bk_wholefile_read(&buf, &io.io, scratch("f"), why()));
	cr_assert(buf.size == 8 && memcmp(buf.data, "12345678", 8) == 0);
	bk_buf_done(&buf);
	bk_buf_init(&buf, 8);
	put_file(scratch("f"), "", 0);
	ok(bk_wholefile_read(&buf, &io.io, scratch("f"), why()));
	cr_assert_eq(buf.size, 0);
	fails(BK_E_MISSING, bk_wholefile_read(&buf, &io.io, scratch("none"), why()));
	mkdir(scratch("dir"), 0700);
	fails(BK_E_IO, bk_wholefile_read(&buf, &io.io, scratch("dir"), why()));
	bk_buf_done(&buf);
}

Test(wholefile, replaces_and_makes)
{
	struct test_io io;
	struct stat st;

	test_io_init(&io);
	ok(bk_wholefile_replace(&io.io, scratch("f"), "old", 3, why()));
	cr_assert(holds(scratch("f"), "old"));
	put_file(scratch("f.new"), "left behind", 11);
	ok(bk_wholefile_replace(&io.io, scratch("f"), "newer", 5, why()));
	cr_assert(holds(scratch("f"), "newer") && !has_file(scratch("f.new")));
	cr_assert(stat(scratch("f"), &st) == 0 && (st.st_mode & 0777) == 0600);
	cr_assert(io.calls[OP_SYNC] == 2 && io.calls[OP_RENAME] == 2 && io.calls[OP_SYNC_DIR] == 2);
	cr_assert_eq(io.calls[OP_RENAME_NEW], 0);
	fails(BK_E_IO, bk_wholefile_replace(&io.io, scratch("none/f"), "x", 1, why()));
}

/* "after a crash or a failure the old or the new one stands there" */
Test(wholefile, what_the_system_refuses)
{
	static const struct {
		enum test_op op;
		int result;
		enum bk_code code;
		const char *left;
	} cases[] = {
		{OP_OPEN, -EACCES, BK_E_IO, "old"},
		{OP_LOCK, -ENOLCK, BK_E_IO, "old"},
		{OP_WRITE, -ENOSPC, BK_E_IO, "old"},
		{OP_SYNC, -EIO, BK_E_IO, "old"},
		{OP_RENAME, -EIO, BK_E_IO, "old"},
		{OP_SYNC_DIR, -EIO, BK_E_IO, "new"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct test_io io;

		test_io_init(&io);
		put_file(scratch("f"), "old", 3);
		test_io_fail(&io, cases[i].op, 1, cases[i].result);
		cr_assert(code_is(bk_wholefile_replace(&io.io, scratch("f"), "new", 3, why()),
				  cases[i].code),
			"case %zu: %s", i, why()->msg);
		cr_assert(holds(scratch("f"), cases[i].left) && !has_file(scratch("f.new")),
			"case %zu", i);
	}
}
