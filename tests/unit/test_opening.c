/* test_opening.c - opening a log to write to it: its lock, what is cut off its end, what is refused
 * (bk/writer.h; docs/format.md, 1, rules 5 and 6). */
#include "forge.h"
#include "node.h"
#include <bk/writer.h>
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

SUITE(opening);

/* "Whether any user of the computer can read the log", who then can hold its lock. */
Test(opening, an_exposed_log)
{
	static const struct {
		unsigned file, dir;
		bool is_exposed;
	} cases[] = {{0600, 0755, false}, {0640, 0755, false}, {0644, 0755, true},
		{0644, 0750, false}, {0604, 0711, true}, {0602, 0711, true}};
	struct node node;

	node_begin(&node, 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		cr_assert(chmod(node.path, cases[i].file) == 0 &&
			  chmod(scratch("."), cases[i].dir) == 0);
		cr_assert(bk_log_is_exposed(bk_writer_log(node.writer)) == cases[i].is_exposed, "case %zu", i);
	}
	cr_assert(chmod(node.path, 0644) == 0 && chmod(scratch("."), 0755) == 0);
	fails(BK_E_BUSY, bk_writer_check_free(&node.io.io, node.path, why()));
	says("any user may have done that");
	says("chmod 600");
	node_end(&node);
}

/* "takes its lock": one writer at a time, and the message names the holder. */
Test(opening, one_at_a_time)
{
	struct node node;
	struct bk_writer *second = NULL;
	struct bk_writer_options options = {.program = "another", .lock_wait_ms = 30};
	char pid[32];

	node_begin(&node, 0);
	fails(BK_E_BUSY, bk_writer_open(&second, &node.io.io, node.path, &options, why()));
	snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
	says("held by test, ");
	says(pid);
	says("on host ");
	fails(BK_E_BUSY, bk_writer_check_free(&node.io.io, node.path, why()));
	says(pid);
	bk_writer_close(node.writer);
	ok(bk_writer_check_free(&node.io.io, node.path, why()));
	ok(bk_writer_open(&second, &node.io.io, node.path, NULL, why()));
	bk_writer_close(second);
	fails(BK_E_MISSING, bk_writer_check_free(&node.io.io, scratch("none"), why()));
	/* What cannot be told does not count as free; network file systems lock only what is open
	 * for writing. */
	test_io_fail(&node.io, OP_LOCK, 1, -EBADF);
	fails(BK_E_IO, bk_writer_check_free(&node.io.io, node.path, why()));
	says("cannot lock");
	test_io_fail(&node.io, OP_LOCK, 1, -EINTR);
	ok(bk_writer_check_free(&node.io.io, node.path, why()));
	mkdir(scratch("dir"), 0700);
	fails(BK_E_IO, bk_writer_check_free(&node.io.io, scratch("dir"), why()));
	node.writer = NULL;
	node_end(&node);
}

static void *close_soon(void *writer)
{
	usleep(60000);
	bk_writer_close(writer);
	return NULL;
}

Test(opening, waits_for_the_lock)
{
	struct node node;
	struct bk_writer_options options = {.lock_wait_ms = 10000};
	pthread_t thread;

	node_begin(&node, 0);
	cr_assert(pthread_create(&thread, NULL, close_soon, node.writer) == 0);
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, &options, why()));
	pthread_join(thread, NULL);
	node_busy(&node, 1);
	node_end(&node);
}

/* A lock dies with its process. */
Test(opening, a_killed_writer_leaves_no_lock)
{
	struct node node;
	struct bk_writer *writer = NULL;
	int ready[2], status;
	char byte;
	pid_t pid;

	node_begin(&node, 0);
	bk_writer_close(node.writer);
	cr_assert(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		byte = bk_writer_open(&writer, &node.io.io, node.path, NULL, why()) == BK_OK;
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	cr_assert(read(ready[0], &byte, 1) == 1 && byte);
	fails(BK_E_BUSY, bk_writer_open(&node.writer, &node.io.io, node.path, NULL, why()));
	cr_assert(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, &node.options, why()));
	node_busy(&node, 1);
	node_end(&node);
}

/* Section 1, rule 5, and section 11, code 3: "a torn tail was cut off at this event's own offset".
 */
