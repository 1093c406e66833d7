/* following.c - a follower beside a node, and what it tells. */
#include "following.h"
#include <time.h>

static void note(void *ctx, const struct bk_error *err)
{
	struct told *told = ctx;

	pthread_mutex_lock(&told->mutex);
	told->last = *err;
	told->count++;
	pthread_cond_signal(&told->came);
	pthread_mutex_unlock(&told->mutex);
}

struct told told_new(void)
{
	return (struct told){.mutex = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
}

void told_wait(struct told *told, unsigned count)
{
	struct timespec deadline;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += 60;
	pthread_mutex_lock(&told->mutex);
	while (told->count < count && rc == 0)
		rc = pthread_cond_timedwait(&told->came, &told->mutex, &deadline);
	pthread_mutex_unlock(&told->mutex);
	cr_assert(rc == 0, "%u failures were told, not %u", told->count, count);
}

enum bk_code follow(struct bk_follower **follower, struct node *node, struct told *told)
{
	struct bk_follower_options options = {.notify = note, .ctx = told};

	return bk_follower_start(follower, node->writer, &options, why());
}

struct bk_follower_status follow_status(struct bk_follower *follower)
{
	struct bk_follower_status status;

	bk_follower_status(follower, &status);
	return status;
}

void follow_wait_proven(struct bk_follower *follower, uint32_t version)
{
	const struct timespec step = {.tv_nsec = 1000000};

	for (unsigned i = 0; i < 60000 && follow_status(follower).proven != version; i++)
		nanosleep(&step, NULL);
	cr_assert(follow_status(follower).proven == version, "version %u is proven, not %u",
		follow_status(follower).proven, version);
}

uint64_t node_keyframes(struct node *node)
{
	struct bk_log_status status;

	ok(bk_log_status(bk_writer_log(node->writer), &status, why()));
	return status.keyframes;
}

void node_wait_keyframes(struct node *node, uint64_t count)
{
	const struct timespec step = {.tv_nsec = 1000000};

	for (unsigned waited = 0; waited < 60000 && node_keyframes(node) < count; waited++)
		nanosleep(&step, NULL);
	cr_assert(node_keyframes(node) >= count, "%u keyframes", (unsigned)node_keyframes(node));
}

enum bk_code node_append(struct node *node, uint32_t version, const char *sql)
{
	struct bk_slice slice = {sql, strlen(sql)};
	struct bk_change change = {.version = version, .statements = &slice, .statement_count = 1};

	return bk_writer_append(node->writer, &change, why());
}
