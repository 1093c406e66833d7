/* history.c - how rows of a table changed, version by version. */
#include "lots.h"
#include "reader.h"
#include "schema.h"
#include <bk/history.h>
#include <stdlib.h>
#include <unistd.h>

struct history {
	struct bk_log *log;
	const char *table;
	const struct bk_history_options *options;
	bk_history_fn *take;
	void *ctx;
	const struct bk_entry *entry; /* the version that is told of */
	struct rowset rows;           /* as they were before it */
	bool has_table;               /* it was there once */
	struct bk_toll toll;          /* of all intervals together */
};

/* A bk_diff_fn. */
static enum bk_code tell(void *ctx, const struct bk_diff *diff, struct bk_error *err)
{
	struct history *history = ctx;

	return history->take(history->ctx, history->entry, diff, err);
}

/* Tells how ROWS, which it takes over, those of ENTRY, differ from those before. */
static enum bk_code on_rows(
	void *ctx, const struct bk_entry *entry, struct rowset *rows, struct bk_error *err)
{
	struct history *history = ctx;
	enum bk_code code;

	history->entry = entry;
	history->has_table |= rows->table.name != NULL;
	code = bk_rowset_compare(&history->rows, rows, tell, history, err);
	bk_rowset_done(&history->rows);
	history->rows = *rows;
	return code;
}

/* Interval by interval, in this thread. */
static enum bk_code read_all(struct history *history, uint64_t keyframes, struct bk_error *err)
{
	struct reader reader = {.log = history->log,
		.toll = &history->toll,
		.watch = {.table = history->table, .options = history->options},
		.give = on_rows,
		.ctx = history};
	enum bk_code code = BK_OK;
	uint64_t at = 0;
	bool more = true;

	while (!code && more) {
		if (history->options->progress)
			history->options->progress(history->ctx, at, keyframes);
		code = bk_reader_span(&reader, &at, &more, err);
	}
	bk_reader_done(&reader);
	return code;
}

/* As threads read them, in the log's order. */
static enum bk_code take_all(struct history *history, struct lots *lots, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	bool has = true;

	while (!code && has) {
		struct reading reading;

		code = bk_lots_next(lots, &reading, &has, history->ctx, err);
		if (!code && has)
			code = on_rows(history, &reading.entry, &reading.rows, err);
	}
	return code;
}

/* All rows of a table are read by one thread: each may hold them several times. */
static unsigned thread_count(const struct bk_history_options *options)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	if (!options->key_count)
		return 1;
	return options->threads ? options->threads : online > 0 ? (unsigned)online : 1;
}

/* TABLE was there at no version. */
static enum bk_code no_table(
	struct bk_log *log, uint32_t version, const char *table, struct bk_error *err)
{
	struct bk_image *image;
	struct bk_error ignored;
	struct sandbox sandbox;
	enum bk_code code;

	if (bk_image_open(&image, log, version, NULL, &ignored))
		return bk_table_missing(NULL, table, err);
	bk_budget_begin(&image->budget);
	if (bk_sandbox_open_reading(
		    &sandbox, &image->overlay.store, image->overlay.io, &image->budget, &ignored)) {
		code = bk_table_missing(NULL, table, err);
	} else {
		code = bk_table_missing(&sandbox, table, err);
		bk_sandbox_close(&sandbox);
	}
	bk_budget_end(&image->budget);
	bk_image_close(image);
	return code;
}

enum bk_code bk_history(struct bk_log *log, const char *table,
	const struct bk_history_options *options, bk_history_fn *take, void *ctx,
	struct bk_error *err)
{
	static const struct bk_history_options defaults;
	struct history history = {.log = log,
		.table = table,
		.options = options ? options : &defaults,
		.take = take,
		.ctx = ctx};
	unsigned threads = thread_count(history.options);
	struct bk_log_status status;
	struct lots *lots = NULL;
	enum bk_code code = bk_log_status(log, &status, err);

	if (!code && status.is_empty)
		code = bk_fail(
			err, BK_E_MISSING, 0, "the log %s holds no version yet", bk_log_path(log));
	if (code)
		return code;
	bk_toll_init_whole(&history.toll, status.log_bytes);
	if (threads > 1 && bk_lots_open(&lots, log, table, history.options, &history.toll,
				   status.keyframes, threads, err))
		lots = NULL;
	if (lots) {
		code = take_all(&history, lots, err);
		bk_lots_close(lots);
	} else {
		code = read_all(&history, status.keyframes, err);
	}
	bk_rowset_done(&history.rows);
	if (!code && !history.has_table)
		code = no_table(log, status.version, table, err);
	return code;
}
