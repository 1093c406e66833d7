/* test_ahead.c - a successor of a log that has mirrors: those of a quorum have it before it takes
 * the log's place (docs/mirror.md, 2). */
#include "rig.h"
#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

SUITE(ahead);

/* A successor takes the log's place while changes come: each mirror gets it whole, and follows. One
 * that is away meanwhile does when it is back. */
Test(ahead, follow_a_successor)
{
	struct rig rig;

	rig_begin_late(&rig);
	for (unsigned id = 2; id < 5; id++) {
		node_busy(&rig.node, 20);
		ok(rig_compact(&rig, id));
		node_busy(&rig.node, 20);
		if (id == 3)
			continue; /* the next one comes while they get this one */
		rig_wait_for_both(&rig);
	}
	ok(rig_open(&rig));
	rig_wait(&rig, 0, BK_MIRROR_LEVEL);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_check_same(&rig, 1);
	cr_assert(rig_told(&rig, BK_MIRRORS_REFUSED) == 0);
	rig_end(&rig);
}

/* The mirror holds the log that the node writes to, with its newest change. */
static void check_holds(struct rig *rig, unsigned number)
{
	struct bk_log_status status, mirror;
	struct bk_log *log;

	ok(bk_log_status(bk_writer_log(rig->node.writer), &status, why()));
	ok(bk_log_open(&log, &rig->node.io.io, rig->urls[number], why()));
	ok(bk_log_status(log, &mirror, why()));
	bk_log_close(log);
	cr_assert_str_eq(mirror.id, status.id);
	cr_assert(mirror.version == rig->node.version);
}

/* Those of a quorum have it before it takes the place, and the first change behind that. */
Test(ahead, of_a_quorum_get_a_successor_ahead)
{
	struct rig rig;

	rig_begin(&rig, 2, 3);
	node_busy(&rig.node, 300);
	ok(rig_open(&rig));
	for (unsigned id = 2; id < 5; id++) {
		node_busy(&rig.node, 20);
		ok(rig_compact(&rig, id));
		node_busy(&rig.node, 1);
		check_holds(&rig, 0);
		check_holds(&rig, 1);
	}
	cr_assert(
		rig_told(&rig, BK_MIRRORS_MISSED) == 0 && rig_told(&rig, BK_MIRRORS_REFUSED) == 0);
	rig_close(&rig);
	ok(rig_open(&rig));
	node_busy(&rig.node, 20);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_check_same(&rig, 1);
	rig_end(&rig);
}

/* Without that it takes none: no change would be acknowledged while they get it. */
Test(ahead, of_a_quorum_are_sent_a_successor_first)
{
	struct bk_successor *successor;
	struct bk_writer *to;
	struct rig rig;

	rig_begin(&rig, 1, 2);
	ok(rig_open(&rig));
	node_busy(&rig.node, 20);
	successor = rig_successor(&rig, 2);
	fails(BK_E_BUSY, bk_successor_take(successor, rig.node.writer, &to, why()));
	says("have not its successor yet");
	bk_successor_close(successor);
	node_busy(&rig.node, 20);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_end(&rig);
}

/* No successor can be begun at m0. */
static void fill_aside(void)
{
	char name[64];

	for (unsigned i = 0; i < 16; i++) {
		snprintf(name, sizeof name, "m0.was-%08x-1000000000000", i);
		put_file(scratch(name), "", 0);
	}
}

/* A mirror that cannot take it keeps the log as it is, and the node at work. */
Test(ahead, of_a_quorum_that_cannot_take_a_successor)
{
	struct bk_successor *successor;
	struct rig rig;

	rig_begin(&rig, 1, 2);
	ok(rig_open(&rig));
	node_busy(&rig.node, 20);
	successor = rig_successor(&rig, 2);
	fill_aside();
	cr_assert(bk_successor_send(successor, rig.mirrors, NULL, NULL, why()) != BK_OK);
	says("16 logs that were put aside");
	node_busy(&rig.node, 20);
	cr_assert(
		rig_told(&rig, BK_MIRRORS_MISSED) == 0 && rig_told(&rig, BK_MIRRORS_REFUSED) == 0);
	bk_successor_close(successor);
	node_busy(&rig.node, 20);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_end(&rig);
}

