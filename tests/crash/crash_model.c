/* crash_model.c - random things done to a log, against a plain model in memory, while a reader
 * follows it in another thread.
 *
 * usage: crash_model [--seed S] */
#include "how.h"
#include "node.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEDS         40
#define SEEDS_TORTURE 2000
#define STEPS         60
#define TIMES         20 /* looked up at the end */

struct reader {
	struct node *node;
	struct model *scratch;
	pthread_t thread;
	atomic_bool is_stopping;
	uint64_t looks;
};

/* Deeds between which the log must be, by what is known before and after looking at it. */
struct range {
	size_t low, high;
};

static void range_begin(const struct node *node, struct range *range)
{
	simfs_lock(node->fs);
	range->low = node->model->durable;
	simfs_unlock(node->fs);
}

static void range_end(const struct node *node, struct range *range)
{
	simfs_lock(node->fs);
	range->high = node->model->count;
	simfs_unlock(node->fs);
}

/* Whether the database was SUM at VERSION after a number of deeds in RANGE; SUM 0: whatever it was.
 */
static bool was_so(
	const struct node *node, const struct range *range, uint32_t version, uint64_t sum)
{
	for (size_t deeds = range->low; deeds <= range->high; deeds++) {
		const struct deed *deed = &node->model->deeds[deeds - 1];

		if (deeds && deed->version == version && (!sum || deed->content.sum == sum))
			return true;
	}
	return false;
}

/* Input and output fail while a writer is being killed, and only then. */
static bool may_fail(
	const struct node *node, enum bk_code code, const struct bk_error *err, const char *doing)
{
	if (code != BK_E_IO)
		check_ok(&node->check, code, err, doing);
	return code;
}

/* Looks at the image of the head. */
static void look_at_head(struct reader *reader, struct bk_log *log, const struct range *before)
{
	struct node *node = reader->node;
	struct bk_log_status status;
	struct range range = *before;
	struct bk_image *image;
	struct bk_error err;
	uint8_t *bytes;
	size_t done;
	enum bk_code code = bk_log_status(log, &status, &err);

	range_end(node, &range);
	if (may_fail(node, code, &err, "the status"))
		return;
	CHECK(&node->check, !status.damaged_at && was_so(node, &range, status.version, 0));
	code = bk_image_open(&image, log, status.version, NULL, &err);
	if (may_fail(node, code, &err, "an image of the head"))
		return;
	bytes = malloc((size_t)bk_image_size(image) + 1);
	code = bk_image_read(image, bytes, (size_t)bk_image_size(image), 0, &done, &err);
	if (!code)
		CHECK(&node->check, was_so(node, &range, status.version,
					    content_sum(reader->scratch->scratch, bytes, done)));
	free(bytes);
	bk_image_close(image);
	may_fail(node, code, &err, "an image's pages");
}

static void *reader_run(void *arg)
{
	struct reader *reader = arg;
	struct node *node = reader->node;
	struct bk_log *log = NULL;
	enum bk_log_news news = BK_LOG_SAME;
	struct bk_error err = {0};

	while (!atomic_load(&reader->is_stopping)) {
		unsigned kills = atomic_load(&node->kills);
		struct range range;
		enum bk_code code;

		range_begin(node, &range);
		code = log ? bk_log_refresh(log, &news, &err)
			   : bk_log_open(&log, simfs_io(node->fs), LOG_PATH, &err);
		if (code == BK_E_MISSING || may_fail(node, code, &err, "following the log"))
			continue;
		/* A successor took the log's place. */
		if (news == BK_LOG_REPLACED) {
			bk_log_close(log);
			log = NULL;
			news = BK_LOG_SAME;
			continue;
		}
		/* What stands at the path could not be seen, perhaps: it may be a successor. */
		if (kills % 2 || kills != atomic_load(&node->kills))
			continue;
		if (range.low)
			look_at_head(reader, log, &range);
		reader->looks++;
	}
	bk_log_close(log);
	return NULL;
}

