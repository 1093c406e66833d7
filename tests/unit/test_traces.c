/* test_traces.c - recorded traffic of real nodes: the image at each version is what plain SQLite
 * makes of all calls up to there (docs/decisions.md, "Replay rules"), and at the recorded versions
 * the node's own database. */
#include "node.h"
#include "tempdir.h"
#include "trace.h"
#include <bk/change.h>
#include <bk/image.h>
#include <bk/snapshot.h>
#include <bk/writer.h>

SUITE(traces);

#define VERSIONS_MAX 65536

/* A log made of a trace, and a database in memory that runs it again. */
struct play {
	const char *name;
	struct test_io io;
	struct bk_writer *writer;
	struct trace *trace;
	struct trace_call call; /* the next one, if MORE */
	bool more;
	sqlite3 *db;
};

/* False, with a word about it, where there are no traces. */
static bool path_of(char *path, size_t size, const char *name, const char *file)
{
	const char *dir = traces_dir();

	if (!dir) {
		fprintf(stderr, "skipped: no traces\n");
		return false;
	}
	snprintf(path, size, "%s/%s/%s", dir, name, file);
	return true;
}

static void next_call(struct play *play)
{
	ok(trace_next(play->trace, &play->call, &play->more, why()));
}

static void open_trace(struct play *play, const char *path)
{
	trace_close(play->trace);
	play->trace = NULL;
	ok(trace_open(&play->trace, path, why()));
	next_call(play);
}

/* Appends the whole trace, with keyframes, to a new log over DATABASE (NULL: none). */
static void write_log(struct play *play, const char *database)
{
	struct bk_writer_options options = {.program = "test"};
	uint32_t version;

	test_io_init(&play->io);
	play->io.step_us = 0;
	ok(bk_log_create(
		&play->io.io, scratch("log"), database, 1000, NULL, NULL, &version, why()));
	ok(bk_writer_open(&play->writer, &play->io.io, scratch("log"), &options, why()));
	for (; play->more; next_call(play)) {
		play->io.now_us = play->call.time_us;
		ok(bk_writer_append(play->writer, &play->call.change, why()));
		ok(bk_keyframes_build(play->writer, why()));
	}
}

static void run_change(sqlite3 *db, const struct bk_change *change)
{
	bool is_lone = bk_change_is_pragma(change);

	if (!is_lone)
		sql_run(db, "BEGIN");
	for (size_t i = 0; i < change->statement_count; i++)
		sql_run(db, "%.*s", (int)change->statements[i].size,
			(const char *)change->statements[i].data);
	if (!is_lone)
		sql_run(db, "COMMIT");
}

/* Runs plain SQLite on through VERSION, lone pragmas that repeat it included. */
static void run_to(struct play *play, uint32_t version)
{
	for (; play->more && play->call.change.version <= version; next_call(play))
		run_change(play->db, &play->call.change);
}

static void check_image(struct play *play, uint32_t version)
{
	struct bk_image *image = NULL;
	char what[64];
	sqlite3 *db;

	snprintf(what, sizeof what, "version %u of %s", version, play->name);
	ok(bk_image_open(&image, bk_writer_log(play->writer), version, NULL, why()));
	db = sql_image(image);
	sql_same(play->db, db, what);
	sqlite3_close(db);
	bk_image_close(image);
}

/* The node's own database FILE is what plain SQLite holds now. */
static void check_node(struct play *play, const char *file)
{
	char path[PATH_MAX];
	sqlite3 *db;

	cr_assert(path_of(path, sizeof path, play->name, file));
	ok(file_copy(path, scratch("own"), why()));
	db = sql_open(scratch("own"));
	sql_same(db, play->db, path);
	sqlite3_close(db);
}

static void play_end(struct play *play)
{
	sqlite3_close(play->db);
	trace_close(play->trace);
	bk_writer_close(play->writer);
}

