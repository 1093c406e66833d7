/* crash_flip.c - bits of a small log flip, and the log is cut at every length: no reader gives a
 * wrong page or a wrong statement, and verify finds each flip.
 *
 * usage: crash_flip [--cut BIT]
 *
 * In the ordinary run one or two bits of each byte flip, and each flip is looked at through the
 * head and one more version; with BK_TORTURE=1 in the environment every bit, through all versions.
 */
#include "check.h"
#include "how.h"
#include <bk/follower.h>
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <bk/verify.h>
#include <bk/writer.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TORN_STEP 16
#define BIT_STEP  5 /* in the ordinary run: in turns each of a byte's */

struct flip {
	struct check check;
	struct model *model;
	struct version_view *views;
	size_t view_count;
	uint8_t *bytes; /* the log, whole */
	size_t size;
	bool is_torture;
	uint64_t looks;
};

static void append(
	struct flip *flip, struct bk_writer *writer, const char *first, const char *second)
{
	struct bk_slice slices[MODEL_STATEMENTS_MAX];
	uint32_t version = model_version(flip->model) + 1;
	struct sql sql = {0};
	struct bk_change change;
	struct bk_error err;

	sql_add(&sql, "%s", first);
	if (second)
		sql_add(&sql, "%s", second);
	sql_add(&sql, "UPDATE vars SET intval = %u", version);
	change = sql_change(&sql, version, slices);
	check_ok(&flip->check, bk_writer_append(writer, &change, &err), &err, "appending");
	model_change(flip->model, version, &sql);
}

/* A log with a full and two delta keyframes, a rewind, and changes behind them, closed in order. */
static void make_log(struct flip *flip, const char *database)
{
	struct bk_writer_options options = {.program = "x", .interval_changes = 2};
	struct simfs *fs = simfs_new(1);
	struct bk_writer *writer;
	struct bk_error err;
	struct sql schema = {0};
	uint8_t *bytes;
	uint32_t version;

	sql_add(&schema, "CREATE TABLE vars (name TEXT, intval INTEGER)");
	sql_add(&schema, "INSERT INTO vars VALUES ('data_version', 1)");
	model_unwatched(flip->model, &schema);
	model_save(flip->model, database);
	model_create(flip->model, 1);
	check_ok(&flip->check, simfs_create(fs, LOG_PATH, database, &version, &err), &err, "init");
	check_ok(&flip->check, bk_writer_open(&writer, simfs_io(fs), LOG_PATH, &options, &err),
		&err, "opening");
	append(flip, writer, "CREATE TABLE t (x)", "INSERT INTO t VALUES (1)");
	append(flip, writer, "INSERT INTO t VALUES (2)", NULL);
	append(flip, writer, "DELETE FROM t", NULL);
	check_ok(&flip->check, bk_writer_rewind(writer, 3, &err), &err, "a rewind");
	model_rewind(flip->model);
	append(flip, writer, "UPDATE t SET x = x + 7", NULL);
	append(flip, writer, "INSERT INTO t VALUES (x'c0ffee')", NULL);
	append(flip, writer, "INSERT INTO t SELECT * FROM t", NULL);
	check_ok(&flip->check, bk_keyframes_build(writer, &err), &err, "keyframes");
	append(flip, writer, "INSERT INTO t VALUES ('end')", NULL);
	bk_writer_close(writer);
	flip->model->durable = flip->model->count;
	simfs_peek(fs, LOG_PATH, &bytes, &flip->size);
	flip->bytes = malloc(flip->size);
	memcpy(flip->bytes, bytes, flip->size);
	simfs_free(fs);
	flip->views = calloc(MODEL_DEEDS_MAX, sizeof *flip->views);
	flip->view_count = model_view(flip->model, flip->model->count, flip->views);
}

/* Right, or an error: nothing else may come of asking for VIEW's database. */
static void look_at_image(
	struct flip *flip, struct bk_log *log, const struct version_view *view, bool past_damage)
{
	struct bk_image_options options = {.past_damage = past_damage};
	struct bk_image *image;
	struct bk_error err;
	uint8_t bytes[65536];
	size_t done;

	if (bk_image_open(&image, log, view->version, &options, &err))
		return;
	CHECK(&flip->check, bk_image_size(image) <= sizeof bytes);
	if (!bk_image_read(image, bytes, sizeof bytes, 0, &done, &err))
		CHECK(&flip->check,
			content_sum(flip->model->scratch, bytes, done) == view->content->sum);
	bk_image_close(image);
	flip->looks++;
}

static void look_at_sql(struct flip *flip, struct bk_log *log, const struct version_view *view)
{
	struct bk_buf text, want;
	struct bk_error err;

	bk_buf_init(&text, 65536);
	bk_buf_init(&want, 65536);
	for (size_t i = 0; view->sql[i]; i++) {
		for (size_t s = 0; s < view->sql[i]->count; s++) {
			const char *sql = view->sql[i]->text[s];

			CHECK(&flip->check, !bk_buf_append(&want, sql, strlen(sql), &err));
			CHECK(&flip->check, !bk_buf_append(&want, ";\n\n", BK_SQL_END, &err));
		}
	}
	if (!bk_log_sql(log, view->version, &text, &err))
		CHECK(&flip->check,
			text.size == want.size &&
				(!want.size || memcmp(text.data, want.data, want.size) == 0));
	bk_buf_done(&text);
	bk_buf_done(&want);
}

