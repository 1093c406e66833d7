/* test_zeros.c - zeros ahead of the log's end (docs/format.md, 1, rule 5; bk/writer.h). */
#include "forge.h"
#include "node.h"
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

SUITE(zeros);

#define STEP 131072
#define MOST 262144

static int in_place(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 1;
}

static void begin(struct node *node, unsigned interval)
{
	node_begin(node, interval);
	node->io.ops.overwrites_in_place = in_place;
	node_busy(node, 3);
	node_change(node, "CREATE TABLE large (x)");
}

static uint64_t log_end(const struct node *node)
{
	struct bk_log_status status;

	ok(bk_log_status(bk_writer_log(node->writer), &status, why()));
	return status.log_bytes;
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	cr_assert(stat(path, &st) == 0);
	return (uint64_t)st.st_size;
}

/* Changes until the log ends at END or behind it, of some 20 KB each. */
static void grow_to(struct node *node, uint64_t end)
{
	static uint64_t seed = 1;
	char sql[40000] = "UPDATE large SET x = '";

	while (log_end(node) < end) {
		for (size_t at = strlen(sql); at < sizeof sql - 20; at += 16)
			sprintf(sql + at, "%016llx", (unsigned long long)random_next(&seed));
		strcat(sql, "'");
		node_change(node, sql);
		strcpy(sql, "UPDATE large SET x = '");
	}
}

/* Whether the file has nothing but zeros behind the log's end. */
static bool ends_in_zeros(const struct node *node)
{
	size_t size;
	uint8_t *bytes = file_bytes(node->path, &size);
	bool is_zero = true;

	for (size_t at = (size_t)log_end(node); at < size; at++)
		is_zero &= !bytes[at];
	free(bytes);
	return is_zero;
}

