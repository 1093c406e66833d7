/* test_newfile.c - a file that appears at its path whole and durable, or not at all (newfile.h). */
#include "newfile.h"
#include "support.h"
#include <errno.h>

SUITE(newfile);

static void check_bytes(const char *path, const char *want)
{
	size_t size;
	uint8_t *bytes = file_bytes(path, &size);

	cr_assert(size == strlen(want) && memcmp(bytes, want, size) == 0);
	free(bytes);
}

Test(newfile, appears_when_it_is_committed)
{
	struct test_io io;
	struct newfile nf;

	test_io_init(&io);
	ok(bk_newfile_open(&nf, &io.io, scratch("f"), ".new", why()));
	cr_assert(!has_file(scratch("f")) && has_file(scratch("f.new")));
	ok(bk_file_write(&nf.file, "whole", 5, 0, why()));
	ok(bk_newfile_commit(&nf, why()));
	check_bytes(scratch("f"), "whole");
	cr_assert(!has_file(scratch("f.new")));
	cr_assert(io.calls[OP_SYNC] == 1 && io.calls[OP_SYNC_DIR] == 1 &&
		  io.calls[OP_RENAME_NEW] == 1);
}

Test(newfile, leaves_nothing_when_it_is_aborted)
{
	struct test_io io;
	struct newfile nf;

	test_io_init(&io);
	ok(bk_newfile_open(&nf, &io.io, scratch("f"), ".new", why()));
	bk_newfile_abort(&nf);
	cr_assert(!has_file(scratch("f")) && !has_file(scratch("f.new")));
	ok(bk_newfile_open(&nf, &io.io, scratch("f"), ".new", why()));
	bk_newfile_leave(&nf);
	cr_assert(!has_file(scratch("f")) && has_file(scratch("f.new")));
}

Test(newfile, replaces_nothing)
{
	struct test_io io;
	struct newfile nf;

	test_io_init(&io);
	put_file(scratch("f"), "old", 3);
	fails(BK_E_EXISTS, bk_newfile_open(&nf, &io.io, scratch("f"), ".new", why()));
	unlink(scratch("f"));
	ok(bk_newfile_open(&nf, &io.io, scratch("f"), ".new", why()));
	put_file(scratch("f"), "quick", 5); /* somebody was faster */
	fails(BK_E_EXISTS, bk_newfile_commit(&nf, why()));
	check_bytes(scratch("f"), "quick");
	cr_assert(!has_file(scratch("f.new")));
}

/* "A file left behind there by one that was interrupted is removed", but not while its maker holds
 * it. */
Test(newfile, leftovers)
{
	struct test_io io;
	struct newfile first, second;

	test_io_init(&io);
	put_file(scratch("f.new"), "left behind", 11);
	ok(bk_newfile_open(&first, &io.io, scratch("f"), ".new", why()));
	fails(BK_E_BUSY, bk_newfile_open(&second, &io.io, scratch("f"), ".new", why()));
	says("another program is writing");
	ok(bk_file_write(&first.file, "whole", 5, 0, why()));
	ok(bk_newfile_commit(&first, why()));
	check_bytes(scratch("f"), "whole");
}

/* "A failed commit leaves nothing behind." */
Test(newfile, what_the_system_refuses)
{
	static const struct {
		enum test_op op;
		int result;
		enum bk_code code;
		bool at_open;
	} cases[] = {
		{OP_OPEN, -EACCES, BK_E_IO, true}, {OP_LOCK, -ENOLCK, BK_E_IO, true},
		{OP_STAT, -EIO, BK_E_IO, true}, {OP_SYNC, -EIO, BK_E_IO, false},
		{OP_RENAME_NEW, -EIO, BK_E_IO, false},
		{OP_SYNC_DIR, -EIO, BK_E_IO, false}, /* its name may be lost: it does not stay */
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct test_io io;
		struct newfile nf;

		test_io_init(&io);
		test_io_fail(&io, cases[i].op, 1, cases[i].result);
		if (cases[i].at_open) {
			cr_assert(code_is(bk_newfile_open(&nf, &io.io, scratch("f"), ".new", why()),
					  cases[i].code),
				"case %zu: %s", i, why()->msg);
		} else {
			ok(bk_newfile_open(&nf, &io.io, scratch("f"), ".new", why()));
			cr_assert(code_is(bk_newfile_commit(&nf, why()), cases[i].code), "case %zu",
				i);
		}
		cr_assert(!has_file(scratch("f")) && !has_file(scratch("f.new")), "case %zu", i);
	}
}

/* Another program that makes the same file, and comes between two calls of the first. */
struct rival {
	struct test_io io;
	struct bk_io_ops ops;
	struct newfile nf;
	bool has_come, is_done;
};

static struct rival *rival_of(void *ctx)
{
	return (struct rival *)((char *)ctx - offsetof(struct rival, io));
}

/* Between the first one's open and its lock, the rival takes that file for a leftover, takes it
 * away, and begins its own. */
static int lock_late(void *ctx, int fd)
{
	struct rival *rival = rival_of(ctx);

	if (!rival->has_come) {
		rival->has_come = true;
		ok(bk_newfile_open(&rival->nf, bk_io_posix(), scratch("f"), ".new", why()));
		ok(bk_file_write(&rival->nf.file, "rival's", 7, 0, why()));
	}
	return bk_io_posix()->ops->lock(NULL, fd);
}

static void rival_init(struct rival *rival)
{
	*rival = (struct rival){.has_come = false};
	test_io_init(&rival->io);
	rival->ops = rival->io.ops;
	rival->ops.lock = lock_late;
	rival->io.io.ops = &rival->ops;
}

/* The first one must not put the rival's half-written file in place, nor take it away. */
static void check_rival(struct rival *rival)
{
	struct newfile nf;

	fails(BK_E_BUSY, bk_newfile_open(&nf, &rival->io.io, scratch("f"), ".new", why()));
	says("another program is writing");
	cr_assert(!has_file(scratch("f")) && has_file(scratch("f.new")));
	ok(bk_newfile_commit(&rival->nf, why()));
	check_bytes(scratch("f"), "rival's");
}

Test(newfile, another_takes_the_new_file_away_before_it_is_locked)
{
	struct rival rival;

	rival_init(&rival);
	check_rival(&rival);
}

Test(newfile, another_takes_a_leftover_away_before_it_is_locked)
{
	struct rival rival;

	rival_init(&rival);
	put_file(scratch("f.new"), "left behind", 11);
	check_rival(&rival);
}

/* A link at the temporary name, to a file of somebody else's choosing, is no leftover of ours: what
 * it leads to stays as it is. */
Test(newfile, a_link_at_the_temporary_name)
{
	struct test_io io;
	struct newfile nf;

	test_io_init(&io);
	put_file(scratch("precious"), "precious", 8);
	cr_assert(symlink(scratch("precious"), scratch("f.new")) == 0);
	ok(bk_newfile_open(&nf, &io.io, scratch("f"), ".new", why()));
	ok(bk_file_write(&nf.file, "whole", 5, 0, why()));
	ok(bk_newfile_commit(&nf, why()));
	check_bytes(scratch("precious"), "precious");
	check_bytes(scratch("f"), "whole");
	cr_assert(!has_file(scratch("f.new")));
	cr_assert(symlink(scratch("nothing"), scratch("g.new")) == 0);
	fails(BK_E_EXISTS, bk_newfile_open(&nf, &io.io, scratch("g"), ".new", why()));
	says("in the way, remove it");
	cr_assert(!has_file(scratch("nothing")));
}
