/* test_mirrors.c - a log's mirrors: brought level from wherever they stand, waited for by a quorum,
 * asked before a log is written to (bk/mirrors.h; docs/mirror.md). */
#include "forge.h"
#include "rig.h"
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

SUITE(mirrors);

Test(mirrors, a_late_one_gets_the_whole_log_and_follows)
{
	struct rig rig;

	rig_begin_late(&rig);
	node_busy(&rig.node, 50);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_check_same(&rig, 1);
	/* A mirror is a log: it can be read. */
	rig.node.path = rig.urls[1];
	{
		struct bk_log *log = node_log(&rig.node);

		node_check_all(&rig.node, log, NULL);
		bk_log_close(log);
	}
	rig.node.path = scratch("log");
	rig_end(&rig);
}

/* The mirror's file is as long as the log is. */
static void check_in(const struct rig *rig, unsigned number)
{
	struct stat log, mirror;

	cr_assert(stat(rig->node.path, &log) == 0);
	cr_assert(stat(rig->urls[number], &mirror) == 0 && mirror.st_size == log.st_size);
}

/* With a quorum a change that was acknowledged is in that many files, whatever happens next. */
Test(mirrors, a_quorum_has_each_change)
{
	struct rig rig;

	rig_begin(&rig, 2, 3);
	ok(rig_open(&rig));
	for (unsigned i = 0; i < 50; i++) {
		node_busy(&rig.node, 1);
		check_in(&rig, 0);
		check_in(&rig, 1);
	}
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_check_same(&rig, 1);
	cr_assert(rig_told(&rig, BK_MIRRORS_MISSED) == 0);
	rig_end(&rig);
}

static unsigned events(const struct rig *rig, const char *text)
{
	size_t size;
	unsigned count = 0;
	uint8_t *bytes = file_bytes(rig->node.path, &size), *at = bytes;

	while ((at = memmem(at, size - (size_t)(at - bytes), text, strlen(text)))) {
		count++;
		at++;
	}
	free(bytes);
	return count;
}

/* A place that is away holds a change up for the stated time, once; then the log says from which
 * version on, and when it is met again. */
Test(mirrors, an_outage_is_waited_for_told_and_noted)
{
	struct rig rig;
	char text[64];

	rig_begin(&rig, 1, 2);
	rig.options.outage_ms = 1000;
	mkdir(rig.urls[0], 0700); /* no file can be made there */
	ok(rig_open(&rig));
	node_busy(&rig.node, 20);
	cr_assert(rig_told(&rig, BK_MIRRORS_MISSED) == 1 && rig_told(&rig, BK_MIRRORS_MET) == 0);
	cr_assert(strstr(rig.told.text[BK_MIRRORS_MISSED], "from version 2 on"));
	cr_assert(strstr(rig.told.text[BK_MIRRORS_MISSED], rig.urls[0]));
	cr_assert(events(&rig, "from=2\nplaces=2\n") == 1);
	rmdir(rig.urls[0]);
	rig_wait(&rig, 0, BK_MIRROR_LEVEL);
	node_busy(&rig.node, 1);
	snprintf(text, sizeof text, "until=%u\nplaces=2\n", rig.node.version);
	cr_assert(events(&rig, text) == 1 && rig_told(&rig, BK_MIRRORS_MET) == 1);
	node_busy(&rig.node, 20);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_end(&rig);
}

static bool is_missed(const struct rig *rig)
{
	struct bk_log_status status;

	ok(bk_log_status(bk_writer_log(rig->node.writer), &status, why()));
	return status.quorum_missed;
}

