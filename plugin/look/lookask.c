/* lookask.c - the log and the mirrors asked, all at once, and none waited for past a deadline. */
#include "lookask.h"
#include "looklog.h"
#include <bk/dest.h>
#include <bk/setback.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_BUSY_MS 1000 /* for the node's database */

/* What the threads share. Each works on what is its own, and hands it over when it is done; what
 * comes too late is left where it is, and so is all that the late one may still use. */
struct looking {
	const struct bk_io *io, *log_io;
	int64_t now_us;
	pthread_mutex_t mutex; /* over what follows */
	pthread_cond_t changed;
	struct look *look;    /* NULL: nobody waits any more */
	unsigned places_left; /* that have not answered */
	unsigned threads_left;
	struct timespec places_until, all_until;
};

struct asking {
	struct looking *looking;
	unsigned number;
	struct look_place place; /* with borrowed texts */
};

struct reading {
	struct looking *looking;
	struct look_log log;  /* likewise */
	struct bk_look node;  /* the node's database as it was before; all zero: not known */
	const char *database; /* borrowed */
};

static struct timespec after_ms(unsigned ms)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += ms / 1000;
	time.tv_nsec += (long)(ms % 1000) * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_sec++;
		time.tv_nsec -= 1000000000;
	}
	return time;
}

