/* mirrors.c - the mirrors of a log: their threads begun and ended, what they are told. */
#include "mirrors.h"
#include "place_url.h"
#include <bk/path.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* At the end lightningd waits with us: so long for mirrors that have nearly all, and for threads
 * that are on their way out. One that hangs in a call is left behind. */
#define LEVEL_WAIT_MS 2000
#define STOP_WAIT_MS  3000

struct timespec bk_mirrors_until(uint32_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	return until;
}

void bk_mirrors_tell(struct bk_mirrors *mirrors, enum bk_mirrors_news news, const char *fmt, ...)
{
	char text[5000];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	pthread_mutex_lock(&mirrors->notify_mutex);
	if (mirrors->notify)
		mirrors->notify(mirrors->ctx, news, text);
	pthread_mutex_unlock(&mirrors->notify_mutex);
}

bool bk_mirror_may_pass(enum bk_code code)
{
	return code == BK_E_IO || code == BK_E_BUSY || code == BK_E_NOMEM;
}

const char *bk_mirror_word(const struct mirror *mirror, char word[MIRROR_WORD])
{
	bk_path_word(word, MIRROR_WORD, mirror->url, "URL");
	return word;
}

enum bk_code bk_mirror_open_log(struct file *out, const struct bk_io *io, const char *path,
	const uint8_t *header, struct bk_error *err)
{
	uint8_t there[LOG_HEADER_SIZE];
	size_t got;
	enum bk_code code = bk_file_open(out, io, path, BK_IO_READ, err);

	if (!code)
		code = bk_file_read(out, there, sizeof there, 0, &got, err);
	if (!code && (got < sizeof there || memcmp(there, header, sizeof there) != 0))
		code = bk_fail(err, BK_E_BUSY, 0, "%s was replaced just now", path);
	if (code)
		bk_file_close(out);
	return code;
}

enum bk_code bk_mirrors_add(
	struct bk_mirrors *mirrors, const char *url, const char *held, struct bk_error *err)
{
	struct mirror *mirror = calloc(1, sizeof *mirror);

	if (mirror)
		mirror->url = strdup(url);
	if (!mirror || !mirror->url) {
		free(mirror);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a mirror");
	}
	mirror->all = mirrors;
	mirror->primary = mirror->ahead = FILE_CLOSED;
	if (held)
		snprintf(mirror->held, sizeof mirror->held, "%s", held);
	mirrors->list[mirrors->count++] = mirror;
	return BK_OK;
}

enum bk_code bk_mirrors_check(const struct bk_mirrors_options *options, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (options->count > BK_MIRRORS_MAX)
		return bk_fail(err, BK_E_LIMIT, 0, "%u mirrors are more than %d", options->count,
			BK_MIRRORS_MAX);
	if (options->quorum > options->count + 1)
		return bk_fail(err, BK_E_INVALID, 0,
			"a quorum of %u is more than there are places: the log and %u mirrors",
			options->quorum, options->count);
	for (unsigned i = 0; i < options->count && !code; i++)
		code = bk_place_check_url(options->urls[i], err);
	return code;
}

static void init_conds(struct bk_mirrors *mirrors)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&mirrors->notify_mutex, NULL);
	pthread_mutex_init(&mirrors->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&mirrors->work, &attr);
	pthread_cond_init(&mirrors->progress, &attr);
	pthread_condattr_destroy(&attr);
}

enum bk_code bk_mirrors_open(struct bk_mirrors **out, const struct bk_io *io,
	const struct bk_mirrors_options *options, struct bk_error *err)
{
	struct bk_mirrors *mirrors;
	enum bk_code code = bk_mirrors_check(options, err);

	if (code)
		return code;
	mirrors = calloc(1, sizeof *mirrors);
	if (!mirrors)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for mirrors");
	init_conds(mirrors);
	mirrors->io = io;
	mirrors->quorum = options->quorum ? options->quorum : 1;
	mirrors->outage_ms = options->outage_ms ? options->outage_ms : BK_OUTAGE_MS;
	mirrors->notify = options->notify;
	mirrors->ctx = options->ctx;
	for (unsigned i = 0; i < options->count && !code; i++)
		code = bk_mirrors_add(
			mirrors, options->urls[i], options->held ? options->held[i] : NULL, err);
	if (code) {
		bk_mirrors_free(mirrors);
		return code;
	}
	*out = mirrors;
	return BK_OK;
}

/* What a thread that was left behind may still use stays: then it is false. */
static bool free_one(struct mirror *mirror)
{
	if (mirror->is_running)
		return false;
	free(mirror->url);
	free(mirror);
	return true;
}

void bk_mirrors_free(struct bk_mirrors *mirrors)
{
	bool is_left = false;

	if (!mirrors)
		return;
	for (unsigned i = 0; i < mirrors->count; i++)
		is_left |= !free_one(mirrors->list[i]);
	for (struct mirror *mirror = mirrors->gone, *next; mirror; mirror = next) {
		next = mirror->next;
		is_left |= !free_one(mirror);
	}
	if (is_left)
		return;
	pthread_cond_destroy(&mirrors->work);
	pthread_cond_destroy(&mirrors->progress);
	pthread_mutex_destroy(&mirrors->mutex);
	pthread_mutex_destroy(&mirrors->notify_mutex);
	free(mirrors->path);
	free(mirrors->ahead.path);
	free(mirrors);
}

