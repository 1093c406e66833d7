/* test_follow.c - following a log as it grows, and as it is moved or replaced (bk/log.h,
 * bk_log_refresh). */
#include "forge.h"
#include "frame.h"
#include "node.h"
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <errno.h>
#include <fcntl.h>

SUITE(follow);

/* What could not be read this time is taken the next: a keyframe too. */
Test(follow, past_each_read_that_fails)
{
	struct node node;
	struct bk_log *log;
	bool failed = true;

	for (unsigned nth = 1; failed; nth++) {
		enum bk_log_news news;

		node_begin(&node, 3);
		log = node_log(&node);
		node_busy(&node, 8);
		ok(bk_keyframes_build(node.writer, why()));
		node_unwatched(&node, "DELETE FROM busy WHERE id % 2");
		node_snapshot(&node, BK_SNAPSHOT_GAP);
		node_busy(&node, 2);
		test_io_fail(&node.io, OP_READ, nth, -EIO);
		failed = bk_log_refresh(log, &news, why()) == BK_E_IO;
		test_io_fail(&node.io, OP_NONE, 0, 0);
		log_refresh(log);
		cr_assert(log_status(log).version == node.version, "read %u", nth);
		cr_assert(log_status(log).keyframes ==
				  log_status(bk_writer_log(node.writer)).keyframes,
			"read %u", nth);
		node_check_all(&node, log, NULL);
		bk_log_close(log);
		node_end(&node);
		scratch_remove();
	}
}

/* A reader beside a writer, at every change, with keyframes, lone pragmas, a rewind, a gap. */
Test(follow, a_writer)
{
	struct node node;
	struct bk_log *log;

	node_begin(&node, 3);
	log = node_log(&node);
	cr_assert(log_refresh(log) == BK_LOG_SAME);
	for (unsigned i = 0; i < 40; i++) {
		switch (i % 10) {
		case 3:
			ok(bk_keyframes_build(node.writer, why()));
			break;
		case 5:
			node_lone(&node, "PRAGMA foreign_keys = ON");
			break;
		case 7:
			node_lost(&node, "DELETE FROM busy");
			cr_assert(log_refresh(log) == BK_LOG_GREW);
			cr_assert(log_status(log).version == node.version + 1);
			ok(bk_writer_rewind(node.writer, node.version, why()));
			break;
		case 9:
			node_unwatched(&node, "DELETE FROM busy WHERE id % 2");
			node_snapshot(&node, BK_SNAPSHOT_GAP);
			break;
		default:
			node_busy(&node, 1);
		}
		log_refresh(log);
		cr_assert(log_status(log).version == node.version, "step %u", i);
		node_check(&node, log, node.version, NULL);
		cr_assert(log_refresh(log) == BK_LOG_SAME);
	}
	node_check_all(&node, log, NULL);
	bk_log_close(log);
	node_end(&node);
}

/* A frame comes byte by byte: it is there when it is whole, and not before. */
Test(follow, a_write_under_way)
{
	struct node node;
	struct bk_log *log;
	struct forge before, after;
	uint64_t whole;
	size_t torn;
	int fd;

	node_begin(&node, 0);
	node_busy(&node, 3);
	forge_load(&before, node.path);
	node_busy(&node, 1);
	forge_load(&after, node.path);
	node_end(&node);
	forge_save(&before, scratch("copy"));
	ok(log_open(&node, scratch("copy"), &log));
	whole = torn = before.size;
	fd = open(scratch("copy"), O_WRONLY);
	for (size_t size = before.size + 1; size <= after.size; size++) {
		bool is_whole = size == after.size;

		cr_assert(pwrite(fd, after.bytes + size - 1, 1, (off_t)size - 1) == 1);
		cr_assert(
			log_refresh(log) == (is_whole ? BK_LOG_GREW : BK_LOG_SAME), "at %zu", size);
		cr_assert(log_status(log).log_bytes == (is_whole ? size : whole));
		torn = after.bytes[size - 1] ? size : torn;
		cr_assert(log_status(log).torn_bytes == (is_whole ? 0 : torn - whole),
			"zeros at the end do not count");
	}
	close(fd);
	bk_log_close(log);
	forge_done(&before);
	forge_done(&after);
}

