/* imagescout.c - a thread that runs ahead of those that copy an image. */
#include "imagescout.h"
#include "pageahead.h"
#include <stdlib.h>
#include <string.h>

/* So many parts behind the one that is asked for, what was asked for will have come. */
#define SCOUT_LAG (SCOUT_PARTS * 3 / 4)

enum scout_state { SCOUT_FREE, SCOUT_AHEAD, SCOUT_GIVEN };

static uint32_t first_page(const struct imagescout *scout, size_t part)
{
	return (uint32_t)(part * scout->pages) + 1;
}

static void want(struct imagescout *scout, size_t part)
{
	bk_pageahead_want(&scout->image->index, first_page(scout, part), scout->pages);
}

/* With the mutex: the next that nobody was told of; false if there is none. */
static bool choose(struct imagescout *scout, size_t *part)
{
	size_t at = scout->hint;

	for (size_t i = 0; i < scout->count; i++) {
		if (scout->states[at] == SCOUT_FREE) {
			*part = scout->hint = at;
			return true;
		}
		at = (at + (scout->goes_up ? 1 : scout->count - 1)) % scout->count;
	}
	return false;
}

/* The part to be brought next; false at the end. */
static bool go_on(struct imagescout *scout, size_t *part)
{
	bool more;

	pthread_mutex_lock(&scout->mutex);
	while (!scout->is_stopped && scout->ahead == SCOUT_PARTS)
		pthread_cond_wait(&scout->moved, &scout->mutex);
	more = !scout->is_stopped && choose(scout, part);
	if (more) {
		scout->states[*part] = SCOUT_AHEAD;
		scout->ring[scout->ahead++] = *part;
	}
	pthread_cond_broadcast(&scout->moved);
	pthread_mutex_unlock(&scout->mutex);
	return more;
}

/* What was asked for of PART will have come by now. */
static void go_down(struct imagescout *scout, size_t part)
{
	bool is_due;

	pthread_mutex_lock(&scout->mutex);
	is_due = !scout->is_stopped && scout->states[part] == SCOUT_AHEAD;
	pthread_mutex_unlock(&scout->mutex);
	if (is_due)
		bk_pageahead_down(&scout->image->index, first_page(scout, part), scout->pages);
}

static void *run(void *arg)
{
	struct imagescout *scout = arg;
	size_t before[SCOUT_LAG], count = 0, part;

	for (; go_on(scout, &part); count++) {
		want(scout, part);
		if (count >= SCOUT_LAG)
			go_down(scout, before[count % (SCOUT_LAG)]);
		before[count % (SCOUT_LAG)] = part;
	}
	return NULL;
}

void bk_imagescout_start(struct imagescout *scout, struct bk_image *image, size_t part_bytes)
{
	uint32_t page_size = bk_image_page_size(image);

	*scout = (struct imagescout){.image = image};
	if (!page_size || !bk_file_want(&image->log->lf.file, NULL, 0))
		return;
	scout->pages = (uint32_t)(part_bytes / page_size);
	scout->count = (size_t)((bk_image_size(image) + part_bytes - 1) / part_bytes);
	scout->states = calloc(scout->count + 1, 1);
	pthread_mutex_init(&scout->mutex, NULL);
	pthread_cond_init(&scout->moved, NULL);
	scout->is_there = scout->states && scout->count > 1 &&
			  pthread_create(&scout->thread, NULL, run, scout) == 0;
	if (scout->is_there)
		return;
	pthread_mutex_destroy(&scout->mutex);
	pthread_cond_destroy(&scout->moved);
	free(scout->states);
}

void bk_imagescout_end(struct imagescout *scout)
{
	if (!scout->is_there)
		return;
	pthread_mutex_lock(&scout->mutex);
	scout->is_stopped = true;
	pthread_cond_broadcast(&scout->moved);
	pthread_mutex_unlock(&scout->mutex);
}

void bk_imagescout_stop(struct imagescout *scout)
{
	if (!scout->is_there)
		return;
	bk_imagescout_end(scout);
	pthread_join(scout->thread, NULL);
	pthread_mutex_destroy(&scout->mutex);
	pthread_cond_destroy(&scout->moved);
	free(scout->states);
	scout->is_there = false;
}

/* With the mutex: PART is given away. */
static void give(struct imagescout *scout, size_t part)
{
	size_t at = 0;

	while (at < scout->ahead && scout->ring[at] != part)
		at++;
	if (at < scout->ahead) {
		scout->ahead--;
		memmove(&scout->ring[at], &scout->ring[at + 1],
			(scout->ahead - at) * sizeof *scout->ring);
	}
	scout->states[part] = SCOUT_GIVEN;
	pthread_cond_broadcast(&scout->moved);
}

/* With the mutex. */
static bool is_over(struct imagescout *scout)
{
	size_t ignored;

	return scout->is_stopped || !choose(scout, &ignored);
}

bool bk_imagescout_next(struct imagescout *scout, size_t *part)
{
	bool more;

	pthread_mutex_lock(&scout->mutex);
	while (!scout->ahead && !is_over(scout))
		pthread_cond_wait(&scout->moved, &scout->mutex);
	more = scout->ahead && !scout->is_stopped;
	if (more) {
		*part = scout->ring[0];
		give(scout, *part);
	}
	pthread_mutex_unlock(&scout->mutex);
	if (more)
		want(scout, *part); /* what had to go meanwhile */
	return more;
}

void bk_imagescout_need(struct imagescout *scout, size_t part)
{
	pthread_mutex_lock(&scout->mutex);
	if (scout->states[part] == SCOUT_FREE) {
		scout->hint = part;
		scout->goes_up = part && scout->states[part - 1] == SCOUT_GIVEN;
	}
	give(scout, part);
	pthread_mutex_unlock(&scout->mutex);
	want(scout, part);
}