static bool is_not_wanted(void *ctx)
{
	(void)ctx;
	return false;
}

/* One that is away is not waited for where nobody wants it any more. */
Test(ahead, of_a_quorum_that_are_away_and_a_successor)
{
	struct bk_successor *successor;
	struct rig rig;

	rig_begin(&rig, 1, 2);
	rig.options.outage_ms = 100;
	cr_assert(mkdir(rig.urls[0], 0700) == 0);
	ok(rig_open(&rig));
	node_busy(&rig.node, 20);
	successor = rig_successor(&rig, 2);
	fails(BK_E_CANCELLED,
		bk_successor_send(successor, rig.mirrors, is_not_wanted, NULL, why()));
	bk_successor_close(successor);
	node_busy(&rig.node, 20);
	cr_assert(rmdir(rig.urls[0]) == 0);
	rig_close(&rig);
	rig_end(&rig);
}

/* Whether FD is the file NAME of the test's directory. */
static bool is_at(int fd, const char *name)
{
	char link[64], path[4096];
	ssize_t size;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof path - 1);
	if (size < 0)
		return false;
	path[size] = '\0';
	return strcmp(path, scratch(name)) == 0;
}

/* What the calls that a test takes the place of see, and do. */
static struct {
	atomic_bool holds; /* the mirror's calls wait */
	atomic_uint fails; /* so many syncs of the coming log fail */
	off_t committed;   /* bytes of the coming log when it took the name */
	struct bk_io_ops ops;
} seam;

static void wait_while_held(void)
{
	while (seam.holds)
		usleep(1000);
}

static int mirror_lock(void *ctx, int fd)
{
	if (is_at(fd, "m0"))
		wait_while_held();
	return seam.ops.lock(ctx, fd);
}

/* The log is synced: the change in flight was given. */
static int log_sync(void *ctx, int fd)
{
	if (is_at(fd, "log"))
		seam.holds = false;
	return seam.ops.datasync(ctx, fd);
}

static int commit_name(void *ctx, const char *from, const char *to)
{
	struct stat st;

	if (strcmp(from, scratch("m0.next")) == 0 && stat(from, &st) == 0)
		seam.committed = st.st_size;
	return seam.ops.rename_new(ctx, from, to);
}

/* It is given what is in flight when the successor has the name there, and not before: what a power
 * cut takes from the log would stand in the coming log, where nobody looks for it. */
Test(ahead, what_is_in_flight_comes_behind_the_name)
{
	struct bk_log_status status;
	struct rig rig;

	rig_begin(&rig, 1, 2);
	seam.ops = rig.node.io.ops;
	rig.node.io.ops.lock = mirror_lock;
	rig.node.io.ops.rename_new = commit_name;
	ok(rig_open(&rig));
	node_busy(&rig.node, 20);
	{
		struct bk_successor *successor = rig_successor(&rig, 2);
		struct bk_writer *to;

		ok(bk_successor_send(successor, rig.mirrors, NULL, NULL, why()));
		seam.holds = true;
		ok(bk_successor_take(successor, rig.node.writer, &to, why()));
		bk_successor_close(successor);
		bk_writer_leave(rig.node.writer);
		rig.node.writer = to;
	}
	ok(bk_log_status(bk_writer_log(rig.node.writer), &status, why()));
	rig.node.io.ops.datasync = log_sync;
	node_busy(&rig.node, 1);
	cr_assert(seam.committed == (off_t)status.log_bytes, "%lld bytes, and not %llu",
		(long long)seam.committed, (unsigned long long)status.log_bytes);
	check_holds(&rig, 0);
	node_busy(&rig.node, 20);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_end(&rig);
}

