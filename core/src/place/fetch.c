/* fetch.c - parts of objects got several at a time. */
#include "fetch.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct fetch {
	struct objects *objects;

	pthread_mutex_t mutex; /* over what follows */
	pthread_t threads[FETCH_THREADS];
	unsigned started;
	pthread_cond_t work, done;
	struct fetch_job *first, **last;
	unsigned idle;
	bool is_ending;
};

static enum bk_code get(struct objects *objects, struct fetch_job *job)
{
	struct bk_error ignored;
	struct bk_buf bytes;
	enum bk_code code;

	bk_buf_init(&bytes, job->size);
	code = objects->ops->get(
		objects, job->name, job->from, job->size, &bytes, &job->is_there, &ignored);
	job->got = code ? 0 : bytes.size;
	if (job->got)
		memcpy(job->out, bytes.data, job->got);
	bk_buf_done(&bytes);
	return code;
}

static void *run(void *arg)
{
	struct fetch *fetch = arg;

	pthread_mutex_lock(&fetch->mutex);
	while (!fetch->is_ending) {
		struct fetch_job *job = fetch->first;
		enum bk_code code;

		if (!job) {
			fetch->idle++;
			pthread_cond_wait(&fetch->work, &fetch->mutex);
			fetch->idle--;
			continue;
		}
		fetch->first = job->next;
		if (!fetch->first)
			fetch->last = &fetch->first;
		pthread_mutex_unlock(&fetch->mutex);
		code = get(fetch->objects, job);
		pthread_mutex_lock(&fetch->mutex);
		job->code = code;
		job->is_done = true;
		pthread_cond_broadcast(&fetch->done);
	}
	pthread_mutex_unlock(&fetch->mutex);
	return NULL;
}

enum bk_code bk_fetch_new(struct fetch **out, struct objects *objects, struct bk_error *err)
{
	struct fetch *fetch = calloc(1, sizeof *fetch);

	if (!fetch)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read several at a time");
	fetch->objects = objects;
	fetch->last = &fetch->first;
	pthread_mutex_init(&fetch->mutex, NULL);
	pthread_cond_init(&fetch->work, NULL);
	pthread_cond_init(&fetch->done, NULL);
	*out = fetch;
	return BK_OK;
}

void bk_fetch_free(struct fetch *fetch)
{
	if (!fetch)
		return;
	pthread_mutex_lock(&fetch->mutex);
	fetch->is_ending = true;
	pthread_cond_broadcast(&fetch->work);
	pthread_mutex_unlock(&fetch->mutex);
	for (unsigned i = 0; i < fetch->started; i++)
		pthread_join(fetch->threads[i], NULL);
	pthread_cond_destroy(&fetch->work);
	pthread_cond_destroy(&fetch->done);
	pthread_mutex_destroy(&fetch->mutex);
	free(fetch);
}

/* Threads are started as they are needed. */
void bk_fetch_add(struct fetch *fetch, struct fetch_job *job)
{
	bool is_short;

	job->is_done = false;
	job->next = NULL;
	pthread_mutex_lock(&fetch->mutex);
	is_short = fetch->first || !fetch->idle;
	*fetch->last = job;
	fetch->last = &job->next;
	if (is_short && fetch->started < FETCH_THREADS &&
		pthread_create(&fetch->threads[fetch->started], NULL, run, fetch) == 0)
		fetch->started++;
	pthread_cond_signal(&fetch->work);
	pthread_mutex_unlock(&fetch->mutex);
}

void bk_fetch_do(struct fetch *fetch, struct fetch_job *job)
{
	job->code = get(fetch->objects, job);
	job->is_done = true;
}

/* Takes JOB out of those that wait; false if a thread has it. With the mutex held. */
static bool take_back(struct fetch *fetch, struct fetch_job *job)
{
	struct fetch_job **at = &fetch->first;

	while (*at && *at != job)
		at = &(*at)->next;
	if (!*at)
		return false;
	*at = job->next;
	if (!*at)
		fetch->last = at;
	return true;
}

/* Without threads the work is done here. */
enum bk_code bk_fetch_wait(struct fetch *fetch, struct fetch_job *job)
{
	bool is_mine;

	pthread_mutex_lock(&fetch->mutex);
	is_mine = !fetch->started && !job->is_done && take_back(fetch, job);
	while (!is_mine && !job->is_done)
		pthread_cond_wait(&fetch->done, &fetch->mutex);
	pthread_mutex_unlock(&fetch->mutex);
	if (is_mine)
		bk_fetch_do(fetch, job);
	return job->code;
}