/* A torn tail is cut by the next writer, which writes something else there. */
Test(follow, over_a_cut_tail)
{
	struct node node;
	struct bk_log *log;
	struct bk_writer_options options = {.program = "test"};

	node_begin(&node, 0);
	node_busy(&node, 3);
	bk_writer_close(node.writer);
	node.writer = NULL;
	log = node_log(&node);
	{
		struct forge forge;

		forge_load(&forge, node.path);
		forge_append(&forge, CHANGE, 0, 99, forge.bytes, 1000);
		forge_save(&forge, scratch("torn"));
		poke_file(node.path, forge.size - 1048, forge.bytes + forge.size - 1048, 1000);
		forge_done(&forge);
	}
	cr_assert(log_refresh(log) == BK_LOG_SAME && log_status(log).torn_bytes == 1000);
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, &options, why()));
	cr_assert(bk_writer_cut_bytes(node.writer) == 1000);
	node_busy(&node, 1);
	cr_assert(log_refresh(log) == BK_LOG_GREW && log_status(log).torn_bytes == 0);
	node_check_all(&node, log, NULL);
	bk_log_close(log);
	node_end(&node);
}

Test(follow, notices_another_file_at_its_path)
{
	struct node node;
	struct bk_log *log;

	node_begin(&node, 0);
	node_end(&node);
	log = node_log(&node);
	copy_file(node.path, scratch("copy"));
	cr_assert(unlink(node.path) == 0);
	cr_assert(log_refresh(log) == BK_LOG_GONE && log_refresh(log) == BK_LOG_GONE);
	cr_assert(log_status(log).version == 1, "what is open stays readable");
	cr_assert(rename(scratch("copy"), node.path) == 0);
	cr_assert(log_refresh(log) == BK_LOG_REPLACED);
	cr_assert(log_status(log).version == 1, "what is open stays readable");
	bk_log_close(log);
	log = node_log(&node);
	cr_assert(truncate(node.path, 200) == 0);
	cr_assert(log_refresh(log) == BK_LOG_REPLACED, "it was cut");
	bk_log_close(log);
}

/* A writer may have it open all the same: what it appends is there. */
Test(follow, a_log_that_was_moved)
{
	struct node node;
	struct bk_log *log;

	node_begin(&node, 0);
	log = node_log(&node);
	cr_assert(rename(node.path, scratch("moved")) == 0);
	node_busy(&node, 2);
	cr_assert(log_refresh(log) == BK_LOG_GREW && log_status(log).version == node.version);
	cr_assert(log_refresh(log) == BK_LOG_GONE);
	cr_assert(rename(scratch("moved"), node.path) == 0);
	cr_assert(log_refresh(log) == BK_LOG_SAME);
	bk_log_close(log);
	node_end(&node);
}

/* Another log written over this one's bytes, in the same file: longer, so that its size alone does
 * not tell. */
Test(follow, notices_another_log_in_its_file)
{
	struct node node;
	struct bk_log *log;
	struct forge longer;
	uint32_t head;
	unsigned tail;

	node_begin(&node, 0);
	node_busy(&node, 6);
	head = node.version;
	node_end(&node);
	forge_load(&longer, node.path);
	longer.bytes[32] ^= 1; /* another id */
	forge_seal(&longer);
	unlink(node.path);
	unlink(node.database);
	for (tail = 0; tail < 2; tail++) {
		node_begin(&node, 0);
		node_end(&node);
		if (tail)
			poke_file(node.path, longer.size / 2, "torn", 4);
		log = node_log(&node);
		cr_assert(log_refresh(log) == BK_LOG_SAME);
		/* The old log's frames may be there still, all or some of them. */
		poke_file(node.path, 0, longer.bytes, LOG_HEADER_SIZE);
		poke_file(node.path, longer.size - 100, longer.bytes + longer.size - 100, 100);
		cr_assert(log_refresh(log) == BK_LOG_REPLACED, "the header first");
		poke_file(node.path, 0, longer.bytes, longer.size);
		cr_assert(
			log_refresh(log) == BK_LOG_REPLACED && log_refresh(log) == BK_LOG_REPLACED);
		bk_log_close(log);
		log = node_log(&node);
		cr_assert(log_status(log).version == head);
		bk_log_close(log);
		unlink(node.path);
		unlink(node.database);
	}
	forge_done(&longer);
}

/* The last frame's head, and what follows it. A file that has been the same for a while is not
 * looked into at all; the header only where something else than a frame follows. */