/* One session misses the quorum, the next one meets it, and says so. */
Test(mirrors, a_later_session_notes_that_the_quorum_is_met)
{
	struct rig rig;
	char text[64];

	rig_begin(&rig, 1, 2);
	rig.options.outage_ms = 1000;
	mkdir(rig.urls[0], 0700);
	ok(rig_open(&rig));
	node_busy(&rig.node, 2);
	cr_assert(is_missed(&rig));
	rig_close(&rig);
	rmdir(rig.urls[0]);
	ok(rig_open(&rig));
	cr_assert(is_missed(&rig), "as the log says");
	rig_wait(&rig, 0, BK_MIRROR_LEVEL);
	node_busy(&rig.node, 1);
	cr_assert(!is_missed(&rig));
	snprintf(text, sizeof text, "until=%u\nplaces=2\n", rig.node.version);
	cr_assert(events(&rig, text) == 1);
	rig_close(&rig);
	rig_end(&rig);
}

/* The fence: two on one state; the mirror saw the first go on, and the second is refused. */
Test(mirrors, the_second_of_two_is_refused)
{
	struct rig rig;

	rig_begin_two(&rig, 2, 5);
	/* Unwatched by the mirror the other goes on, and longer than the first. */
	rig.node.options.mirrors = NULL;
	rig.node.path = scratch("other");
	ok(bk_writer_open(
		&rig.node.writer, &rig.node.io.io, rig.node.path, &rig.node.options, why()));
	for (unsigned i = 0; i < 40; i++)
		ok(rig_append(&rig, "CREATE TABLE IF NOT EXISTS parted (x)"));
	ok(rig_open(&rig));
	fails(BK_E_UNSAFE, rig_append(&rig, "CREATE TABLE another (x)"));
	says("refuses this log");
	says("it holds something else than this log does");
	/* By the mirror's thread, when it has let the append go. */
	for (unsigned i = 0; i < 20000 && !rig_told(&rig, BK_MIRRORS_REFUSED); i++)
		usleep(1000);
	cr_assert(rig_told(&rig, BK_MIRRORS_REFUSED) == 1);
	fails(BK_E_UNSAFE, rig_append(&rig, "CREATE TABLE another (x)"));
	rig_close(&rig);
	rig_end(&rig);
}

/* Has the other log, a copy of BASE, go on unwatched by one change of SIZE bytes; how long it is
 * then. */
static size_t part(struct rig *rig, const char *base, size_t size)
{
	char sql[4096] = "CREATE TABLE parted (x";
	uint64_t random = size;
	size_t used = strlen(sql), bytes;

	while (used < size)
		sql[used++] = (char)('a' + random_next(&random) % 26);
	strcpy(sql + used, ")");
	copy_file(base, scratch("other"));
	rig->node.options.mirrors = NULL;
	rig->node.path = scratch("other");
	ok(bk_writer_open(
		&rig->node.writer, &rig->node.io.io, rig->node.path, &rig->node.options, why()));
	ok(rig_append(rig, sql));
	rig_close(rig);
	free(file_bytes(rig->node.path, &bytes));
	return bytes;
}

/* So it is where the second is longer than the mirror by less than the head of a frame: then what
 * is sent shows nothing. */
Test(mirrors, the_second_of_two_is_refused_by_whatever_little_it_is_longer)
{
	size_t held, bytes = 0;
	struct rig rig;

	rig_begin(&rig, 1, 2);
	ok(rig_open(&rig));
	node_busy(&rig.node, 5);
	rig_close(&rig);
	copy_file(rig.node.path, scratch("base"));
	ok(rig_open(&rig));
	node_busy(&rig.node, 5);
	rig_close(&rig);
	free(file_bytes(rig.urls[0], &held));
	for (size_t size = 30; size < 4000 && bytes <= held; size += 8)
		bytes = part(&rig, scratch("base"), size);
	cr_assert(bytes > held && bytes - held < 48, "%zu and %zu", bytes, held);
	ok(rig_open(&rig));
	rig_wait(&rig, 0, BK_MIRROR_REFUSES);
	rig_close(&rig);
	rig_end(&rig);
}

