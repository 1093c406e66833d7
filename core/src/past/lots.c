/* lots.c - the intervals of a log, read by several threads. */
#include "lots.h"
#include "reader.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define THREADS_MAX 8
#define LOT_SPANS   8         /* intervals of a lot, whose first is read without what came before */
#define WAIT_NS     100000000 /* between two calls of the progress function */

struct queued {
	struct reading reading;
	size_t bytes;
	struct queued *next;
};

/* Some intervals that follow each other. */
struct lot {
	struct queued *first, **end; /* what was read and not taken yet; END: where the next goes */
	bool is_done;
	struct bk_error failure; /* behind that */
};

struct lots {
	struct bk_log *log;
	const char *table;
	const struct bk_history_options *options;
	struct bk_toll *toll;
	uint64_t keyframes;

	pthread_mutex_t mutex; /* over what follows */
	pthread_cond_t ready;  /* something was read, or a lot is done: for who takes */
	pthread_cond_t room;   /* something was taken: for who reads */
	struct lot *lots;
	size_t count, begun, taken; /* lots: in all, that somebody reads, that were taken whole */
	size_t bytes;               /* that are held ready */
	uint64_t done;              /* intervals */
	bool is_given_up;

	pthread_t threads[THREADS_MAX];
	unsigned thread_count;
};

/* What a thread of them reads. */
struct reading_lot {
	struct lots *lots;
	size_t nth;
};

static void queued_free(struct queued *queued)
{
	bk_rowset_done(&queued->reading.rows);
	free(queued);
}

/* The lot that is being taken has a place for one reading always, so that who takes gets on. */
static bool is_full(const struct lots *lots, size_t nth, size_t bytes)
{
	return lots->bytes + bytes > LOTS_BYTES_MAX &&
	       (nth != lots->taken || lots->lots[nth].first);
}

static void enqueue(struct lots *lots, size_t nth, struct queued *queued)
{
	struct lot *lot = &lots->lots[nth];

	pthread_mutex_lock(&lots->mutex);
	while (is_full(lots, nth, queued->bytes) && !lots->is_given_up)
		pthread_cond_wait(&lots->room, &lots->mutex);
	lots->bytes += queued->bytes;
	*lot->end = queued;
	lot->end = &queued->next;
	pthread_cond_signal(&lots->ready);
	pthread_mutex_unlock(&lots->mutex);
}

/* What a reader gives its rows to. */
static enum bk_code on_rows(
	void *ctx, const struct bk_entry *entry, struct rowset *rows, struct bk_error *err)
{
	const struct reading_lot *lot = ctx;
	struct queued *queued = calloc(1, sizeof *queued);

	if (!queued) {
		bk_rowset_done(rows);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for the rows of a table");
	}
	queued->reading = (struct reading){*entry, *rows};
	queued->bytes = rows->values.size + rows->capacity * sizeof *rows->rows + sizeof *queued;
	enqueue(lot->lots, lot->nth, queued);
	return BK_OK;
}

/* An interval was read: whether to go on. */
static bool goes_on(struct lots *lots)
{
	bool goes;

	pthread_mutex_lock(&lots->mutex);
	lots->done++;
	goes = !lots->is_given_up;
	pthread_mutex_unlock(&lots->mutex);
	return goes;
}

static enum bk_code read_lot(struct lots *lots, size_t nth, struct bk_error *err)
{
	struct reading_lot lot = {lots, nth};
	struct reader reader = {.log = lots->log,
		.toll = lots->toll,
		.watch = {.table = lots->table, .options = lots->options},
		.give = on_rows,
		.ctx = &lot,
		.first = nth * LOT_SPANS};
	uint64_t at = reader.first, end = nth + 1 < lots->count ? at + LOT_SPANS : UINT64_MAX;
	enum bk_code code = BK_OK;
	bool more = true;

	while (!code && more && at < end) {
		code = bk_reader_span(&reader, &at, &more, err);
		more &= goes_on(lots);
	}
	bk_reader_done(&reader);
	return code;
}

