/* against.c - comparing a database with the image of the same version. */
#include "compare.h"
#include "image.h"
#include "live.h"
#include "sandbox.h"
#include <bk/rebuild.h>
#include <bk/verify.h>
#include <string.h>

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
	if (options && options->is_wanted && !options->is_wanted(options->ctx))
		return bk_fail(err, BK_E_BUSY, 0, "the comparison was given up");
	if (options && options->progress)
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
	struct comparison comparison = {0};
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

/* Compares THEIRS with the image of the version in FOUND. */
static enum bk_code against_past_damage(struct bk_log *log, const struct sandbox *theirs,
	const struct bk_against_options *options, struct bk_against_result *found,
	struct bk_error *err)
{
	struct attempt attempt = {theirs, options, found};
	struct bk_log_status status;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	found->head = status.version;
	return bk_rebuild_do(log, found->version, NULL, try_against, &attempt, err);
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

/* The database is copied first: copying it takes a fraction of the time that comparing it takes,
 * and lightningd's commits wait for its lock. */
enum bk_code bk_verify_against(struct bk_log *log, const char *database_path,
	const struct bk_against_options *options, struct bk_against_result *result,
	struct bk_error *err)
{
	struct live_copy live = {.path = database_path,
		.is_wanted = options ? options->is_wanted : NULL,
		.ctx = options ? options->ctx : NULL};
	const struct bk_io *io = log->lf.file.io;
	struct bk_against_result found = {0};
	enum bk_log_news news;
	struct overlay copy;
	enum bk_code code;

	bk_overlay_init(&copy, io, bk_file_spill_dir(NULL), IMAGE_MEMORY_MAX_DEFAULT);
	code = bk_live_copy(&live, options ? options->busy_ms : 0, &copy.store, io, err);
	/* What was committed stood in the log before; perhaps since it was opened. */
	if (!code)
		code = bk_log_refresh(log, &news, err);
	if (!code)
		code = compare_copy(log, &copy, database_path, options, &found, err);
	bk_overlay_done(&copy);
	if (!code)
		*result = found;
	return code;
}