Test(traces, every_version_of_the_small_one)
{
	static const uint32_t recorded[] = {401, 610, 934};
	struct play play = {.name = "small"};
	char path[PATH_MAX];
	size_t next = 0;

	if (!path_of(path, sizeof path, play.name, "trace.jsonl.zst"))
		return;
	open_trace(&play, path);
	write_log(&play, NULL);
	open_trace(&play, path);
	play.db = sql_open(":memory:");
	for (uint32_t version = 1; version <= 934; version++) {
		run_to(&play, version);
		check_image(&play, version);
		if (version != recorded[next])
			continue;
		snprintf(path, sizeof path, "db-%u.sqlite3.zst", recorded[next++]);
		check_node(&play, path);
	}
	cr_assert(next == COUNT_OF(recorded));
	play_end(&play);
}

/* So many random versions of the large one, and the recorded ones. */
static void check_large(unsigned count)
{
	static bool wanted[VERSIONS_MAX];
	struct play play = {.name = "large"};
	uint64_t seed = test_seed();
	char path[PATH_MAX];

	if (!path_of(path, sizeof path, play.name, "trace.jsonl.zst"))
		return;
	open_trace(&play, path);
	write_log(&play, NULL);
	open_trace(&play, path);
	for (unsigned i = 0; i < count; i++)
		wanted[1 + random_next(&seed) % 60992] = true;
	wanted[30416] = wanted[60992] = true;
	play.db = sql_open(":memory:");
	for (uint32_t version = 1; version <= 60992; version++) {
		if (!wanted[version])
			continue;
		run_to(&play, version);
		check_image(&play, version);
		if (version == 30416)
			check_node(&play, "db-30416.sqlite3.zst");
	}
	check_node(&play, "db-60992.sqlite3.zst");
	play_end(&play);
}

Test(traces, random_versions_of_the_large_one)
{
	if (!getenv("BK_TORTURE")) {
		fprintf(stderr, "skipped: takes a minute; BK_TORTURE=1 runs it\n");
		return;
	}
	check_large(500);
}

/* Upgrades of old schemas: a log over the database as it was before, and each version since. */
static void check_migration(const char *name)
{
	struct play play;
	char path[PATH_MAX], trace[PATH_MAX], full[100];
	uint32_t last = 0;

	snprintf(full, sizeof full, "migrations/%s", name);
	play = (struct play){.name = full};
	cr_assert(path_of(path, sizeof path, full, "before.sqlite3.zst"));
	cr_assert(path_of(trace, sizeof trace, full, "trace.jsonl.zst"));
	ok(file_copy(path, scratch("before"), why()));
	open_trace(&play, trace);
	write_log(&play, scratch("before"));
	open_trace(&play, trace);
	play.db = sql_open(scratch("before"));
	while (play.more) {
		last = play.call.change.version;
		run_to(&play, last);
		check_image(&play, last);
	}
	cr_assert(last > 0);
	check_node(&play, "after.sqlite3.zst");
	play_end(&play);
	scratch_remove();
}

Test(traces, migrations)
{
	static const char *const names[] = {"channel_htlcs-pre-pagination", "dangling-peer",
		"invoices_botched_waitindex_migrate", "invoices_pre_waitindex",
		"l1-before-moves-in-db", "l1-missed-p2wpkh-CLOSINGD_COMPLETE",
		"l1-pending-sendpays-with-no-htlc", "l2-before-moves-in-db",
		"l2-missed-p2wpkh-CLOSED", "l3-missing-utxo", "last_tx_closed", "last_tx_upgrade",
		"no-local-basepoints", "oldstyle-scids", "pubkey_regen",
		"pubkey_regen_commitment_point", "runes_bad_id", "upgrade_inflight",
		"v0.12.1-forward"};
	char path[PATH_MAX];

	if (!path_of(path, sizeof path, "migrations", ""))
		return;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		check_migration(names[i]);
}