static void *lots_run(void *ctx)
{
	struct lots *lots = ctx;

	pthread_mutex_lock(&lots->mutex);
	while (lots->begun < lots->count && !lots->is_given_up) {
		struct lot *lot = &lots->lots[lots->begun];
		size_t nth = lots->begun++;
		struct bk_error failure = {.code = BK_OK};

		pthread_mutex_unlock(&lots->mutex);
		if (!read_lot(lots, nth, &failure))
			failure.code = BK_OK;
		pthread_mutex_lock(&lots->mutex);
		lot->failure = failure;
		lot->is_done = true;
		pthread_cond_signal(&lots->ready);
	}
	pthread_mutex_unlock(&lots->mutex);
	return NULL;
}

static struct lots *lots_new(uint64_t keyframes)
{
	struct lots *lots = calloc(1, sizeof *lots);
	pthread_condattr_t monotonic;

	if (!lots)
		return NULL;
	lots->count = (size_t)((keyframes + LOT_SPANS - 1) / LOT_SPANS);
	lots->lots = calloc(lots->count ? lots->count : 1, sizeof *lots->lots);
	if (!lots->lots) {
		free(lots);
		return NULL;
	}
	for (size_t i = 0; i < lots->count; i++)
		lots->lots[i].end = &lots->lots[i].first;
	pthread_mutex_init(&lots->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&lots->ready, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_cond_init(&lots->room, NULL);
	return lots;
}

enum bk_code bk_lots_open(struct lots **out, struct bk_log *log, const char *table,
	const struct bk_history_options *options, struct bk_toll *toll, uint64_t keyframes,
	unsigned threads, struct bk_error *err)
{
	struct lots *lots = lots_new(keyframes);

	if (!lots)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a history");
	lots->log = log;
	lots->table = table;
	lots->options = options;
	lots->toll = toll;
	lots->keyframes = keyframes;
	while (lots->thread_count < threads && lots->thread_count < THREADS_MAX &&
		pthread_create(&lots->threads[lots->thread_count], NULL, lots_run, lots) == 0)
		lots->thread_count++;
	if (!lots->thread_count) {
		bk_lots_close(lots);
		return bk_fail(err, BK_E_LIMIT, 0, "no thread can be had");
	}
	*out = lots;
	return BK_OK;
}

void bk_lots_close(struct lots *lots)
{
	pthread_mutex_lock(&lots->mutex);
	lots->is_given_up = true;
	pthread_cond_broadcast(&lots->room);
	pthread_mutex_unlock(&lots->mutex);
	while (lots->thread_count)
		pthread_join(lots->threads[--lots->thread_count], NULL);
	for (size_t i = 0; i < lots->count; i++)
		while (lots->lots[i].first) {
			struct queued *queued = lots->lots[i].first;

			lots->lots[i].first = queued->next;
			queued_free(queued);
		}
	pthread_cond_destroy(&lots->ready);
	pthread_cond_destroy(&lots->room);
	pthread_mutex_destroy(&lots->mutex);
	free(lots->lots);
	free(lots);
}

/* Waits for more, and tells how far it is, without the mutex. */
static void wait_for_more(struct lots *lots, void *ctx)
{
	uint64_t done = lots->done;
	struct timespec until;

	if (lots->options->progress) {
		pthread_mutex_unlock(&lots->mutex);
		lots->options->progress(ctx, done, lots->keyframes);
		pthread_mutex_lock(&lots->mutex);
	}
	if (lots->lots[lots->taken].first || lots->lots[lots->taken].is_done)
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WAIT_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&lots->ready, &lots->mutex, &until);
}

/* Takes the first of LOT, which has one. */
static void take_first(struct lots *lots, struct lot *lot, struct reading *reading)
{
	struct queued *queued = lot->first;

	lot->first = queued->next;
	if (!lot->first)
		lot->end = &lot->first;
	lots->bytes -= queued->bytes;
	*reading = queued->reading;
	free(queued);
	pthread_cond_broadcast(&lots->room);
}

enum bk_code bk_lots_next(
	struct lots *lots, struct reading *reading, bool *has, void *ctx, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	*has = false;
	pthread_mutex_lock(&lots->mutex);
	while (!code && !*has && lots->taken < lots->count) {
		struct lot *lot = &lots->lots[lots->taken];

		*has = lot->first != NULL;
		if (*has) {
			take_first(lots, lot, reading);
		} else if (!lot->is_done) {
			wait_for_more(lots, ctx);
		} else if (lot->failure.code) {
			code = bk_fail_as(err, &lot->failure);
		} else {
			lots->taken++;
			pthread_cond_broadcast(&lots->room);
		}
	}
	pthread_mutex_unlock(&lots->mutex);
	return code;
}
