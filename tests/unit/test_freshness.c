/* test_freshness.c - which of several places has the newest state (bk/freshness.h; docs/mirror.md,
 * 6).
 */
#include "node.h"
#include <bk/compact.h>
#include <bk/freshness.h>
#include <bk/successor.h>
#include <unistd.h>

SUITE(freshness);

#define STAGES 8 /* copies of the log as it grew */
#define FORKS  8 /* each went on by itself from a stage */

struct logs {
	struct node node;
	struct bk_log *stage[STAGES], *fork[FORKS], *other;
	uint32_t version[STAGES];
};

static struct bk_log *open_copy(struct node *node, const char *from, const char *name)
{
	struct bk_log *log;

	if (from)
		copy_file(from, scratch(name));
	ok(bk_log_open(&log, &node->io.io, scratch(name), why()));
	return log;
}

static void go_on(struct node *node, const char *path, unsigned count)
{
	struct bk_writer *writer;

	ok(bk_writer_open(&writer, &node->io.io, path, NULL, why()));
	for (unsigned i = 0; i < count; i++) {
		char sql[64];
		struct bk_slice slice = {sql, 0};
		struct bk_change change = {.version = bk_writer_version(writer) + 1,
			.statements = &slice,
			.statement_count = 1};

		slice.size =
			(size_t)snprintf(sql, sizeof sql, "DELETE FROM parted WHERE x = %u", i);
		ok(bk_writer_append(writer, &change, why()));
	}
	bk_writer_close(writer);
}

static void make_logs(struct logs *logs)
{
	char name[32], from[32];
	uint32_t version;

	node_begin(&logs->node, 0);
	for (int i = 0; i < STAGES; i++) {
		node_busy(&logs->node, 3);
		if (i == STAGES / 2)
			node_snapshot(&logs->node, BK_SNAPSHOT_GAP);
		node_restart(&logs->node);
		snprintf(name, sizeof name, "stage%d", i);
		copy_file(logs->node.path, scratch(name));
		logs->version[i] = logs->node.version;
	}
	for (int i = 0; i < FORKS; i++) {
		snprintf(from, sizeof from, "stage%d", i % (STAGES - 1));
		snprintf(name, sizeof name, "fork%d", i);
		copy_file(scratch(from), scratch(name));
		go_on(&logs->node, scratch(name), 1 + (unsigned)i % 3);
		logs->fork[i] = open_copy(&logs->node, NULL, name);
	}
	for (int i = 0; i < STAGES; i++) {
		snprintf(name, sizeof name, "stage%d", i);
		logs->stage[i] = open_copy(&logs->node, NULL, name);
	}
	logs->node.io.random = 9;
	ok(bk_log_create(
		&logs->node.io.io, scratch("another"), NULL, 0, NULL, NULL, &version, why()));
	go_on(&logs->node, scratch("another"), 5);
	logs->other = open_copy(&logs->node, NULL, "another");
}

static void free_logs(struct logs *logs)
{
	for (int i = 0; i < STAGES; i++)
		bk_log_close(logs->stage[i]);
	for (int i = 0; i < FORKS; i++)
		bk_log_close(logs->fork[i]);
	bk_log_close(logs->other);
	node_end(&logs->node);
}

static enum bk_code ask(struct bk_log *a, struct bk_log *b, uint32_t known, bool without_b,
	struct bk_freshness *out)
{
	struct bk_answer answers[2] = {{.url = "a", .log = a}, {.url = "b", .log = b}};
	struct bk_known knows = {known > 0, known};

	bk_fail(&answers[0].why, BK_E_MISSING, 0, "it is gone");
	bk_fail(&answers[1].why, BK_E_MISSING, 0, "it is gone");
	answers[1].is_given_up = without_b;
	return bk_freshest(out, answers, 2, &knows, why());
}

/* The log NODE writes is succeeded by another, of the same versions. */
static void succeed(struct node *node)
{
	const struct bk_compact_options options = {.program = "test"};
	struct bk_log *log = node_log(node);
	struct bk_compact_result result;
	struct bk_successor *successor;
	struct bk_writer *to;

	node->io.random = 2;
	ok(bk_compact(log, &options, &result, why()));
	bk_log_close(log);
	ok(bk_successor_open(&successor, bk_writer_log(node->writer), why()));
	ok(bk_successor_take(successor, node->writer, &to, why()));
	bk_successor_close(successor);
	bk_writer_leave(node->writer);
	node->writer = to;
}

/* Its own newest version is not to be trusted, and the other's is. */
Test(freshness, a_log_that_was_succeeded_gives_way)
{
	struct bk_freshness found;
	struct bk_log *left, *successor;
	struct node node;

	node_begin(&node, 5);
	node_busy(&node, 12);
	cr_assert(link(node.path, scratch("left")) == 0);
	succeed(&node);
	ok(bk_log_open(&left, &node.io.io, scratch("left"), why()));
	successor = node_log(&node);
	ok(ask(left, successor, 0, false, &found));
	cr_assert(found.newest == 1);
	ok(ask(successor, left, 0, false, &found));
	cr_assert(found.newest == 0);
	bk_log_close(left);
	bk_log_close(successor);
	node_end(&node);
}

/* "1,000 of 1,000 stale, forked, emptied or swapped places": none is restored from where another
 * place, or backup.lock, knows better. */
Test(freshness, a_thousand_places_that_are_not_what_they_were, .timeout = 120)
{
	uint64_t random = test_seed();
	struct bk_freshness found;
	struct logs logs = {0};

	make_logs(&logs);
	for (unsigned i = 0; i < 1000; i++) {
		int stage = (int)(random_next(&random) % (STAGES - 1));
		struct bk_log *newest = logs.stage[STAGES - 1], *bad;

		switch (random_next(&random) % 5) {
		case 0: /* stale: whichever is named, the other is taken */
			ok(ask(logs.stage[stage], newest, 0, false, &found));
			cr_assert(found.newest == 1 && !found.is_unproven);
			ok(ask(newest, logs.stage[stage], 0, false, &found));
			cr_assert(found.newest == 0);
			break;
		case 1: /* stale, and alone, but backup.lock knows */
			fails(BK_E_UNSAFE, ask(logs.stage[stage], NULL, logs.version[STAGES - 1],
						   true, &found));
			says("backup.lock knows of version");
			break;
		case 2: /* forked: longer or shorter, from wherever */
			bad = logs.fork[random_next(&random) % FORKS];
			fails(BK_E_UNSAFE, ask(newest, bad, 0, false, &found));
			says("went on each by itself");
			fails(BK_E_UNSAFE, ask(bad, newest, 0, false, &found));
			ok(ask(newest, bad, 0, true, &found));
			break;
		case 3: /* emptied, or away */
			fails(BK_E_UNSAFE, ask(logs.stage[stage], NULL, 0, false, &found));
			says("cannot be asked");
			says("--without");
			break;
		default: /* another log in its place */
			fails(BK_E_UNSAFE, ask(newest, logs.other, 0, false, &found));
			fails(BK_E_UNSAFE, ask(logs.other, newest, 0, false, &found));
			break;
		}
	}
	/* Elsewhere: unproven. */
	ok(ask(logs.stage[0], NULL, 0, true, &found));
	cr_assert(found.is_unproven);
	ok(ask(logs.stage[0], NULL, logs.version[0], true, &found));
	cr_assert(!found.is_unproven);
	fails(BK_E_MISSING, bk_freshest(&found, NULL, 0, &(struct bk_known){0}, why()));
	free_logs(&logs);
}
