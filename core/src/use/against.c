/* against.c - comparing a database with the image of the same version. */
#include "compare.h"
#include "image.h"
#include "live.h"
#include "sandbox.h"
#include <bk/rebuild.h>
#include <bk/verify.h>
#include <bk/version.h>
#include <string.h>
#include <time.h>

#define WAIT_MS_MAX 1000

/* The pages of the image that were read come through this one, which tells of progress. Pages are
 * read about in the order of the rows, and most of them once. */
struct counted {
	struct pagestore store; /* first */
	struct pagestore *image;
	const struct bk_against_options *options;
	uint64_t read;
};

static enum bk_code counted_read(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	struct counted *counted = (struct counted *)store;
	const struct bk_against_options *options = counted->options;

	if (counted->read < store->page_count)
		counted->read++;
	if (options->is_wanted && !options->is_wanted(options->ctx))
		return bk_fail(err, BK_E_BUSY, 0, "the comparison was given up");
	if (options->progress)
		options->progress(options->ctx, counted->read, store->page_count);
	return counted->image->read(counted->image, page, dst, err);
}

/* Compares THEIRS with IMAGE. */
static enum bk_code compare_image(struct bk_image *image, const struct sandbox *theirs,
	const struct bk_against_options *options, struct bk_against_result *result,
	struct bk_error *err)
{
	struct counted counted = {.store = {.page_size = image->overlay.store.page_size,
					  .page_count = image->overlay.store.page_count,
					  .read = counted_read},
		.image = &image->overlay.store,
		.options = options};
	struct comparison comparison = {.difference = options->difference, .ctx = options->ctx};
	struct sandbox ours;
	enum bk_code code;

	bk_budget_begin(&image->budget);
	code = bk_sandbox_open_reading(
		&ours, &counted.store, image->overlay.io, &image->budget, err);
	if (code)
		return code;
	code = bk_compare_databases(&ours, theirs, &comparison, err);
	result->tables = comparison.tables;
	result->rows = comparison.rows;
	result->differences = comparison.differences;
	memcpy(result->first, comparison.first, sizeof result->first);
	bk_sandbox_close(&ours);
	bk_budget_end(&image->budget);
	return code;
}

/* A comparison that is tried, perhaps several times, since damage is passed over. */
struct attempt {
	const struct sandbox *theirs;
	const struct bk_against_options *options;
	struct bk_against_result *found;
};

static enum bk_code try_against(void *ctx, struct bk_image *image, struct bk_error *err)
{
	const struct attempt *attempt = ctx;
	struct bk_against_result tried = *attempt->found;
	enum bk_code code = compare_image(image, attempt->theirs, attempt->options, &tried, err);

	if (!code)
		*attempt->found = tried;
	return code;
}

/* Compares THEIRS with the image of the version in FOUND, or that of the options, if the log holds
 * that one. */
static enum bk_code against_past_damage(struct bk_log *log, const struct sandbox *theirs,
	const struct bk_against_options *options, struct bk_against_result *found,
	struct bk_error *err)
{
	struct attempt attempt = {theirs, options, found};
	uint32_t version = options->has_version ? options->version : found->version;
	enum bk_code code = bk_rebuild_do(log, version, NULL, try_against, &attempt, err);

	found->is_held = !code;
	return code == BK_E_MISSING ? BK_OK : code;
}

/* Compares the database in COPY. */
static enum bk_code compare_copy(struct bk_log *log, struct overlay *copy, const char *path,
	const struct bk_against_options *options, struct bk_against_result *found,
	struct bk_error *err)
{
	struct budget budget;
	struct budget_limits limits = {
		.given = (uint64_t)copy->store.page_count * copy->store.page_size};
	struct sandbox theirs;
	enum bk_code code;

	bk_budget_init(&budget, &limits);
	code = bk_sandbox_open_reading(&theirs, &copy->store, copy->io, &budget, err);
	if (code)
		return code;
	if (bk_read_data_version(theirs.db, &found->version) != SQLITE_OK)
		code = bk_fail(
			err, BK_E_SQL, 0, "cannot read %s: %s", path, sqlite3_errmsg(theirs.db));
	else
		code = against_past_damage(log, &theirs, options, found, err);
	bk_sandbox_close(&theirs);
	return code;
}

/* A node that runs may be about to commit the change that the log has: waits for that. A database
 * that is older stays so. */
static enum bk_code wait_for_commit(
	const char *path, unsigned busy_ms, uint32_t head, struct bk_error *err)
{
	const unsigned step_ms = 50, wait_ms = busy_ms < WAIT_MS_MAX ? busy_ms : WAIT_MS_MAX;
	const struct timespec step = {.tv_nsec = step_ms * 1000000L};

	for (unsigned waited = 0;; waited += step_ms) {
		uint32_t version;
		enum bk_code code = bk_live_version(path, busy_ms, &version, err);

		if (code || waited >= wait_ms || bk_version_distance(head, version) != 1)
			return code;
		nanosleep(&step, NULL);
	}
}

/* Notes where the log stands now: what is in the database later cannot be older than that. */
static enum bk_code look_at_head(
	struct bk_log *log, struct bk_against_result *found, bool *is_empty, struct bk_error *err)
{
	struct bk_log_status status;
	enum bk_log_news news;
	enum bk_code code = bk_log_refresh(log, &news, err);

	if (!code)
		code = bk_log_status(log, &status, err);
	if (code)
		return code;
	found->head = status.version;
	*is_empty = status.is_empty;
	return BK_OK;
}

bool bk_against_is_same(const struct bk_against_result *result)
{
	return result->is_held && !result->differences &&
	       !bk_version_after(result->head, result->version);
}

/* Copies the database, and compares the copy: copying it takes a fraction of the time that
 * comparing it takes, and lightningd's commits wait for its lock. */
static enum bk_code copy_and_compare(struct bk_log *log, const char *path,
	const struct bk_against_options *options, bool log_is_empty,
	struct bk_against_result *found, struct bk_error *err)
{
	struct live_copy live = {
		.path = path, .is_wanted = options->is_wanted, .ctx = options->ctx};
	const struct bk_io *io = log->lf.file.io;
	enum bk_log_news news;
	struct overlay copy;
	enum bk_code code;

	bk_overlay_init(&copy, io, bk_file_spill_dir(NULL), IMAGE_MEMORY_MAX_DEFAULT);
	code = bk_live_copy(&live, options->busy_ms, &copy.store, io, err);
	/* What was committed stood in the log before; perhaps since it was opened. */
	if (!code)
		code = bk_log_refresh(log, &news, err);
	found->is_empty = !code && !copy.store.page_count;
	/* What was empty before the first change is no state of a node that has one. */
	if (!code && (!found->is_empty || log_is_empty))
		code = compare_copy(log, &copy, path, options, found, err);
	bk_overlay_done(&copy);
	return code;
}

enum bk_code bk_verify_against(struct bk_log *log, const char *database_path,
	const struct bk_against_options *options, struct bk_against_result *result,
	struct bk_error *err)
{
	static const struct bk_against_options defaults;
	struct bk_against_result found = {0};
	bool is_empty = false;
	enum bk_code code = look_at_head(log, &found, &is_empty, err);

	if (!options)
		options = &defaults;
	if (!code)
		code = wait_for_commit(database_path, options->busy_ms, found.head, err);
	if (!code)
		code = copy_and_compare(log, database_path, options, is_empty, &found, err);
	if (!code)
		*result = found;
	return code;
}