/* The same where the mirror has more than the second: refused before a byte is written. */
Test(mirrors, a_longer_mirror_that_does_not_chain_is_refused_at_opening)
{
	struct rig rig;
	struct stat before, after;

	rig_begin_two(&rig, 2, 50);
	rig.node.options.mirrors = NULL;
	rig.node.path = scratch("other");
	ok(bk_writer_open(
		&rig.node.writer, &rig.node.io.io, rig.node.path, &rig.node.options, why()));
	ok(rig_append(&rig, "CREATE TABLE parted (x)"));
	rig_close(&rig);
	cr_assert(stat(rig.node.path, &before) == 0);
	fails(BK_E_UNSAFE, rig_open(&rig));
	says("went on with another history");
	says("backup-cli mirror reset");
	cr_assert(stat(rig.node.path, &after) == 0 && after.st_size == before.st_size);
	rig_end(&rig);
}

/* A power cut took the log's end, which the mirror has. */
Test(mirrors, what_the_log_lost_is_taken_over)
{
	struct rig rig;
	struct stat st;
	size_t size;
	uint8_t *bytes;

	rig_begin(&rig, 2, 2);
	ok(rig_open(&rig));
	node_busy(&rig.node, 30);
	rig_wait(&rig, 0, BK_MIRROR_LEVEL);
	rig_close(&rig);
	bytes = file_bytes(rig.node.path, &size);
	for (size_t cut = 1; cut < 1200; cut += 97) {
		put_file(rig.node.path, bytes, size - cut);
		ok(rig_open(&rig));
		rig_close(&rig);
		cr_assert(stat(rig.node.path, &st) == 0 && (size_t)st.st_size >= size);
		rig_check_same(&rig, 0);
		{
			size_t now;
			uint8_t *after = file_bytes(rig.node.path, &now);

			cr_assert(memcmp(after, bytes, size) == 0);
			free(bytes);
			bytes = after;
			size = now;
		}
	}
	cr_assert(strstr(rig.told.text[BK_MIRRORS_TOLD], "mirror"));
	free(bytes);
	rig_end(&rig);
}

/* Its end is lost, and the mirror that has it is away just now: nothing is written that would part
 * the two. */
Test(mirrors, a_log_that_lost_its_end_stays_as_it_is)
{
	struct bk_log_status status;
	struct rig rig;
	struct stat st;
	size_t size;

	rig_begin(&rig, 1, 0);
	ok(rig_open(&rig));
	node_busy(&rig.node, 5);
	rig_close(&rig);
	copy_file(rig.node.path, scratch("short"));
	ok(rig_open(&rig));
	node_busy(&rig.node, 5);
	rig_wait(&rig, 0, BK_MIRROR_LEVEL);
	ok(bk_log_status(bk_writer_log(rig.node.writer), &status, why()));
	rig_close(&rig);
	free(file_bytes(scratch("short"), &size));
	copy_file(scratch("short"), rig.node.path);
	rig.node.options.seen_log = status.id;
	rig.node.options.seen_bytes = status.log_bytes;
	rename(rig.urls[0], scratch("away"));
	mkdir(rig.urls[0], 0700);
	fails(BK_E_UNSAFE, rig_open(&rig));
	says("bytes, and had");
	cr_assert(stat(rig.node.path, &st) == 0 && (size_t)st.st_size == size);
	rmdir(rig.urls[0]);
	rename(scratch("away"), rig.urls[0]);
	bk_mirrors_free(rig.mirrors);
	ok(rig_open(&rig));
	rig_wait(&rig, 0, BK_MIRROR_LEVEL);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig.node.options.seen_log = "00000000000000000000000000000000";
	rig.node.options.seen_bytes = UINT64_MAX;
	ok(rig_open(&rig));
	rig_end(&rig);
}

/* The disk is full before all of it is there: the log stays where it was, and goes on from there.
 */
