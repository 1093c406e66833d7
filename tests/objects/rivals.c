/* rivals.c - two writers on one state go on at one place in a store at the same moment, again and
 * again; never both of them are told that they did (docs/objects.md, 4).
 *
 *     rivals URL ROUNDS
 *
 * Of four rounds two begin when both have the place before them and only put, one when both ask
 * where it stands, and one in an empty place, with a log each. Whoever lost goes on with the
 * other's log. Exit: 0 if so, and what was told is there each time. */
#include "madelog.h"
#include "place_url.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRIES 40

enum how { PUTS, ASKS, BEGINS };

struct rival {
	pthread_t thread;
	pthread_barrier_t *start;
	enum how how;
	uint8_t fill; /* of what is its own */
	const char *url;
	struct source log;
	struct place *place;
	unsigned tries;
	enum { WENT_ON, REFUSED, GAVE_UP } end;
	struct bk_error err;
};

static _Noreturn void die(const char *what, const struct bk_error *err)
{
	fprintf(stderr, "%s: %s\n", what, err->msg);
	exit(2);
}

/* Whether the place has a beginning of LOG. */
static bool goes_on(const struct source *log, const struct place_log *there)
{
	struct frame_head head;

	if (memcmp(there->id, log->header.id, LOG_ID_SIZE) != 0)
		return false;
	if (there->end >= log->size)
		return there->end == log->size && there->sum == log->sum;
	return bk_frame_plausible(&head, log->bytes + there->end) &&
	       head.chain == (uint32_t)there->sum;
}

/* Asks where the place stands: from *FROM on LOG is missing there. */
static enum bk_code ask(struct rival *rival, uint64_t *from)
{
	struct place_head head;
	const struct place_ops *ops = rival->place->ops;
	enum bk_code code = ops->head(rival->place, &head, &rival->err);

	*from = LOG_HEADER_SIZE;
	if (!code && !head.now.is_there)
		return ops->begin(rival->place, rival->log.bytes, PLACE_SUCCEEDS, &rival->err);
	if (!code && !goes_on(&rival->log, &head.now))
		return bk_fail(&rival->err, BK_E_UNSAFE, 0,
			"the place has another's: %" PRIu64 " bytes, and not %zu", head.now.end,
			rival->log.size);
	*from = head.now.end;
	return code;
}

static enum bk_code send(struct rival *rival, uint64_t from, uint64_t to)
{
	return rival->place->ops->append(rival->place, rival->log.header.id, from,
		rival->log.bytes + from, (size_t)(to - from), true, &rival->err);
}

static enum bk_code go_on(struct rival *rival)
{
	uint64_t from;
	enum bk_code code = BK_OK;

	if (!rival->place)
		code = bk_place_open(&rival->place, bk_io_posix(), rival->url, &rival->err);
	if (!code)
		code = ask(rival, &from);
	return code ? code : send(rival, from, rival->log.size);
}

static void hang_up(struct rival *rival)
{
	if (rival->place)
		rival->place->ops->close(rival->place);
	rival->place = NULL;
}

/* As a node does: what fails is tried again, from where the place stands then. */
static void *run(void *arg)
{
	struct rival *rival = arg;
	unsigned seed = (unsigned)(uintptr_t)rival;
	uint64_t from = rival->log.size;
	enum bk_code code;

	source_add(&rival->log, FRAME_CHANGE, 20 + (unsigned)rand_r(&seed) % 3000, rival->fill);
	pthread_barrier_wait(rival->start);
	code = rival->how == PUTS ? send(rival, from, rival->log.size) : go_on(rival);
	for (rival->tries = 1; code && code != BK_E_UNSAFE && rival->tries < TRIES;
		rival->tries++) {
		hang_up(rival);
		usleep((unsigned)rand_r(&seed) % 20000);
		code = go_on(rival);
	}
	rival->end = !code ? WENT_ON : code == BK_E_UNSAFE ? REFUSED : GAVE_UP;
	hang_up(rival);
	return NULL;
}

/* The place is as the node left it when it went on the last time. */
static void get_ready(struct rival *rival)
{
	uint64_t from;

	if (bk_place_open(&rival->place, bk_io_posix(), rival->url, &rival->err) ||
		(rival->how == PUTS && (ask(rival, &from) || send(rival, from, rival->log.size))))
		die(rival->url, &rival->err);
}