bool bk_mirrors_status(struct bk_mirrors *mirrors, unsigned number, struct bk_mirror_status *out)
{
	const struct mirror *mirror;
	bool is_there;

	pthread_mutex_lock(&mirrors->mutex);
	is_there = number < mirrors->count;
	if (is_there) {
		mirror = mirrors->list[number];
		*out = (struct bk_mirror_status){.state = mirror->state,
			.behind = mirrors->target > mirror->durable
					  ? mirrors->target - mirror->durable
					  : 0};
		snprintf(out->url, sizeof out->url, "%s", mirror->url);
		snprintf(out->why, sizeof out->why, "%s", mirror->why.code ? mirror->why.msg : "");
	}
	pthread_mutex_unlock(&mirrors->mutex);
	return is_there;
}

/* The log is durable up to END, a frame of SUM. With the mutex held. */
static void set_log_end(struct bk_mirrors *mirrors, uint64_t end, uint64_t sum)
{
	mirrors->target = mirrors->whole = end;
	mirrors->target_sum = mirrors->whole_sum = sum;
}

void bk_mirrors_attach(struct bk_mirrors *mirrors, uint64_t end, uint64_t sum)
{
	pthread_mutex_lock(&mirrors->mutex);
	set_log_end(mirrors, end, sum);
	mirrors->is_attached = true;
	pthread_cond_broadcast(&mirrors->work);
	pthread_mutex_unlock(&mirrors->mutex);
}

void bk_mirrors_move(struct bk_mirrors *mirrors, const struct log_header *log,
	const uint8_t *header, const char *path, uint64_t end, uint64_t sum)
{
	pthread_mutex_lock(&mirrors->mutex);
	mirrors->turn++;
	mirrors->log = *log;
	memcpy(mirrors->header, header, LOG_HEADER_SIZE);
	free(mirrors->path);
	mirrors->path = strdup(path);
	set_log_end(mirrors, end, sum);
	free(mirrors->ahead.path);
	mirrors->ahead.path = NULL;
	for (unsigned i = 0; i < mirrors->count; i++) {
		struct mirror *mirror = mirrors->list[i];

		mirror->durable = 0;
		if (mirror->state == BK_MIRROR_LEVEL)
			mirror->state = BK_MIRROR_BEHIND;
	}
	pthread_cond_broadcast(&mirrors->work);
	pthread_mutex_unlock(&mirrors->mutex);
}

bool bk_mirrors_takes_flight(const struct bk_mirrors *mirrors)
{
	return mirrors->quorum > 1;
}

unsigned bk_mirrors_quorum(const struct bk_mirrors *mirrors)
{
	return mirrors->quorum;
}

void bk_mirrors_give(struct bk_mirrors *mirrors, uint64_t end, uint64_t sum)
{
	pthread_mutex_lock(&mirrors->mutex);
	if (end > mirrors->target) {
		mirrors->target = end;
		mirrors->target_sum = sum;
		pthread_cond_broadcast(&mirrors->work);
	}
	pthread_mutex_unlock(&mirrors->mutex);
}

/* Whether a mirror that can be reached has not all. With the mutex held. */
static bool is_any_behind(const struct bk_mirrors *mirrors)
{
	for (unsigned i = 0; i < mirrors->count; i++) {
		const struct mirror *mirror = mirrors->list[i];

		if (mirror->is_running && mirror->durable < mirrors->target &&
			mirror->state != BK_MIRROR_AWAY && mirror->state != BK_MIRROR_REFUSES)
			return true;
	}
	return false;
}

static bool is_any_running(const struct bk_mirrors *mirrors)
{
	for (unsigned i = 0; i < mirrors->count; i++)
		if (mirrors->list[i]->is_running)
			return true;
	for (const struct mirror *mirror = mirrors->gone; mirror; mirror = mirror->next)
		if (mirror->is_running)
			return true;
	return false;
}

/* Waits while WHILE holds, for MS at most. With the mutex held. */
static void wait_while(
	struct bk_mirrors *mirrors, bool (*holds)(const struct bk_mirrors *), uint32_t ms)
{
	struct timespec until = bk_mirrors_until(ms);

	while (holds(mirrors) &&
		pthread_cond_timedwait(&mirrors->progress, &mirrors->mutex, &until) == 0)
		;
}

/* Lets go of a thread, which has ended or hangs. */
static void leave(struct mirror *mirror)
{
	if (mirror->is_started && mirror->is_running)
		pthread_detach(mirror->thread);
	else if (mirror->is_started)
		pthread_join(mirror->thread, NULL);
	mirror->is_started = false;
}

void bk_mirrors_detach(struct bk_mirrors *mirrors)
{
	pthread_mutex_lock(&mirrors->mutex);
	if (mirrors->is_attached)
		wait_while(mirrors, is_any_behind, LEVEL_WAIT_MS);
	mirrors->is_stopping = true;
	pthread_cond_broadcast(&mirrors->work);
	wait_while(mirrors, is_any_running, STOP_WAIT_MS);
	for (unsigned i = 0; i < mirrors->count; i++)
		leave(mirrors->list[i]);
	for (struct mirror *mirror = mirrors->gone; mirror; mirror = mirror->next)
		leave(mirror);
	mirrors->is_attached = false;
	pthread_mutex_unlock(&mirrors->mutex);
	/* Who is left behind tells nobody any more. */
	pthread_mutex_lock(&mirrors->notify_mutex);
	mirrors->notify = NULL;
	pthread_mutex_unlock(&mirrors->notify_mutex);
}