Test(mirrors, what_cannot_be_taken_over_whole_leaves_nothing)
{
	struct rig rig;
	struct bk_log *log;
	struct bk_log_status status;
	struct stat st = {0};
	off_t size;

	rig_begin(&rig, 1, 0);
	ok(rig_open(&rig));
	node_busy(&rig.node, 5);
	rig_close(&rig);
	copy_file(rig.node.path, scratch("short"));
	cr_assert(stat(scratch("short"), &st) == 0);
	size = st.st_size;
	ok(rig_open(&rig));
	while (st.st_size < 1000000) { /* some pieces */
		node_busy(&rig.node, 100);
		cr_assert(stat(rig.node.path, &st) == 0);
	}
	rig_wait(&rig, 0, BK_MIRROR_LEVEL);
	rig_close(&rig);
	copy_file(scratch("short"), rig.node.path);
	test_io_fail(&rig.node.io, OP_WRITE, 2, -ENOSPC);
	ok(rig_open(&rig));
	cr_assert(!rig.node.io.fail_at, "no write failed");
	rig_wait(&rig, 0, BK_MIRROR_REFUSES);
	log = bk_writer_log(rig.node.writer);
	ok(bk_log_status(log, &status, why()));
	cr_assert(stat(rig.node.path, &st) == 0);
	cr_assert((uint64_t)st.st_size == status.log_bytes && st.st_size < size + 1000,
		"%lld bytes, and the log ends at %llu", (long long)st.st_size,
		(unsigned long long)status.log_bytes);
	rig_close(&rig);
}

/* "A place that held a log once and now is empty, or another's, is an error, never a reason to
 * begin anew." */
Test(mirrors, a_place_that_was_emptied_is_refused)
{
	static const char *const held[] = {"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"};
	struct rig rig;

	rig_begin(&rig, 1, 0);
	rig.options.held = held;
	ok(rig_open(&rig));
	rig_wait(&rig, 0, BK_MIRROR_REFUSES);
	cr_assert(strstr(rig_status(&rig, 0).why, "is empty now"));
	cr_assert(!has_file(rig.urls[0]));
	node_busy(&rig.node, 5); /* without a quorum the node goes on */
	rig_end(&rig);
}