Test(follow, reads_no_more_than_it_must)
{
	struct node node;
	struct bk_log *log;
	unsigned reads;

	node_begin(&node, 0);
	log = node_log(&node);
	node.io.calls[OP_READ] = 0;
	cr_assert(log_refresh(log) == BK_LOG_SAME && node.io.calls[OP_READ] == 1);
	node.io.now_us += 4000000;
	node.io.calls[OP_READ] = 0;
	cr_assert(log_refresh(log) == BK_LOG_SAME && node.io.calls[OP_READ] == 0);
	node_busy(&node, 1);
	node.io.calls[OP_READ] = 0;
	cr_assert(log_refresh(log) == BK_LOG_GREW && node.io.calls[OP_READ] <= 3, "%u",
		node.io.calls[OP_READ]);
	poke_file(node.path, log_status(log).log_bytes, "torn", 4);
	cr_assert(log_refresh(log) == BK_LOG_SAME);
	node.io.calls[OP_READ] = 0;
	cr_assert(log_refresh(log) == BK_LOG_SAME);
	reads = node.io.calls[OP_READ];
	poke_file(node.path, log_status(log).log_bytes + 4, "torn", 4);
	node.io.calls[OP_READ] = 0;
	cr_assert(log_refresh(log) == BK_LOG_SAME && node.io.calls[OP_READ] == reads + 1);
	bk_log_close(log);
	node_end(&node);
}

/* Its header damaged is no other log. */
Test(follow, a_header_that_is_damaged_while_reading)
{
	struct node node;
	struct bk_log *log;

	node_begin(&node, 0);
	log = node_log(&node);
	cr_assert(!log_status(log).header_damaged);
	poke_file(node.path, 32, "?", 1);
	poke_file(node.path, log_status(log).log_bytes, "torn", 4);
	cr_assert(log_refresh(log) == BK_LOG_SAME);
	bk_log_close(log);
	log = node_log(&node);
	cr_assert(log_status(log).header_damaged && log_status(log).version == 1);
	bk_log_close(log);
	node_end(&node);
}

/* The same of a log that is followed: what is damaged came while the reader looked on. */
Test(follow, damage_that_comes_while_reading)
{
	struct node node;
	struct bk_log *log = NULL;
	struct forge before, after;
	enum bk_log_news news;

	node_begin(&node, 0);
	node_busy(&node, 3);
	forge_load(&before, node.path);
	node_busy(&node, 2);
	forge_load(&after, node.path);
	forge_save(&before, scratch("copy"));
	ok(log_open(&node, scratch("copy"), &log));
	forge_frame(&after, before.count)[AT_PAYLOAD + 20] ^= 4;
	poke_file(
		scratch("copy"), before.size, after.bytes + before.size, after.size - before.size);
	ok(bk_log_refresh(log, &news, why()));
	cr_assert(news == BK_LOG_GREW && log_status(log).damaged_at == before.size);
	cr_assert(log_status(log).log_bytes == after.size);
	node_check(&node, log, 4, NULL);
	bk_log_close(log);
	forge_done(&before);
	forge_done(&after);
	node_end(&node);
}

/* Laid ahead by a writer: they are no torn tail, and what is written over them is seen. */
Test(follow, over_zeros)
{
	struct node node;
	struct bk_log *log = NULL;
	struct forge before, after;
	uint8_t *zeros = calloc(1, 300000);

	node_begin(&node, 0);
	node_busy(&node, 3);
	forge_load(&before, node.path);
	node_busy(&node, 1);
	forge_load(&after, node.path);
	forge_save(&before, scratch("copy"));
	ok(log_open(&node, scratch("copy"), &log));
	poke_file(scratch("copy"), before.size, zeros, 300000);
	node.io.calls[OP_READ] = 0;
	cr_assert(log_refresh(log) == BK_LOG_SAME && log_status(log).torn_bytes == 0);
	cr_assert(log_status(log).log_bytes == before.size);
	cr_assert(node.io.calls[OP_READ] < 10, "%u reads", node.io.calls[OP_READ]);
	poke_file(scratch("copy"), before.size, after.bytes + before.size, 60);
	cr_assert(log_refresh(log) == BK_LOG_SAME && log_status(log).torn_bytes == 60);
	poke_file(
		scratch("copy"), before.size, after.bytes + before.size, after.size - before.size);
	cr_assert(log_refresh(log) == BK_LOG_GREW && log_status(log).torn_bytes == 0);
	node_check_all(&node, log, NULL);
	bk_log_close(log);
	free(zeros);
	forge_done(&before);
	forge_done(&after);
	node_end(&node);
}