/* The newest of all that stands which came not after TIME_US, by looking at each. */
static bool newest_at(struct bk_log *log, int64_t time_us, uint32_t *version)
{
	struct bk_listing *history;
	struct bk_entry entry;
	struct bk_error err;
	bool more = true, found = false;

	if (bk_listing_open_last(&history, log, UINT64_MAX, BK_LISTING_ALL, &err))
		return false;
	while (!bk_listing_next(history, &entry, &more, &err) && more) {
		if (entry.flags & BK_ENTRY_STRUCK || entry.time_us > time_us)
			continue;
		if (entry.flags & BK_ENTRY_SNAPSHOT && !entry.page_count)
			continue; /* there was no database yet */
		*version = entry.version;
		found = true;
	}
	bk_listing_close(history);
	return found;
}

/* Finding by time gives what a look at every entry gives. */
static void check_times(const struct node *node, struct bk_log *log, struct rng *rng)
{
	struct bk_log_status status;
	struct bk_entry entry;
	struct bk_error err;

	check_ok(&node->check, bk_log_status(log, &status, &err), &err, "the status");
	for (unsigned i = 0; i < TIMES; i++) {
		int64_t span = status.time_us - status.created_us + 20000000;
		int64_t time_us = status.created_us - 10000000 +
				  (int64_t)(rng_next(rng) % (uint64_t)(span > 0 ? span : 1));
		uint32_t version = 0;
		bool is_there = newest_at(log, time_us, &version);
		enum bk_code code = bk_log_find_time(log, time_us, &entry, &err);

		CHECK(&node->check, is_there ? !code : code == BK_E_MISSING);
		CHECK(&node->check, !is_there || entry.version == version);
	}
}

static void check_all(struct node *node, uint64_t seed)
{
	struct rng rng = rng_of(seed, 5);
	struct bk_log *log;
	struct bk_error err;

	check_ok(&node->check, bk_log_open(&log, simfs_io(node->fs), LOG_PATH, &err), &err,
		"opening the log");
	CHECK(&node->check, check_log(&node->check, log, node->model) == node->model->count);
	for (unsigned i = 0; i < STEPS; i++)
		check_images(&node->check, log, node->model, node->model->count, &rng);
	check_times(node, log, &rng);
	bk_log_close(log);
}

static void run_seed(uint64_t seed, const char *dir, struct counts *counts, uint64_t *looks)
{
	struct node node;
	struct reader reader = {.node = &node, .scratch = model_new(512)};

	node_init(&node, seed, dir);
	node.check.place.program = "crash_model";
	node.has_thread = seed % 2;
	if (pthread_create(&reader.thread, NULL, reader_run, &reader))
		abort();
	node_run(&node, STEPS);
	atomic_store(&reader.is_stopping, true);
	pthread_join(reader.thread, NULL);
	check_all(&node, seed);
	*looks += reader.looks;
	counts->acked += node.counts.acked;
	counts->images += node.counts.images;
	model_free(reader.scratch);
	node_done(&node);
}

int main(int argc, char **argv)
{
	uint64_t only = how_number(argc, argv, "--seed"), first = only ? only : 1, looks = 0;
	uint64_t seeds = only ? only : how_torture() ? SEEDS_TORTURE : SEEDS;
	char dir[] = "/tmp/crash_model.XXXXXX";
	struct counts counts = {0};

	if (!mkdtemp(dir))
		return fprintf(stderr, "cannot make %s: %s\n", dir, strerror(errno)), EXIT_FAILURE;
	for (uint64_t seed = first; seed <= seeds; seed++)
		run_seed(seed, dir, &counts, &looks);
	rmdir(dir);
	printf("%llu workloads of %d steps: %llu acknowledged changes found, %llu images compared, "
	       "%llu looks by a reader beside.\n",
		(unsigned long long)(seeds - first + 1), STEPS, (unsigned long long)counts.acked,
		(unsigned long long)counts.images, (unsigned long long)looks);
	return EXIT_SUCCESS;
}