/* A place that lost the coming log while it was away does not count as one that has it. */
Test(ahead, one_that_lost_the_successor_does_not_count)
{
	struct bk_successor *successor;
	struct bk_writer *to;
	struct rig rig;

	rig_begin(&rig, 1, 2);
	rig.options.outage_ms = 300;
	ok(rig_open(&rig));
	node_busy(&rig.node, 20);
	successor = rig_successor(&rig, 2);
	ok(bk_successor_send(successor, rig.mirrors, NULL, NULL, why()));
	cr_assert(rename(rig.urls[0], scratch("kept")) == 0 && mkdir(rig.urls[0], 0700) == 0);
	unlink(scratch("m0.next"));
	unlink(scratch("m0.next.durable"));
	fill_aside();
	node_busy(&rig.node, 1);
	rig_wait(&rig, 0, BK_MIRROR_AWAY);
	cr_assert(rmdir(rig.urls[0]) == 0 && rename(scratch("kept"), rig.urls[0]) == 0);
	rig_wait(&rig, 0, BK_MIRROR_LEVEL);
	fails(BK_E_BUSY, bk_successor_take(successor, rig.node.writer, &to, why()));
	says("have not its successor yet");
	bk_successor_close(successor);
	node_busy(&rig.node, 20);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_end(&rig);
}

/* Calls on the coming log hang, or fail some times. */
static int next_sync(void *ctx, int fd)
{
	if (!is_at(fd, "m0.next"))
		return seam.ops.datasync(ctx, fd);
	wait_while_held();
	if (seam.fails) {
		seam.fails--;
		return -EIO;
	}
	return seam.ops.datasync(ctx, fd);
}

static struct {
	struct rig *rig;
	struct bk_successor *successor;
	struct bk_error err;
	enum bk_code code;
	atomic_bool is_over;
} sending;

static void *send_beside(void *ignored)
{
	(void)ignored;
	sending.code = bk_successor_send(
		sending.successor, sending.rig->mirrors, NULL, NULL, &sending.err);
	sending.is_over = true;
	return NULL;
}

/* One mirror hangs while the other one takes change after change: the successor is given up all the
 * same, and the log goes on. Later it takes one. */
Test(ahead, one_that_hangs_is_not_waited_for_for_ever)
{
	struct rig rig;
	pthread_t thread;
	time_t begun;

	rig_begin(&rig, 2, 3);
	rig.options.outage_ms = 1000;
	seam.ops = rig.node.io.ops;
	rig.node.io.ops.datasync = next_sync;
	ok(rig_open(&rig));
	node_busy(&rig.node, 20);
	sending.rig = &rig;
	sending.successor = rig_successor(&rig, 2);
	seam.holds = true;
	cr_assert(pthread_create(&thread, NULL, send_beside, NULL) == 0);
	for (begun = time(NULL); !sending.is_over && time(NULL) < begun + 60;) {
		node_busy(&rig.node, 1);
		usleep(1000);
	}
	seam.holds = false;
	pthread_join(thread, NULL);
	cr_assert(sending.code == BK_E_IO, "%d", sending.code);
	cr_assert(strstr(sending.err.msg, "have not taken the successor"));
	bk_successor_close(sending.successor);
	rig_wait_for_both(&rig);
	node_busy(&rig.node, 1);
	cr_assert(rig_told(&rig, BK_MIRRORS_MET) == rig_told(&rig, BK_MIRRORS_MISSED));
	ok(rig_compact(&rig, 3));
	node_busy(&rig.node, 1);
	check_holds(&rig, 0);
	check_holds(&rig, 1);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_end(&rig);
}

/* A line that breaks, or a disk that fails once, is no reason to give it up. */
Test(ahead, one_that_fails_for_a_moment_goes_on)
{
	struct rig rig;

	rig_begin(&rig, 1, 2);
	seam.ops = rig.node.io.ops;
	rig.node.io.ops.datasync = next_sync;
	ok(rig_open(&rig));
	node_busy(&rig.node, 20);
	seam.fails = 2;
	ok(rig_compact(&rig, 2));
	cr_assert(!seam.fails);
	node_busy(&rig.node, 1);
	check_holds(&rig, 0);
	seam.fails = 1000000;
	fails(BK_E_IO, rig_compact(&rig, 3));
	says("cannot take the successor");
	seam.fails = 0;
	node_busy(&rig.node, 20);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_end(&rig);
}
