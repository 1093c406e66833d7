/* test_model.c - random operations on a log, against a plain model in memory: what is listed, found
 * and looked at is what was done. The seed is printed, and taken from BK_SEED; BK_TORTURE=1 runs
 * longer. */
#include "node.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <bk/writer.h>

SUITE(model);

#define ENTRIES_MAX 2000
#define GOES_WITH   (BK_ENTRY_LONE | BK_ENTRY_SNAPSHOT)

/* The entries as they stand in the log. */
struct model {
	struct node node;
	struct bk_entry entries[ENTRIES_MAX]; /* version, time, statements and flags of each */
	size_t count;
	struct bk_log *reader;
	bool is_live; /* lightningd has one: it writes no gap */
	bool has_gap;
	uint64_t seed;
};

static struct model the_model;

static unsigned pick(struct model *model, unsigned below)
{
	return (unsigned)(random_next(&model->seed) % below);
}

static void note(struct model *model, uint32_t version, uint32_t statements, uint32_t flags)
{
	cr_assert(model->count < ENTRIES_MAX);
	model->entries[model->count++] = (struct bk_entry){.version = version,
		.time_us = model->node.io.now_us,
		.statements = statements,
		.flags = flags};
}

static void do_change(struct model *model)
{
	char sql[100];

	snprintf(sql, sizeof sql, "INSERT INTO busy (peer, data) VALUES (%u, zeroblob(%u))",
		pick(model, 9), pick(model, 30) ? pick(model, 200) : 20000);
	if (pick(model, 3))
		node_change(&model->node, sql);
	else
		node_change(&model->node, "DELETE FROM busy WHERE id % 7 = 3", sql);
	note(model, model->node.version, 0, 0);
}

/* Struck changes keep their statements, and their time. */
static void do_lost(struct model *model)
{
	node_lost(&model->node, "DELETE FROM busy");
	note(model, model->node.version + 1, 0, BK_ENTRY_STRUCK);
	if (!pick(model, 3)) { /* a pragma went with it */
		static const char sql[] = "PRAGMA foreign_keys = ON";
		struct bk_slice slice = {sql, sizeof sql - 1};
		struct bk_change change = {model->node.version + 1, &slice, 1};

		ok(bk_writer_append(model->node.writer, &change, why()));
		note(model, model->node.version + 1, 0, BK_ENTRY_STRUCK | BK_ENTRY_LONE);
	}
	if (pick(model, 2))
		node_restart(&model->node);
	ok(bk_writer_rewind(model->node.writer, model->node.version, why()));
}

static void do_gap(struct model *model)
{
	for (unsigned i = pick(model, 3); i > 0; i--)
		node_unwatched(&model->node, "UPDATE busy SET peer = peer + 1");
	node_snapshot(&model->node, BK_SNAPSHOT_GAP);
	note(model, model->node.version, 0, BK_ENTRY_SNAPSHOT);
	model->has_gap = true;
}

static void step(struct model *model)
{
	/* The clock steps, back as well. */
	model->node.io.now_us +=
		(int64_t)pick(model, 2000) * 1000 - (pick(model, 20) ? 0 : 5000000);
	switch (pick(model, 24)) {
	case 0:
	case 1:
		do_lost(model);
		break;
	case 2:
		node_restart(&model->node);
		break;
	case 3:
		if (pick(model, 4) == 0)
			do_gap(model);
		break;
	case 4:
	case 5:
		node_lone(&model->node, "PRAGMA foreign_keys = ON");
		note(model, model->node.version, 0, BK_ENTRY_LONE);
		break;
	case 6:
	case 7:
	case 8:
		ok(bk_keyframes_build(model->node.writer, why()));
		break;
	default:
		do_change(model);
	}
}

/* The versions that stand, in their order: each with its first entry. */
static size_t model_versions(const struct model *model, struct bk_entry *out)
{
	size_t count = 0;

	for (size_t i = 0; i < model->count; i++) {
		const struct bk_entry *entry = &model->entries[i];

		if (entry->flags & BK_ENTRY_STRUCK)
			continue;
		if (!count || out[count - 1].version != entry->version ||
			!(entry->flags & GOES_WITH))
			out[count++] = *entry;
	}
	return count;
}

static void same(const struct bk_entry *entry, const struct bk_entry *want, const char *what)
{
	const uint32_t flags = GOES_WITH | BK_ENTRY_STRUCK;

	cr_assert(entry->version == want->version && entry->time_us == want->time_us &&
			  (entry->flags & flags) == want->flags,
		"%s: version %u at %lld with 0x%x, not %u at %lld with 0x%x", what, entry->version,
		(long long)entry->time_us, entry->flags, want->version, (long long)want->time_us,
		want->flags);
}

static void check_list(
	struct bk_listing *history, const struct bk_entry *want, size_t count, const char *what)
{
	struct bk_entry entry;
	bool more;

	for (size_t i = 0; i < count; i++) {
		ok(bk_listing_next(history, &entry, &more, why()));
		cr_assert(more, "%s ends after %zu of %zu", what, i, count);
		same(&entry, &want[i], what);
	}
	ok(bk_listing_next(history, &entry, &more, why()));
	cr_assert(!more, "%s goes on with version %u", what, entry.version);
	bk_listing_close(history);
}

