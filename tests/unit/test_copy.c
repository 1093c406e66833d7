/* test_copy.c - a whole copy of a log (bk/copy.h). */
#include "forge.h"
#include "node.h"
#include <bk/copy.h>
#include <errno.h>
#include <sys/stat.h>

SUITE(copy);

static enum bk_code copy(struct node *node, struct bk_log *log, struct bk_log_status *status)
{
	(void)node;
	return bk_log_copy(log, scratch("copy"), NULL, NULL, status, why());
}

/* The log opened, with zeros ahead of its end. */
static struct bk_log *begin(struct node *node)
{
	node_begin(node, 3);
	node_busy(node, 8);
	ok(bk_keyframes_build(node->writer, why()));
	ok(bk_writer_lay_zeros(node->writer, why()));
	return node_log(node);
}

static void end(struct node *node, struct bk_log *log)
{
	bk_log_close(log);
	node_end(node);
}

/* It ends where the log ended when it was looked at, whatever came behind. */
Test(copy, of_a_log_in_use)
{
	struct node node;
	struct bk_log *log = begin(&node), *copied = NULL;
	struct bk_log_status before, after;
	uint32_t version = node.version;
	struct stat st;

	ok(bk_log_status(log, &before, why()));
	node_busy(&node, 5);
	ok(copy(&node, log, &after));
	cr_assert(after.version == version && after.history == before.history);
	cr_assert(stat(scratch("copy"), &st) == 0 && (uint64_t)st.st_size == before.log_bytes);
	cr_assert((st.st_mode & 0777) == 0600);
	ok(bk_log_open(&copied, &node.io.io, scratch("copy"), why()));
	for (uint32_t at = 1; at <= version; at++)
		node_check(&node, copied, at, NULL);
	bk_log_close(copied);
	end(&node, log);
}

/* "refuses to overwrite" */
Test(copy, over_nothing)
{
	struct node node;
	struct bk_log *log = begin(&node);
	struct bk_log_status status;
	size_t size;

	put_file(scratch("copy"), "mine", 4);
	fails(BK_E_EXISTS, copy(&node, log, &status));
	free(file_bytes(scratch("copy"), &size));
	cr_assert(size == 4);
	end(&node, log);
}

/* While it is copied the log's last frame is cut off, and another is put there. */
struct cutting {
	struct node *node;
	uint64_t to;
};

static void cut(void *ctx, uint64_t done, uint64_t total)
{
	struct cutting *cutting = ctx;

	cr_assert(done == total);
	cr_assert(truncate(cutting->node->path, (off_t)cutting->to) == 0);
}

Test(copy, of_a_log_that_is_cut)
{
	struct node node;
	struct bk_log *log = begin(&node);
	struct cutting cutting = {.node = &node};
	struct bk_log_status status;
	struct forge forge;

	forge_load(&forge, node.path);
	cutting.to = forge.frames[forge.count - 1];
	forge_done(&forge);
	fails(BK_E_BUSY, bk_log_copy(log, scratch("copy"), cut, &cutting, &status, why()));
	cr_assert(!has_file(scratch("copy")) && !has_file(scratch("copy.copying")));
	end(&node, log);
}

/* Each call fails once: nothing is left, and the next copy is whole. */
Test(copy, that_fails)
{
	static const enum test_op ops[] = {
		OP_OPEN, OP_READ, OP_WRITE, OP_SYNC, OP_RENAME_NEW, OP_SYNC_DIR};
	struct node node;
	struct bk_log *log = begin(&node);
	struct bk_log_status status;

	for (size_t i = 0; i < COUNT_OF(ops); i++) {
		test_io_fail(&node.io, ops[i], 1, -EIO);
		fails(BK_E_IO, copy(&node, log, &status));
		test_io_fail(&node.io, OP_NONE, 0, 0);
		cr_assert(!has_file(scratch("copy")) && !has_file(scratch("copy.copying")));
	}
	ok(copy(&node, log, &status));
	cr_assert(status.version == node.version);
	end(&node, log);
}

/* As a mirror's owner has it: without the key. */
static struct bk_shut *open_shut(struct node *node, struct bk_io *io)
{
	struct bk_shut *shut;

	*io = node->io.io;
	io->keys = NULL;
	ok(bk_shut_open(&shut, io, node->path, why()));
	return shut;
}

static enum bk_code copy_shut(struct bk_shut *shut)
{
	return bk_shut_copy(shut, scratch("copy"), NULL, NULL, why());
}

Test(copy, without_a_key)
{
	struct node node;
	struct bk_log *log = begin(&node), *copied = NULL;
	struct bk_log_status status;
	uint32_t version = node.version;
	struct bk_shut *shut;
	struct bk_io io;

	ok(bk_log_status(log, &status, why()));
	shut = open_shut(&node, &io);
	node_busy(&node, 5);
	cr_assert(bk_shut_bytes(shut) == status.log_bytes);
	ok(copy_shut(shut));
	fails(BK_E_EXISTS, copy_shut(shut));
	bk_shut_close(shut);
	ok(bk_log_open(&copied, &node.io.io, scratch("copy"), why()));
	for (uint32_t at = 1; at <= version; at++)
		node_check(&node, copied, at, NULL);
	ok(bk_log_status(copied, &status, why()));
	cr_assert(status.version == version && !status.torn_bytes);
	bk_log_close(copied);
	end(&node, log);
}

Test(copy, without_a_key_of_a_log_that_is_cut)
{
	struct node node;
	struct bk_log *log = begin(&node);
	struct cutting cutting = {.node = &node};
	struct bk_shut *shut;
	struct forge forge;
	struct bk_io io;

	shut = open_shut(&node, &io);
	forge_load(&forge, node.path);
	cutting.to = forge.frames[forge.count - 1];
	forge_done(&forge);
	fails(BK_E_BUSY, bk_shut_copy(shut, scratch("copy"), cut, &cutting, why()));
	cr_assert(!has_file(scratch("copy")) && !has_file(scratch("copy.copying")));
	bk_shut_close(shut);
	end(&node, log);
}

Test(copy, without_a_key_that_fails)
{
	static const enum test_op ops[] = {
		OP_OPEN, OP_READ, OP_WRITE, OP_SYNC, OP_RENAME_NEW, OP_SYNC_DIR};
	struct node node;
	struct bk_log *log = begin(&node);
	struct bk_shut *shut;
	struct bk_io io;

	shut = open_shut(&node, &io);
	for (size_t i = 0; i < COUNT_OF(ops); i++) {
		test_io_fail(&node.io, ops[i], 1, -EIO);
		fails(BK_E_IO, copy_shut(shut));
		test_io_fail(&node.io, OP_NONE, 0, 0);
		cr_assert(!has_file(scratch("copy")) && !has_file(scratch("copy.copying")));
	}
	ok(copy_shut(shut));
	bk_shut_close(shut);
	end(&node, log);
}