Test(opening, cuts_a_torn_tail)
{
	struct node node;
	struct forge forge;
	const uint8_t *event;
	size_t whole, at;

	node_begin(&node, 0);
	node_busy(&node, 3);
	bk_writer_close(node.writer);
	forge_load(&forge, node.path);
	whole = forge.size;
	forge_append(&forge, CHANGE, 0, 5, forge.bytes, 400);
	forge_cut(&forge, forge.size - 77);
	forge_save(&forge, node.path);
	forge_done(&forge);
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, &node.options, why()));
	cr_assert(bk_writer_cut_bytes(node.writer) == 371 && bk_writer_version(node.writer) == 5);
	node_busy(&node, 1);
	forge_load(&forge, node.path);
	for (at = 0; forge.frames[at] < whole; at++)
		;
	event = forge_frame(&forge, at);
	cr_assert(forge.frames[at] == whole && event[AT_KIND] == EVENT && event[AT_PAYLOAD] == 3);
	cr_assert(memcmp(event + AT_PAYLOAD + 4, "bytes=371\n", 10) == 0);
	node_check_all(&node, NULL, NULL);
	forge_done(&forge);
	node_restart(&node);
	cr_assert(bk_writer_cut_bytes(node.writer) == 0);
	node_end(&node);
}

/* Rule 5: zeros that were laid ahead are cut off too, and no event tells of them. */
Test(opening, cuts_zeros)
{
	static const size_t torn[] = {0, 371};

	for (size_t i = 0; i < COUNT_OF(torn); i++) {
		struct node node;
		struct forge forge;
		size_t whole, kept;

		node_begin(&node, 0);
		node_busy(&node, 3);
		bk_writer_close(node.writer);
		forge_load(&forge, node.path);
		whole = forge.size;
		forge_append(&forge, CHANGE, 0, 5, forge.bytes, 400);
		forge_cut(&forge, whole + torn[i]);
		forge_save(&forge, node.path);
		forge_done(&forge);
		cr_assert(truncate(node.path, (off_t)(whole + torn[i] + 262144)) == 0);
		ok(bk_writer_open(&node.writer, &node.io.io, node.path, &node.options, why()));
		kept = (size_t)bk_writer_cut_bytes(node.writer);
		cr_assert(kept == torn[i], "%zu cut", kept);
		node_busy(&node, 1);
		node_check_all(&node, NULL, NULL);
		forge_load(&forge, node.path);
		cr_assert(
			forge.frames[forge.count - 1] + forge_frame_size(&forge, forge.count - 1) ==
			forge.size);
		forge_done(&forge);
		node_end(&node);
		scratch_remove();
	}
}

/* Rule 6: a copy that was taken while the log grew, which a reader reads up to the zeros. */
Test(opening, refuses_a_copy_taken_while_it_grew)
{
	struct node node;
	struct forge forge;
	struct bk_writer *writer;
	struct bk_log *log = NULL;
	struct bk_log_status status;
	size_t at;

	node_begin(&node, 0);
	node_busy(&node, 4);
	forge_load(&forge, node.path);
	at = forge_find(&forge, CHANGE, -2);
	memset(forge_frame(&forge, at), 0, forge_frame_size(&forge, at) + 20);
	forge_append(&forge, EVENT, 0, node.version, "\x11\x27\0\0key=value\n", 14);
	forge_seal(&forge);
	memset(forge_frame(&forge, at), 0, forge_frame_size(&forge, at) + 20);
	forge_save(&forge, scratch("copy"));
	fails(BK_E_DAMAGE,
		bk_writer_open(&writer, &node.io.io, scratch("copy"), &node.options, why()));
	says("taken while the log grew");
	ok(bk_log_open(&log, &node.io.io, scratch("copy"), why()));
	ok(bk_log_status(log, &status, why()));
	cr_assert(status.copied_at == forge.frames[at] && status.log_bytes == forge.frames[at]);
	cr_assert(status.version == node.version - 2 && !status.damaged_at && !status.torn_bytes);
	for (uint32_t version = 1; version <= status.version; version++)
		node_check(&node, log, version, NULL);
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

Test(opening, what_the_system_refuses_at_opening)
{
	static const struct {
		enum test_op op;
		unsigned nth;
		int result;
	} cases[] = {{OP_OPEN, 1, -EACCES}, {OP_OPEN, 2, -EMFILE}, {OP_READ, 1, -EIO},
		{OP_STAT, 1, -EIO}, {OP_LOCK, 1, -EIO}, {OP_SYNC, 1, -EIO}, {OP_WRITE, 1, -ENOSPC}};
	struct node node;

	node_begin(&node, 0);
	bk_writer_close(node.writer);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		test_io_fail(&node.io, cases[i].op, cases[i].nth, cases[i].result);
		cr_assert(code_is(bk_writer_open(&node.writer, &node.io.io, node.path, NULL, why()),
				  BK_E_IO),
			"case %zu: %s", i, why()->msg);
	}
	node.io.fail_at = 0;
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, NULL, why()));
	fails(BK_E_MISSING,
		bk_writer_open(&node.writer, &node.io.io, scratch("none"), NULL, why()));
	node_end(&node);
}