/* Every entry of a listing is one that there was; damage may leave some out. */
static void look_at_list(struct flip *flip, struct bk_log *log)
{
	struct bk_listing *history;
	struct bk_entry entry;
	struct bk_error err;
	size_t at = 0;
	bool more = true;

	if (bk_listing_open(&history, log, 1, BK_LISTING_VERSIONS, &err))
		return;
	while (!bk_listing_next(history, &entry, &more, &err) && more) {
		while (at < flip->view_count && flip->views[at].version != entry.version)
			at++;
		CHECK(&flip->check, at++ < flip->view_count);
	}
	bk_listing_close(history);
}

/* Reads all that FS's log still gives. True if it seems to have a torn tail. */
static bool look_at_log(struct flip *flip, struct simfs *fs, uint64_t which)
{
	struct bk_log_status status = {0};
	struct bk_log *log;
	struct bk_error err;

	if (bk_log_open(&log, simfs_io(fs), LOG_PATH, &err))
		return false;
	look_at_list(flip, log);
	for (size_t i = 0; i < flip->view_count; i++) {
		if (!flip->is_torture && i != flip->view_count - 1 && i != which % flip->view_count)
			continue;
		look_at_image(flip, log, &flip->views[i], false);
		look_at_image(flip, log, &flip->views[i], true);
		look_at_sql(flip, log, &flip->views[i]);
	}
	if (!bk_log_status(log, &status, &err))
		CHECK(&flip->check, status.version <= flip->views[flip->view_count - 1].version);
	bk_log_close(log);
	return status.torn_bytes;
}

/* A writer takes the log as far as it was acknowledged, or not at all. (It reads the log's end and
 * not the whole: damage further up is verify's to find.) */
static void open_for_writing(struct flip *flip, struct simfs *fs, bool is_cut)
{
	uint32_t head = flip->views[flip->view_count - 1].version;
	size_t deeds = flip->model->durable;
	struct bk_writer *writer;
	struct bk_error err;

	if (bk_writer_open(&writer, simfs_io(fs), LOG_PATH, NULL, &err)) {
		CHECK(&flip->check, err.code == BK_E_DAMAGE || err.code == BK_E_FORMAT);
		return;
	}
	if (is_cut) {
		flip->model->durable = 1;
		check_log(&flip->check, bk_writer_log(writer), flip->model);
		flip->model->durable = deeds;
	} else {
		CHECK(&flip->check, bk_writer_version(writer) == head);
	}
	bk_writer_close(writer);
}

static void check_verify(struct flip *flip, struct simfs *fs)
{
	struct bk_verify_options options = {.threads = 1};
	struct bk_verify_result result;
	struct bk_error err;

	if (bk_verify(simfs_io(fs), LOG_PATH, &options, &result, &err))
		CHECK(&flip->check, err.code == BK_E_DAMAGE || err.code == BK_E_FORMAT);
	else
		CHECK(&flip->check, result.findings || result.torn_bytes);
}

static void flip_bit(struct flip *flip, uint64_t bit)
{
	struct simfs *fs = simfs_new(1);
	bool is_torn;

	flip->check.place.cut = bit + 1;
	flip->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	simfs_put(fs, LOG_PATH, flip->bytes, flip->size);
	flip->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	is_torn = look_at_log(flip, fs, bit);
	/* Before a torn tail verify waits, for a writer that may be at work. */
	if (!is_torn || flip->is_torture || bit % TORN_STEP == 0)
		check_verify(flip, fs);
	open_for_writing(flip, fs, false);
	CHECK(&flip->check, simfs_open_files(fs) == 0);
	simfs_free(fs);
}

/* A log that was cut is one that never got further: it holds what was done up to there, and right.
 */
static void cut_at(struct flip *flip, size_t size)
{
	struct simfs *fs = simfs_new(1);
	size_t deeds = flip->model->durable;
	struct rng rng = rng_of(1, size);
	struct bk_log *log;
	struct bk_error err;

	flip->check.place.cut = size;
	flip->model->durable = 1;
	simfs_put(fs, LOG_PATH, flip->bytes, size);
	if (!bk_log_open(&log, simfs_io(fs), LOG_PATH, &err)) {
		size_t there = check_log(&flip->check, log, flip->model);

		check_images(&flip->check, log, flip->model, there, &rng);
		bk_log_close(log);
	}
	flip->model->durable = deeds;
	open_for_writing(flip, fs, true);
	CHECK(&flip->check, simfs_open_files(fs) == 0);
	simfs_free(fs);
}

int main(int argc, char **argv)
{
	struct flip flip = {.is_torture = how_torture(), .model = model_new(512)};
	char database[] = "/tmp/crash_flip.XXXXXX";
	struct counts counts = {0};
	uint64_t only = how_number(argc, argv, "--cut"), bits, flipped = 0;

	flip.check.counts = &counts;
	flip.check.place.program = "crash_flip";
	if (mkstemp(database) < 0)
		return fprintf(stderr, "cannot make %s: %s\n", database, strerror(errno)),
		       EXIT_FAILURE;
	make_log(&flip, database);
	unlink(database);
	bits = only ? 0 : (uint64_t)flip.size * 8;
	for (uint64_t bit = 0; bit < bits; bit += flip.is_torture ? 1 : BIT_STEP, flipped++)
		flip_bit(&flip, bit);
	if (only && only <= bits)
		flip_bit(&flip, only - 1);
	for (size_t size = 0; size < flip.size && !only; size++)
		cut_at(&flip, size);
	printf("%" PRIu64
	       " bits flipped, %zu lengths cut at, %llu images looked at: none wrong, each flip "
	       "found "
	       "by verify\n",
		flipped, flip.size, (unsigned long long)flip.looks);
	model_free(flip.model);
	free(flip.views);
	free(flip.bytes);
	return EXIT_SUCCESS;
}
