/* place_race.c - what a store does with two requests at one moment. */
#include "place_race.h"
#include "webstore.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS    12
#define NAME_SIZE 96
#define BYTES     1000

/* One of the two. */
struct racer {
	pthread_t thread;
	pthread_barrier_t *start;
	struct objects *objects;
	const char *name;
	bool makes_folder, did; /* DID: it was told that it made NAME */
	enum bk_code code;
	struct bk_error err;
};

static void *run(void *arg)
{
	struct racer *racer = arg;
	const struct objects_ops *ops = racer->objects->ops;
	struct bk_error ignored;
	struct bk_buf byte;
	char body[BYTES];
	bool was_there = true;

	/* The connection is there when it begins. */
	bk_buf_init(&byte, 1);
	(void)!ops->get(racer->objects, racer->name, 0, 1, &byte, &was_there, &ignored);
	bk_buf_done(&byte);
	memset(body, 'x', sizeof body);
	pthread_barrier_wait(racer->start);
	if (racer->makes_folder)
		racer->code = ops->claim(racer->objects, racer->name, &racer->did, &racer->err);
	else
		racer->code = ops->put(
			racer->objects, racer->name, body, sizeof body, &was_there, &racer->err);
	if (!racer->makes_folder)
		racer->did = !was_there;
	return NULL;
}

static enum bk_code run_both(struct racer *racers, struct bk_error *err)
{
	pthread_barrier_t start;
	int rc;

	pthread_barrier_init(&start, NULL, 2);
	racers[0].start = racers[1].start = &start;
	rc = pthread_create(&racers[1].thread, NULL, run, &racers[1]);
	if (!rc) {
		run(&racers[0]);
		pthread_join(racers[1].thread, NULL);
	}
	pthread_barrier_destroy(&start);
	if (rc)
		return bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread");
	for (int i = 0; i < 2; i++)
		if (racers[i].code) {
			*err = racers[i].err;
			return racers[i].code;
		}
	return BK_OK;
}

/* Adds to *BOTH where both of two made what only one may. */
static enum bk_code play(struct objects *const two[2], const char *name, bool makes_folder,
	unsigned *both, struct bk_error *err)
{
	struct racer racers[2];
	bool is_refused;
	enum bk_code code;

	for (int i = 0; i < 2; i++)
		racers[i] = (struct racer){
			.objects = two[i], .name = name, .makes_folder = makes_folder};
	code = run_both(racers, err);
	if (code)
		return code;
	*both += racers[0].did && racers[1].did;
	return two[0]->ops->remove(two[0], name, &is_refused, err);
}

static enum bk_code race(struct place_race *out, struct objects *const two[2], const char *name,
	struct bk_error *err)
{
	char numbered[NAME_SIZE];
	enum bk_code code = BK_OK;

	out->has_folders = two[0]->ops->claim;
	while (!code && out->rounds < ROUNDS) {
		snprintf(numbered, sizeof numbered, "%.64s-%u", name, out->rounds);
		code = play(two, numbered, false, &out->both_put, err);
		snprintf(numbered, sizeof numbered, "%.64s-folder-%u", name, out->rounds);
		if (!code && out->has_folders)
			code = play(two, numbered, true, &out->both_claimed, err);
		out->rounds += !code;
	}
	return code;
}

enum bk_code bk_place_race(struct place_race *out, const struct bk_io *io, const char *url,
	const char *name, struct bk_error *err)
{
	struct objects *two[2] = {NULL, NULL};
	enum bk_code code = BK_OK;

	*out = (struct place_race){.rounds = 0};
	for (int i = 0; i < 2 && !code; i++)
		code = bk_objects_open(&two[i], io, url, err);
	if (!code)
		code = race(out, two, name, err);
	for (int i = 0; i < 2; i++)
		if (two[i])
			two[i]->ops->close(two[i]);
	return code;
}