/* It may be mended, and does not stop the node; but nobody waits for it as for one that is away. */
Test(mirrors, a_damaged_place_is_an_alarm)
{
	struct rig rig;

	rig_begin(&rig, 1, 1);
	ok(rig_open(&rig));
	node_busy(&rig.node, 20);
	rig_close(&rig);
	cr_assert(truncate(rig.list[0], 200) == 0);
	ok(rig_open(&rig));
	for (unsigned i = 0; i < 20000 && !rig_told(&rig, BK_MIRRORS_REFUSED); i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	cr_assert(strstr(rig.told.text[BK_MIRRORS_REFUSED], "cannot take the log"), "%s",
		rig.told.text[BK_MIRRORS_REFUSED]);
	node_busy(&rig.node, 1);
	rig_end(&rig);
}

Test(mirrors, anothers_place_is_refused)
{
	struct rig rig;
	uint32_t version;

	rig_begin(&rig, 1, 2);
	ok(bk_log_create(&rig.node.io.io, rig.urls[0], NULL, 0, NULL, NULL, &version, why()));
	rig.node.io.random = 7;
	unlink(rig.urls[0]);
	ok(bk_log_create(&rig.node.io.io, rig.urls[0], NULL, 0, NULL, NULL, &version, why()));
	ok(rig_open(&rig));
	fails(BK_E_UNSAFE, rig_append(&rig, "CREATE TABLE another (x)"));
	says("holds another log");
	rig_close(&rig);
	rig_end(&rig);
}

Test(mirrors, options_that_make_no_sense)
{
	struct test_io io;
	struct bk_mirrors *mirrors;
	const char *urls[BK_MIRRORS_MAX + 1] = {"/a", "nonsense://x"};
	struct bk_mirrors_options options = {.urls = urls, .count = 1, .quorum = 3};

	test_io_init(&io);
	fails(BK_E_INVALID, bk_mirrors_open(&mirrors, &io.io, &options, why()));
	says("a quorum of 3 is more than there are places");
	options.quorum = 0;
	options.count = 2;
	fails(BK_E_INVALID, bk_mirrors_open(&mirrors, &io.io, &options, why()));
	options.count = BK_MIRRORS_MAX + 1;
	fails(BK_E_LIMIT, bk_mirrors_open(&mirrors, &io.io, &options, why()));
}

/* While the node runs one more is named: it gets the whole log, and counts for the quorum. One that
 * is named no more gets nothing, and is not waited for. */
Test(mirrors, others_while_the_log_is_open)
{
	struct stat before, after;
	struct rig rig;

	rig_begin(&rig, 3, 1);
	rig.options.count = 0;
	ok(bk_mirrors_open(&rig.mirrors, &rig.node.io.io, &rig.options, why()));
	fails(BK_E_BUSY, bk_mirrors_change(rig.mirrors, &rig.options, why()));
	bk_mirrors_free(rig.mirrors);
	rig.mirrors = NULL;
	ok(rig_open(&rig));
	node_busy(&rig.node, 200);
	rig.options.count = 2;
	ok(bk_mirrors_change(rig.mirrors, &rig.options, why()));
	rig_wait_for_both(&rig);
	rig.options.quorum = 3;
	ok(bk_mirrors_change(rig.mirrors, &rig.options, why()));
	for (unsigned i = 0; i < 20; i++) {
		node_busy(&rig.node, 1);
		check_in(&rig, 0);
		check_in(&rig, 1);
	}
	cr_assert(rig_told(&rig, BK_MIRRORS_MISSED) == 0);
	rig.options.quorum = 4;
	fails(BK_E_INVALID, bk_mirrors_change(rig.mirrors, &rig.options, why()));
	/* m1 goes, m2 comes. */
	rig.list[1] = rig.urls[2];
	rig.options.quorum = 3;
	ok(bk_mirrors_change(rig.mirrors, &rig.options, why()));
	cr_assert_str_eq(rig_status(&rig, 1).url, rig.urls[2]);
	rig_wait_for_both(&rig);
	usleep(100000);
	cr_assert(stat(rig.urls[1], &before) == 0);
	node_busy(&rig.node, 20);
	check_in(&rig, 2);
	cr_assert(stat(rig.urls[1], &after) == 0 && after.st_size == before.st_size);
	rig.options.count = 0;
	fails(BK_E_INVALID, bk_mirrors_change(rig.mirrors, &rig.options, why()));
	rig.options.quorum = 1;
	ok(bk_mirrors_change(rig.mirrors, &rig.options, why()));
	node_busy(&rig.node, 20);
	cr_assert(!bk_mirrors_status(rig.mirrors, 0, &(struct bk_mirror_status){0}));
	rig.options.count = 2;
	ok(bk_mirrors_change(rig.mirrors, &rig.options, why()));
	rig_wait_for_both(&rig);
	rig_close(&rig);
	rig_check_same(&rig, 0);
	rig_check_same(&rig, 2);
	rig_end(&rig);
}

/* A change that waits for one that is away goes on when it is named no more. */
static void *name_no_more(void *arg)
{
	struct rig *rig = arg;

	usleep(200000);
	rig->options.count = 0;
	rig->options.quorum = 1;
	ok(bk_mirrors_change(rig->mirrors, &rig->options, why()));
	return NULL;
}

Test(mirrors, one_that_is_waited_for_is_named_no_more)
{
	pthread_t thread;
	struct rig rig;

	rig_begin(&rig, 1, 2);
	rig.options.outage_ms = BK_OUTAGE_WAIT;
	mkdir(rig.urls[0], 0700);
	ok(rig_open(&rig));
	cr_assert(pthread_create(&thread, NULL, name_no_more, &rig) == 0);
	node_busy(&rig.node, 3);
	pthread_join(thread, NULL);
	rig_close(&rig);
	rmdir(rig.urls[0]);
	rig_end(&rig);
}