/* The place has all of what the rival was told is there. */
static bool has(const char *url, const struct source *log)
{
	struct place *place;
	struct place_head head;
	struct bk_error err;
	uint8_t *bytes = malloc(log->size);
	size_t got = 0;
	bool same;

	if (bk_place_open(&place, bk_io_posix(), url, &err) || place->ops->head(place, &head, &err))
		die(url, &err);
	same = head.now.is_there && memcmp(head.now.id, log->header.id, LOG_ID_SIZE) == 0 &&
	       head.now.end >= log->size;
	if (same && place->ops->read(place, log->header.id, 0, bytes, log->size, &got, &err))
		die(url, &err);
	same = same && got == log->size && memcmp(bytes, log->bytes, got) == 0;
	place->ops->close(place);
	free(bytes);
	return same;
}

/* One round; the log that counts is KEPT then. False if both went on, or what one was told is not
 * there. */
static bool play(const char *url, enum how how, struct source *kept, unsigned *tries, unsigned *won)
{
	struct rival rivals[2];
	pthread_barrier_t start;
	bool good, both;
	int first = -1;

	pthread_barrier_init(&start, NULL, 2);
	for (int i = 0; i < 2; i++) {
		rivals[i] = (struct rival){
			.start = &start, .how = how, .fill = (uint8_t)(i + 1), .url = url};
		if (how == BEGINS)
			source_init(&rivals[i].log, (uint8_t)(i + 1), 0);
		else
			rivals[i].log = source_copy(kept);
		get_ready(&rivals[i]);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&rivals[i].thread, NULL, run, &rivals[i]);
	for (int i = 0; i < 2; i++) {
		pthread_join(rivals[i].thread, NULL);
		*tries += rivals[i].tries;
		first = rivals[i].end == WENT_ON ? i : first;
	}
	both = rivals[0].end == WENT_ON && rivals[1].end == WENT_ON;
	good = !both && (first < 0 || has(url, &rivals[first].log));
	if (!good || first < 0)
		printf("%s: %s; %s; %s\n", url,
			both        ? "both went on"
			: first < 0 ? "neither went on"
				    : "what was told is not there",
			rivals[0].err.msg, rivals[1].err.msg);
	won[first < 0 ? 2 : first]++;
	if (first >= 0 && how != BEGINS) {
		struct source old = *kept;

		*kept = source_copy(&rivals[first].log);
		free(old.bytes);
	}
	for (int i = 0; i < 2; i++)
		free(rivals[i].log.bytes);
	pthread_barrier_destroy(&start);
	return good;
}

/* A path of its own, below that of BASE. */
static void name(char *out, size_t room, const char *base, unsigned number)
{
	const char *options = strchr(base, '?');
	int length = options ? (int)(options - base) : (int)strlen(base);

	snprintf(out, room, "%.*sround%u/%s", length, base, number, options ? options : "");
}

int main(int argc, char **argv)
{
	struct timespec began, ended;
	unsigned rounds = argc == 3 ? (unsigned)atoi(argv[2]) : 0, tries = 0, won[3] = {0}, bad = 0;
	struct source log;
	char url[4096];

	source_init(&log, 7, 0);
	source_add(&log, FRAME_PAGES, 100, 1);
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (unsigned i = 0; i < rounds; i++) {
		enum how how = i % 4 == 3 ? BEGINS : i % 4 == 1 ? ASKS : PUTS;

		if (i % 50 == 0 && i) { /* the log does not grow for ever */
			log.size = 0;
			free(log.bytes);
			source_init(&log, 7, 0);
			source_add(&log, FRAME_PAGES, 100, 1);
		}
		name(url, sizeof url, argv[1], how == BEGINS ? i : 1000000 + i / 50);
		bad += !play(url, how, &log, &tries, won);
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	free(log.bytes);
	printf("%u rounds: %u and %u went on, in %u neither, %u bad; %.1f tries each; %.2f s\n",
		rounds, won[0], won[1], won[2], bad, rounds ? (double)tries / (2 * rounds) : 0,
		(double)(ended.tv_sec - began.tv_sec) +
			(double)(ended.tv_nsec - began.tv_nsec) / 1e9);
	return bad || !rounds;
}
