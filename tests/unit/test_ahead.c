/* test_ahead.c - a successor of a log that has mirrors: those of a quorum have it before it takes the
 * log's place (docs/mirror.md, 2). */
#include "rig.h"
#include <errno.h>
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
	cr_assert(rig_told(&rig, BK_MIRRORS_MISSED) == 0 && rig_told(&rig, BK_MIRRORS_REFUSED) == 0);
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

/* A mirror that cannot take it keeps the log as it is, and the node at work. */
Test(ahead, of_a_quorum_that_cannot_take_a_successor)
{
	struct bk_successor *successor;
	struct rig rig;
	char name[64];

	rig_begin(&rig, 1, 2);
	ok(rig_open(&rig));
	node_busy(&rig.node, 20);
	successor = rig_successor(&rig, 2);
	for (unsigned i = 0; i < 16; i++) {
		snprintf(name, sizeof name, "m0.was-%08x-1000000000000", i);
		put_file(scratch(name), "", 0);
	}
	cr_assert(bk_successor_send(successor, rig.mirrors, NULL, NULL, why()) != BK_OK);
	says("16 logs that were put aside");
	node_busy(&rig.node, 20);
	cr_assert(rig_told(&rig, BK_MIRRORS_MISSED) == 0 && rig_told(&rig, BK_MIRRORS_REFUSED) == 0);
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