/* Frames that the reader sees before those that stand in front of them, as over a network: it gives
 * what is before the zeros, says so, and goes on when they come. */
Test(follow, frames_behind_zeros)
{
	struct node node;
	struct bk_log *log = NULL;
	struct forge before, after;
	uint64_t second;

	node_begin(&node, 0);
	node_busy(&node, 3);
	forge_load(&before, node.path);
	node_busy(&node, 3);
	forge_load(&after, node.path);
	forge_save(&before, scratch("copy"));
	ok(log_open(&node, scratch("copy"), &log));
	second = after.frames[before.count + 1];
	poke_file(scratch("copy"), second, after.bytes + second, (size_t)(after.size - second));
	cr_assert(log_refresh(log) == BK_LOG_SAME && log_status(log).copied_at == before.size);
	cr_assert(log_status(log).version == 5 && !log_status(log).damaged_at &&
		  !log_status(log).torn_bytes);
	poke_file(
		scratch("copy"), before.size, after.bytes + before.size, after.size - before.size);
	cr_assert(log_refresh(log) == BK_LOG_GREW && !log_status(log).copied_at);
	node_check_all(&node, log, NULL);
	bk_log_close(log);
	forge_done(&before);
	forge_done(&after);
	node_end(&node);
}

/* The log that a reader took in is cut, or its last frames become others, of the same size or not.
 * It is no damage: the reader says that it is to be opened anew, and goes on where it can. */
Test(follow, a_last_frame_that_vanishes)
{
	enum { CUT, CUT_AND_GROWN, OTHER_FRAME, ZEROS, WAYS };

	for (unsigned way = 0; way < WAYS; way++) {
		struct node node;
		struct bk_log *log = NULL;
		struct forge forge, other;
		size_t last;

		node_begin(&node, 0);
		node_busy(&node, 4);
		node_end(&node);
		forge_load(&forge, node.path);
		forge_load(&other, node.path);
		last = forge_find(&forge, CHANGE, -1);
		forge_put(forge_frame(&other, last) + AT_TIME, 8, 4711);
		forge_seal(&other);
		ok(log_open(&node, node.path, &log));
		cr_assert(
			log_refresh(log) == BK_LOG_SAME && log_status(log).version == node.version);
		if (way == CUT || way == CUT_AND_GROWN)
			cr_assert(truncate(node.path, (off_t)forge.frames[last]) == 0);
		if (way == CUT_AND_GROWN || way == ZEROS)
			poke_file(node.path, forge.frames[last], (uint8_t[5000]){0}, 5000);
		if (way == OTHER_FRAME)
			poke_file(node.path, 0, other.bytes, other.size);
		cr_assert(
			log_refresh(log) == BK_LOG_REPLACED && log_refresh(log) == BK_LOG_REPLACED,
			"way %u", way);
		cr_assert(!log_status(log).damaged_at, "way %u", way);
		poke_file(node.path, 0, forge.bytes, forge.size);
		cr_assert(log_refresh(log) == BK_LOG_SAME, "way %u: what was taken is there again",
			way);
		cr_assert(log_status(log).version == node.version && !log_status(log).damaged_at);
		bk_log_close(log);
		forge_done(&forge);
		forge_done(&other);
		scratch_remove();
	}
}

/* Damage that goes away again, as a file does that is put back in place. */
Test(follow, damage_that_is_mended)
{
	struct node node;
	struct bk_log *log = NULL;
	struct forge forge;
	uint64_t at;

	node_begin(&node, 0);
	node_busy(&node, 4);
	node_end(&node);
	forge_load(&forge, node.path);
	at = forge.frames[forge_find(&forge, CHANGE, 2)];
	for (unsigned opened_before = 0; opened_before < 2; opened_before++) {
		if (opened_before)
			ok(log_open(&node, node.path, &log));
		poke_file(node.path, at + AT_PAYLOAD, "damage", 6);
		if (!opened_before)
			ok(log_open(&node, node.path, &log));
		else
			cr_assert(log_refresh(log) == BK_LOG_SAME,
				"it took that frame in when it was whole");
		cr_assert(log_refresh(log) == BK_LOG_SAME);
		cr_assert(opened_before || log_status(log).damaged_at == at);
		poke_file(node.path, 0, forge.bytes, forge.size);
		cr_assert(log_refresh(log) == (opened_before ? BK_LOG_SAME : BK_LOG_REPLACED));
		bk_log_close(log);
	}
	forge_done(&forge);
}