static void check_lists(struct model *model, struct bk_log *log)
{
	static struct bk_entry versions[ENTRIES_MAX];
	size_t count = model_versions(model, versions), from = pick(model, (unsigned)count);
	size_t last = pick(model, (unsigned)count + 1);
	struct bk_listing *history = NULL;

	ok(bk_listing_open(&history, log, model->entries[0].version, BK_LISTING_ALL, why()));
	check_list(history, model->entries, model->count, "all");
	ok(bk_listing_open(&history, log, versions[from].version, BK_LISTING_VERSIONS, why()));
	check_list(history, versions + from, count - from, "from a version");
	ok(bk_listing_open_last(&history, log, last, BK_LISTING_VERSIONS, why()));
	check_list(history, versions + count - last, last, "the last versions");
	last = pick(model, (unsigned)model->count + 1);
	ok(bk_listing_open_last(&history, log, last, BK_LISTING_ALL, why()));
	check_list(history, model->entries + model->count - last, last, "the last entries");
}

/* The newest entry that came not after TIME_US. */
static const struct bk_entry *entry_at(const struct model *model, int64_t time_us)
{
	for (size_t i = model->count; i-- > 0;)
		if (!(model->entries[i].flags & BK_ENTRY_STRUCK) &&
			model->entries[i].time_us <= time_us)
			return &model->entries[i];
	return NULL;
}

static void check_lookups(struct model *model, struct bk_log *log)
{
	static struct bk_entry versions[ENTRIES_MAX];
	size_t count = model_versions(model, versions);
	struct bk_entry entry;

	for (unsigned i = 0; i < 20; i++) {
		const struct bk_entry *want = &versions[pick(model, (unsigned)count)];
		int64_t time = want->time_us + (int64_t)pick(model, 3) - 1;

		ok(bk_log_find(log, want->version, &entry, why()));
		same(&entry, want, "found");
		want = entry_at(model, time);
		if (!want) {
			fails(BK_E_MISSING, bk_log_find_time(log, time, &entry, why()));
			continue;
		}
		ok(bk_log_find_time(log, time, &entry, why()));
		cr_assert(entry.version == want->version, "%lld is version %u, not %u",
			(long long)time, entry.version, want->version);
	}
	fails(BK_E_MISSING, bk_log_find(log, model->node.version + 1, &entry, why()));
}

/* Whether the log has so many keyframes below VERSION. */
static bool has_older(struct bk_log *log, uint32_t version, const struct bk_image_options *options)
{
	struct bk_image *image = NULL;
	enum bk_code code = bk_image_open(&image, log, version, options, why());

	bk_image_close(image);
	return code != BK_E_DAMAGE ||
	       (!strstr(why()->msg, "no keyframe can be read") &&
		       !strstr(why()->msg, "no valid frame follows the header"));
}

static void check_images(struct model *model, struct bk_log *log)
{
	for (unsigned i = 0; i < 8; i++) {
		const struct past *past =
			&model->node.past[pick(model, (unsigned)model->node.past_count)];
		struct bk_image_options options = {
			.memory_max = pick(model, 2) ? 0 : 20000, .spill_dir = "/tmp"};

		node_check(&model->node, log, past->version, &options);
		options.past_damage = !model->has_gap;
		options.older = pick(model, 3);
		if (has_older(log, past->version, &options))
			node_check(&model->node, log, past->version, &options);
	}
}

static void check(struct model *model)
{
	struct bk_log *logs[] = {bk_writer_log(model->node.writer), model->reader, NULL};
	enum bk_log_news news;

	ok(bk_log_refresh(model->reader, &news, why()));
	logs[2] = node_log(&model->node);
	for (size_t i = 0; i < COUNT_OF(logs); i++) {
		check_lists(model, logs[i]);
		check_lookups(model, logs[i]);
	}
	check_images(model, logs[pick(model, 3)]);
	bk_log_close(logs[2]);
}

static void run(uint64_t seed, unsigned steps)
{
	struct model *model = &the_model;
	uint32_t first;

	memset(model, 0, sizeof *model);
	model->seed = seed;
	first = pick(model, 2) ? pick(model, 100) : UINT32_MAX - pick(model, 30);
	fprintf(stderr, "run BK_SEED=%llu from version %u\n", (unsigned long long)seed, first);
	{
		char sql[400];

		snprintf(sql, sizeof sql,
			"CREATE TABLE vars (name, intval); INSERT INTO vars VALUES "
			"('data_version', %u);"
			"CREATE TABLE busy (id INTEGER PRIMARY KEY, peer, data)",
			first);
		node_begin_with(&model->node, 1 + pick(model, 5), first, sql);
	}
	model->node.io.step_us = 0;
	model->entries[0].time_us = INT64_MAX;
	note(model, first, 0, BK_ENTRY_SNAPSHOT);
	model->reader = node_log(&model->node);
	{
		struct bk_entry entry;

		ok(bk_log_find(model->reader, first, &entry, why()));
		model->entries[0].time_us = entry.time_us;
	}
	for (unsigned i = 1; i <= steps; i++) {
		step(model);
		if (i % 50 == 0)
			check(model);
	}
	bk_log_close(model->reader);
	node_end(&model->node);
	scratch_remove();
}

Test(model, random_operations)
{
	uint64_t seed = test_seed();
	unsigned runs = getenv("BK_TORTURE") ? 300 : 6;

	for (unsigned i = 0; i < runs; i++)
		run(seed + i, 400);
}