static bool is_past(const struct timespec *until)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > until->tv_sec ||
	       (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

/* A thread is done, and lets go. With the mutex held. */
static void let_go(struct looking *looking)
{
	looking->threads_left--;
	pthread_cond_broadcast(&looking->changed);
	pthread_mutex_unlock(&looking->mutex);
}

static void *ask(void *arg)
{
	struct asking *asking = arg;
	struct looking *looking = asking->looking;
	struct look_place *place = &asking->place;
	struct bk_error ignored;
	char *path;

	place->answer = bk_place_ask(looking->io, place->url, &place->told, &place->why)
				? LOOK_FAILED
				: LOOK_ANSWERED;
	if (!bk_dest_path(&path, place->url, &ignored)) {
		place->has_free = looklog_free(looking->io, path, &place->free_bytes);
		free(path);
	}
	pthread_mutex_lock(&looking->mutex);
	if (looking->look)
		looking->look->places[asking->number] = *place;
	looking->places_left--;
	let_go(looking);
	free(asking);
	return NULL;
}

/* A bk_health_look's IS_LATE. */
static bool is_late(void *ctx)
{
	const struct looking *looking = ctx;

	return is_past(&looking->places_until);
}

/* How the COUNT places that have answered stand to OPENED. Without the mutex: it reads. */
static void compare(const struct looking *looking, struct look_place *places, unsigned count,
	struct bk_log *opened)
{
	struct bk_error ignored;

	for (unsigned i = 0; i < count; i++)
		if (places[i].answer == LOOK_ANSWERED)
			places[i].stands = !bk_stands(&places[i].standing, opened, looking->io,
				places[i].url, &places[i].told, &ignored);
}

/* Waits for the places, and copies what they said. */
static unsigned wait_for_places(struct looking *looking, struct look_place *places)
{
	unsigned count = 0;

	pthread_mutex_lock(&looking->mutex);
	while (looking->places_left && looking->look &&
		pthread_cond_timedwait(
			&looking->changed, &looking->mutex, &looking->places_until) == 0)
		;
	if (looking->look) {
		count = looking->look->place_count;
		memcpy(places, looking->look->places, count * sizeof *places);
	}
	pthread_mutex_unlock(&looking->mutex);
	return count;
}

/* A bk_against_options.is_wanted. */
static bool is_in_time(void *ctx)
{
	return !is_late(ctx);
}

/* What the plugin would find out when it starts: where that takes too long, the database is taken
 * at its word. */
static void look_for_set_back(struct reading *reading, struct bk_log *opened)
{
	const struct bk_against_options options = {
		.busy_ms = LOOK_BUSY_MS, .is_wanted = is_in_time, .ctx = reading->looking};

	reading->log.is_set_back = bk_may_be_set_back(opened, &reading->node) &&
				   bk_is_set_back(opened, reading->database, &options);
}

static void *read_log(void *arg)
{
	struct reading *reading = arg;
	struct looking *looking = reading->looking;
	struct look_place places[LOCKPLACES_MAX];
	struct bk_log *opened;
	unsigned count;

	looklog_take(&reading->log, looking->log_io, looking->now_us, is_late, looking, &opened);
	count = wait_for_places(looking, places);
	if (opened) {
		looklog_refresh(&reading->log, opened);
		look_for_set_back(reading, opened);
		compare(looking, places, count, opened);
		bk_log_close(opened);
	}
	pthread_mutex_lock(&looking->mutex);
	if (looking->look) {
		looking->look->log = reading->log;
		for (unsigned i = 0; i < count; i++) {
			looking->look->places[i].stands = places[i].stands;
			looking->look->places[i].standing = places[i].standing;
		}
	}
	let_go(looking);
	free(reading);
	return NULL;
}

/* Starts RUN with ARG, one more thread that is waited for; with the mutex held. False: it could
 * not be started. */
static bool start(struct looking *looking, void *(*run)(void *arg), void *arg)
{
	pthread_t thread;

	if (!arg || pthread_create(&thread, NULL, run, arg) != 0)
		return false;
	pthread_detach(thread);
	looking->threads_left++;
	return true;
}

static bool start_asking(struct looking *looking, unsigned number)
{
	struct asking *asking = calloc(1, sizeof *asking);

	if (asking)
		*asking = (struct asking){.looking = looking,
			.number = number,
			.place = looking->look->places[number]};
	looking->look->places[number].answer = LOOK_SILENT;
	looking->places_left++;
	if (start(looking, ask, asking))
		return true;
	free(asking);
	return false;
}

static bool start_reading(struct looking *looking)
{
	struct reading *reading = calloc(1, sizeof *reading);

	if (reading)
		*reading = (struct reading){.looking = looking,
			.log = looking->look->log,
			.node = looking->look->node.before,
			.database = looking->look->database};
	looking->look->log.answer = LOOK_SILENT;
	if (start(looking, read_log, reading))
		return true;
	free(reading);
	return false;
}

static struct looking *looking_new(
	struct look *look, const struct bk_io *io, const struct bk_io *log_io)
{
	struct looking *looking = calloc(1, sizeof *looking);
	pthread_condattr_t attr;

	if (!looking)
		return NULL;
	*looking = (struct looking){.io = io,
		.log_io = log_io,
		.now_us = look->now_us,
		.look = look,
		.places_until = after_ms(LOOK_PLACE_MS),
		.all_until = after_ms(LOOK_ALL_MS)};
	pthread_mutex_init(&looking->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&looking->changed, &attr);
	pthread_condattr_destroy(&attr);
	return looking;
}

enum bk_code lookask_all(
	struct look *look, const struct bk_io *io, const struct bk_io *log_io, struct bk_error *err)
{
	struct looking *looking = looking_new(look, io, log_io);
	bool good = looking, is_done;

	if (!looking)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to look at a backup");
	pthread_mutex_lock(&looking->mutex);
	for (unsigned i = 0; i < look->place_count; i++)
		good = good && start_asking(looking, i);
	good = good && start_reading(looking);
	while (good && looking->threads_left &&
		pthread_cond_timedwait(&looking->changed, &looking->mutex, &looking->all_until) ==
			0)
		;
	looking->look = NULL;
	is_done = !looking->threads_left;
	pthread_mutex_unlock(&looking->mutex);
	if (is_done) {
		pthread_cond_destroy(&looking->changed);
		pthread_mutex_destroy(&looking->mutex);
		free(looking);
	}
	return good ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a thread");
}