/* "room that a writer laid, at most 256 KiB of it behind what it last wrote" */
Test(zeros, are_laid_in_steps_and_written_over)
{
	struct node node;
	uint64_t end, size;
	unsigned writes;

	begin(&node, 0);
	end = log_end(&node);
	node.io.calls[OP_WRITE] = node.io.calls[OP_SYNC] = 0;
	ok(bk_writer_lay_zeros(node.writer, why()));
	size = size_of(node.path);
	writes = node.io.calls[OP_WRITE];
	cr_assert(size > end + MOST - STEP && size <= end + MOST && size % STEP == 0);
	cr_assert(writes == MOST / STEP && node.io.calls[OP_SYNC] == writes, "%u writes", writes);
	cr_assert(ends_in_zeros(&node));
	node_busy(&node, 20);
	cr_assert(log_end(&node) > end && size_of(node.path) == size && ends_in_zeros(&node));
	ok(bk_writer_lay_zeros(node.writer, why()));
	cr_assert(size_of(node.path) == size, "not before a whole step was used");
	grow_to(&node, end + STEP);
	ok(bk_writer_lay_zeros(node.writer, why()));
	cr_assert(size_of(node.path) == size + STEP && ends_in_zeros(&node));
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* Where all were used the log grows as without them, and they are laid again behind what stands. */
Test(zeros, run_out)
{
	struct node node;
	uint64_t size;

	begin(&node, 0);
	ok(bk_writer_lay_zeros(node.writer, why()));
	size = size_of(node.path);
	grow_to(&node, size + 1);
	cr_assert(size_of(node.path) == log_end(&node));
	ok(bk_writer_lay_zeros(node.writer, why()));
	size = size_of(node.path);
	cr_assert(size > log_end(&node) + MOST - STEP && size <= log_end(&node) + MOST);
	cr_assert(ends_in_zeros(&node));
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* A log that nobody writes to has none: an orderly end and another cut them off. */
Test(zeros, go_with_the_writer)
{
	static void (*const ends[])(struct bk_writer *) = {bk_writer_close, bk_writer_leave};

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		struct node node;
		struct forge forge;

		begin(&node, 0);
		ok(bk_writer_lay_zeros(node.writer, why()));
		node_busy(&node, 1);
		ends[i](node.writer);
		forge_load(&forge, node.path);
		cr_assert(
			forge.frames[forge.count - 1] + forge_frame_size(&forge, forge.count - 1) ==
			forge.size);
		forge_done(&forge);
		ok(bk_writer_open(&node.writer, &node.io.io, node.path, &node.options, why()));
		cr_assert(bk_writer_cut_bytes(node.writer) == 0);
		node_check_all(&node, NULL, NULL);
		node_end(&node);
		scratch_remove();
	}
}

/* After a crash they are neither a torn tail nor an event, and the end is found in few reads. */
Test(zeros, are_nothing_after_a_crash)
{
	struct node node;
	struct forge forge;
	struct bk_writer *writer;
	struct bk_log *log = NULL;
	struct bk_log_status status;

	begin(&node, 0);
	ok(bk_writer_lay_zeros(node.writer, why()));
	node_busy(&node, 2);
	copy_file(node.path, scratch("copy"));
	node.io.calls[OP_READ] = 0;
	ok(bk_log_open(&log, &node.io.io, scratch("copy"), why()));
	cr_assert(node.io.calls[OP_READ] < 30, "%u reads", node.io.calls[OP_READ]);
	ok(bk_log_status(log, &status, why()));
	cr_assert(status.version == node.version && !status.torn_bytes && !status.copied_at);
	cr_assert(status.log_bytes == log_end(&node));
	node_check_all(&node, log, NULL);
	bk_log_close(log);
	ok(bk_writer_open(&writer, &node.io.io, scratch("copy"), &node.options, why()));
	cr_assert(bk_writer_cut_bytes(writer) == 0);
	bk_writer_close(writer);
	forge_load(&forge, scratch("copy"));
	for (size_t i = 0; i < forge.count; i++)
		cr_assert(forge_frame(&forge, i)[AT_KIND] != EVENT ||
			  forge_frame(&forge, i)[AT_PAYLOAD] != 3);
	forge_done(&forge);
	node_end(&node);
}

/* Looking again costs a few reads, whether something came or not. */
Test(zeros, cost_a_reader_little)
{
	struct node node;
	struct bk_log *log;
	struct bk_log_status status;
	enum bk_log_news news;

	begin(&node, 0);
	ok(bk_writer_lay_zeros(node.writer, why()));
	log = node_log(&node);
	for (unsigned i = 0; i < 20; i++) {
		node_busy(&node, 1);
		node.io.calls[OP_READ] = 0;
		ok(bk_log_refresh(log, &news, why()));
		cr_assert(news == BK_LOG_GREW && node.io.calls[OP_READ] <= 3, "%u reads",
			node.io.calls[OP_READ]);
		ok(bk_log_refresh(log, &news, why()));
		ok(bk_log_status(log, &status, why()));
		cr_assert(news == BK_LOG_SAME && !status.torn_bytes);
		cr_assert(node.io.calls[OP_READ] <= 14, "%u reads", node.io.calls[OP_READ]);
	}
	node_check_all(&node, log, NULL);
	bk_log_close(log);
	node_end(&node);
}

/* "decide by the file system": where it gains nothing by them, none are laid. */
Test(zeros, are_left_where_they_gain_nothing)
{
	struct node node;
	uint64_t size;

	begin(&node, 0);
	node.io.ops.overwrites_in_place = NULL;
	size = size_of(node.path);
	ok(bk_writer_lay_zeros(node.writer, why()));
	cr_assert(size_of(node.path) == size);
	node_end(&node);
}

/* A disk that is full is left as full as it was. It is tried again when the log has grown. */
Test(zeros, that_do_not_fit)
{
	static const int results[] = {-ENOSPC, -EDQUOT, -EIO, 0};

	for (size_t i = 0; i < COUNT_OF(results); i++) {
		struct node node;
		uint64_t end;

		begin(&node, 0);
		end = log_end(&node);
		node.io.part_max = 1000; /* some of it is written */
		test_io_fail(&node.io, OP_WRITE, 3, results[i]);
		fails(BK_E_IO, bk_writer_lay_zeros(node.writer, why()));
		node.io.part_max = 0;
		cr_assert(size_of(node.path) == end);
		node_busy(&node, 1);
		node.io.calls[OP_WRITE] = 0;
		ok(bk_writer_lay_zeros(node.writer, why()));
		cr_assert(node.io.calls[OP_WRITE] == 0 && size_of(node.path) == log_end(&node));
		grow_to(&node, end + STEP);
		ok(bk_writer_lay_zeros(node.writer, why()));
		cr_assert(size_of(node.path) > log_end(&node) && ends_in_zeros(&node));
		node_check_all(&node, NULL, NULL);
		node_end(&node);
		scratch_remove();
	}
}

/* What is not told to this sync may have been a change that was not acknowledged yet. */
Test(zeros, whose_sync_fails_are_final)
{
	struct node node;
	uint32_t version;

	begin(&node, 0);
	version = node.version;
	test_io_fail(&node.io, OP_SYNC, 2, -EIO);
	fails(BK_E_IO, bk_writer_lay_zeros(node.writer, why()));
	fails(BK_E_IO, bk_writer_rewind(node.writer, version - 1, why()));
	says("cannot sync");
	node.io.calls[OP_WRITE] = 0;
	ok(bk_writer_lay_zeros(node.writer, why()));
	cr_assert(node.io.calls[OP_WRITE] == 0, "none for a writer that has failed");
	node_restart(&node);
	cr_assert(bk_writer_version(node.writer) == version && !bk_writer_cut_bytes(node.writer));
	node_busy(&node, 1);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* The real file system has no more room: a write that would make the file longer fails. */
static int64_t full_disk(void *ctx, int fd, const void *data, size_t size, uint64_t offset)
{
	struct stat st;

	(void)ctx;
	cr_assert(fstat(fd, &st) == 0);
	if (offset + size > (uint64_t)st.st_size)
		return -ENOSPC;
	return bk_io_posix()->ops->pwrite(NULL, fd, data, size, offset);
}

/* They are the changes' last reserve, and counted as room. */
Test(zeros, are_a_reserve)
{
	struct node node;
	uint64_t bytes, end;

	begin(&node, 0);
	ok(bk_writer_lay_zeros(node.writer, why()));
	end = log_end(&node);
	node.io.ops.pwrite = full_disk;
	node.io.free_bytes = 1;
	ok(bk_writer_free_space(node.writer, &bytes, why()));
	cr_assert(bytes == 1 + size_of(node.path) - end);
	grow_to(&node, end + MOST / 2);
	ok(bk_writer_free_space(node.writer, &bytes, why()));
	cr_assert(bytes == 1 + size_of(node.path) - log_end(&node));
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* A keyframe that fails half-way is cut off with the zeros, and they are laid anew. */
Test(zeros, beside_a_keyframe_that_fails)
{
	struct node node;
	uint64_t end;

	begin(&node, 2);
	node_busy(&node, 6);
	ok(bk_writer_lay_zeros(node.writer, why()));
	end = log_end(&node);
	test_io_fail(&node.io, OP_WRITE, 2, -ENOSPC);
	fails(BK_E_IO, bk_keyframes_build(node.writer, why()));
	cr_assert(log_end(&node) == end && size_of(node.path) == end);
	ok(bk_writer_lay_zeros(node.writer, why()));
	cr_assert(size_of(node.path) > end && ends_in_zeros(&node));
	node_busy(&node, 1);
	ok(bk_keyframes_build(node.writer, why()));
	cr_assert(ends_in_zeros(&node));
	node_check_all(&node, NULL, NULL);
	node_restart(&node);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* The log's name may lead elsewhere by then: nothing is written to another file. */
Test(zeros, are_laid_in_the_log_itself)
{
	struct node node;
	uint64_t size;

	begin(&node, 0);
	cr_assert(rename(node.path, scratch("moved")) == 0);
	put_file(node.path, "x", 1);
	fails(BK_E_BUSY, bk_writer_lay_zeros(node.writer, why()));
	cr_assert(size_of(node.path) == 1);
	cr_assert(rename(scratch("moved"), node.path) == 0);
	size = size_of(node.path);
	ok(bk_writer_lay_zeros(node.writer, why()));
	cr_assert(size_of(node.path) > size);
	node_end(&node);
}

/* Waits until the thread has laid all that may lie behind the log's end. */
static void wait_laid(const struct node *node)
{
	uint64_t least = log_end(node) + MOST - STEP;

	for (unsigned i = 0; i < 2000 && size_of(node->path) < least; i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	cr_assert(size_of(node->path) >= least);
}

/* The thread lays them at once, again as they are used, beside a follower; and ends. */
Test(zeros, by_a_thread)
{
	struct node node;
	struct bk_follower *follower;

	begin(&node, 2);
	ok(bk_follower_start(&follower, node.writer, NULL, why()));
	bk_writer_start_zeros(node.writer);
	wait_laid(&node);
	grow_to(&node, size_of(node.path));
	wait_laid(&node);
	bk_follower_stop(follower);
	bk_writer_close(node.writer);
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, &node.options, why()));
	cr_assert(!bk_writer_cut_bytes(node.writer));
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}
