/* test_file.c - an open file behind the I/O seam (file.h). */
#include "file.h"
#include "support.h"
#include <errno.h>

SUITE(file);

Test(file, reads_and_writes_all)
{
	struct test_io io;
	struct file file;
	char text[40] = "";
	size_t done;

	test_io_init(&io);
	io.part_max = 3;
	io.interrupted = 5;
	ok(bk_file_open(&file, &io.io, scratch("f"), BK_IO_CREATE, why()));
	ok(bk_file_write(&file, "hello, world", 12, 0, why()));
	io.interrupted = 2;
	ok(bk_file_write(&file, "W", 1, 7, why()));
	ok(bk_file_read(&file, text, 5, 7, &done, why()));
	cr_assert(done == 5 && strcmp(text, "World") == 0);
	io.interrupted = 2;
	ok(bk_file_read(&file, text, sizeof text, 3, &done, why()));
	cr_assert(done == 9, "fewer only at the end of the file");
	ok(bk_file_read(&file, text, sizeof text, 100, &done, why()));
	cr_assert(done == 0);
	bk_file_close(&file);
	cr_assert(file.fd == -1 && !file.path);
	bk_file_close(&file);
}

Test(file, opening)
{
	static const struct {
		int result;
		enum bk_code code;
	} cases[] = {{-ENOENT, BK_E_MISSING}, {-EEXIST, BK_E_EXISTS}, {-ENOMEM, BK_E_NOMEM},
		{-EACCES, BK_E_IO}, {-EMFILE, BK_E_IO}};
	struct test_io io;
	struct file file;

	test_io_init(&io);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		test_io_fail(&io, OP_OPEN, 1, cases[i].result);
		cr_assert(code_is(bk_file_open(&file, &io.io, scratch("f"), BK_IO_CREATE, why()),
				  cases[i].code),
			"case %zu", i);
		says(scratch("f"));
		cr_assert(file.fd == -1 && why()->sys_errno == -cases[i].result);
	}
	fails(BK_E_MISSING, bk_file_open(&file, &io.io, scratch("f"), BK_IO_READ, why()));
	fails(BK_E_MISSING, bk_file_open(&file, &io.io, scratch("f"), BK_IO_WRITE, why()));
	ok(bk_file_open(&file, &io.io, scratch("f"), BK_IO_CREATE, why()));
	bk_file_close(&file);
	fails(BK_E_EXISTS, bk_file_open(&file, &io.io, scratch("f"), BK_IO_CREATE, why()));
}

/* "whose failures say path and offset" */
Test(file, failures)
{
	struct test_io io;
	struct bk_io_stat st;
	struct file file;
	char text[10];
	size_t done;

	test_io_init(&io);
	ok(bk_file_open(&file, &io.io, scratch("f"), BK_IO_CREATE, why()));
	io.part_max = 4;
	test_io_fail(&io, OP_WRITE, 2, -ENOSPC);
	fails(BK_E_IO, bk_file_write(&file, "0123456789", 10, 100, why()));
	says("at offset 104: No space left on device");
	cr_assert(why()->sys_errno == ENOSPC);
	test_io_fail(&io, OP_WRITE, 1, 0); /* a file system that takes nothing and says nothing */
	fails(BK_E_IO, bk_file_write(&file, "0123456789", 10, 0, why()));
	test_io_fail(&io, OP_READ, 2, -EIO);
	ok(bk_file_write(&file, "0123456789", 10, 0, why()));
	fails(BK_E_IO, bk_file_read(&file, text, 10, 0, &done, why()));
	says("at offset 4");
	test_io_fail(&io, OP_TRUNCATE, 1, -EIO);
	fails(BK_E_IO, bk_file_truncate(&file, 3, why()));
	test_io_fail(&io, OP_STAT, 1, -EIO);
	fails(BK_E_IO, bk_file_stat(&file, &st, why()));
	ok(bk_file_truncate(&file, 3, why()));
	ok(bk_file_stat(&file, &st, why()));
	cr_assert(st.size == 3 && !st.is_directory);
	test_io_fail(&io, OP_OPEN_TEMP, 1, -ENOSPC);
	bk_file_close(&file);
	fails(BK_E_IO, bk_file_open_temp(&file, &io.io, "/tmp", why()));
	cr_assert(file.fd == -1);
}

/* "any other failure is final, and never retried" */
Test(file, a_failed_sync_is_not_retried)
{
	struct test_io io;
	struct file file;

	test_io_init(&io);
	ok(bk_file_open(&file, &io.io, scratch("f"), BK_IO_CREATE, why()));
	io.interrupted = 3;
	ok(bk_file_sync(&file, why()));
	cr_assert(io.calls[OP_SYNC] == 1);
	test_io_fail(&io, OP_SYNC, 1, -EIO);
	fails(BK_E_IO, bk_file_sync(&file, why()));
	cr_assert(io.calls[OP_SYNC] == 2);
	bk_file_close(&file);
}

/* "syncs the directory it stands in" */
static const char *synced;

static int note_sync(void *ctx, const char *dir)
{
	static char copy[300];

	(void)ctx;
	snprintf(copy, sizeof copy, "%s", dir);
	synced = copy;
	return 0;
}

Test(file, names_are_synced_where_they_stand)
{
	static const struct {
		const char *path, *dir;
	} cases[] = {{"/a/b/c", "/a/b"}, {"c", "."}, {"/c", "/"}, {"a/b", "a"}, {"./x", "."}};
	struct test_io io;

	test_io_init(&io);
	test_io_fail(&io, OP_SYNC_DIR, 1, -EIO);
	fails(BK_E_IO, bk_file_sync_name(&io.io, "/a/b", why()));
	says("the directory /a");
	io.ops.sync_dir = note_sync;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		ok(bk_file_sync_name(&io.io, cases[i].path, why()));
		cr_assert(strcmp(synced, cases[i].dir) == 0, "%s: %s", cases[i].path, synced);
	}
}

/* "DIR, or if that is NULL $TMPDIR, or /var/tmp" */
Test(file, where_temporary_files_go)
{
	unsetenv("TMPDIR");
	cr_assert(strcmp(bk_file_spill_dir("/here"), "/here") == 0);
	cr_assert(strcmp(bk_file_spill_dir(NULL), "/var/tmp") == 0);
	setenv("TMPDIR", "/there", 1);
	cr_assert(strcmp(bk_file_spill_dir("/here"), "/here") == 0);
	cr_assert(strcmp(bk_file_spill_dir(NULL), "/there") == 0);
	setenv("TMPDIR", "", 1);
	cr_assert(strcmp(bk_file_spill_dir(NULL), "/var/tmp") == 0);
}
