/* mirror_wait.c - an append waits for the quorum, a stated time. */
#include "mirrors.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define QUIET_MS 1000u

/* How many mirrors have what stands before END. With the mutex held, as all here. */
static unsigned count_having(const struct bk_mirrors *mirrors, uint64_t end)
{
	unsigned count = 0;

	for (unsigned i = 0; i < mirrors->count; i++)
		count += mirrors->list[i]->durable >= end &&
			 mirrors->list[i]->state == BK_MIRROR_LEVEL;
	return count;
}

static bool has_quorum(const struct bk_mirrors *mirrors, uint64_t end)
{
	return count_having(mirrors, end) + 1 >= mirrors->quorum;
}

/* Whether so many refuse that there can be no quorum; one of them. */
static const struct mirror *who_forbids(const struct bk_mirrors *mirrors)
{
	const struct mirror *one = NULL;
	unsigned others = 0;

	for (unsigned i = 0; i < mirrors->count; i++) {
		if (mirrors->list[i]->state == BK_MIRROR_REFUSES)
			one = mirrors->list[i];
		else
			others++;
	}
	return others + 1 < mirrors->quorum ? one : NULL;
}

static enum bk_code forbidden(const struct mirror *mirror, struct bk_error *err)
{
	return bk_fail(err, BK_E_UNSAFE, 0,
		"the quorum cannot be met: the mirror %.200s refuses this log: %.250s", mirror->url,
		mirror->why.msg);
}

/* The URLs of those that have not what stands before END. */
static void name_missing(const struct bk_mirrors *mirrors, uint64_t end, char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (unsigned i = 0; i < mirrors->count && used < size; i++) {
		const struct mirror *mirror = mirrors->list[i];

		if (mirror->durable >= end && mirror->state == BK_MIRROR_LEVEL)
			continue;
		used += (size_t)snprintf(
			out + used, size - used, "%s%s", used ? " and " : "", mirror->url);
	}
}

static void tell_waiting(struct bk_mirrors *mirrors, uint64_t end)
{
	char names[2048];

	name_missing(mirrors, end, names, sizeof names);
	pthread_mutex_unlock(&mirrors->mutex);
	bk_mirrors_tell(
		mirrors, BK_MIRRORS_WAITING, "a place has not confirmed the change: %s", names);
	pthread_mutex_lock(&mirrors->mutex);
}

/* Until the quorum has it, can never have it, or MS have passed. */
static void wait_ms(struct bk_mirrors *mirrors, uint64_t end, uint32_t ms)
{
	struct timespec until = bk_mirrors_until(ms);
	int rc = 0;

	while (rc != ETIMEDOUT && !has_quorum(mirrors, end) && !who_forbids(mirrors))
		rc = ms == BK_OUTAGE_WAIT
			     ? pthread_cond_wait(&mirrors->progress, &mirrors->mutex)
			     : pthread_cond_timedwait(&mirrors->progress, &mirrors->mutex, &until);
}

/* The first moments are nothing to speak of: each change has to wait a little. */
static void wait_for_quorum(struct bk_mirrors *mirrors, uint64_t end)
{
	uint32_t all = mirrors->outage_ms, quiet = all < QUIET_MS ? all : QUIET_MS;

	wait_ms(mirrors, end, quiet);
	if (has_quorum(mirrors, end) || who_forbids(mirrors) || quiet == all)
		return;
	tell_waiting(mirrors, end);
	wait_ms(mirrors, end, all == BK_OUTAGE_WAIT ? all : all - quiet);
}

static void tell_missed(
	struct bk_mirrors *mirrors, uint64_t end, uint32_t version, enum mirrors_wait what)
{
	char names[2048];
	uint32_t outage_ms;

	pthread_mutex_lock(&mirrors->mutex);
	name_missing(mirrors, end, names, sizeof names);
	outage_ms = mirrors->outage_ms;
	pthread_mutex_unlock(&mirrors->mutex);
	if (what == MIRRORS_MISSED)
		bk_mirrors_tell(mirrors, BK_MIRRORS_MISSED,
			"from version %u on changes are in fewer than %u places: %s did not "
			"confirm it within %u s. The node goes on, and what is missing there "
			"follows when it is back",
			version, mirrors->quorum, names, outage_ms / 1000);
	else
		bk_mirrors_tell(mirrors, BK_MIRRORS_MET,
			"changes are in %u places again, from version %u on", mirrors->quorum,
			version);
}

enum bk_code bk_mirrors_wait(struct bk_mirrors *mirrors, uint64_t from, uint64_t end,
	uint32_t version, enum mirrors_wait *out, struct bk_error *err)
{
	const struct mirror *refuses;
	bool was_missed, has;
	enum bk_code code = BK_OK;

	*out = MIRRORS_HAVE;
	if (mirrors->quorum < 2)
		return BK_OK;
	pthread_mutex_lock(&mirrors->mutex);
	was_missed = mirrors->is_missed;
	/* While it is missed no change waits, until enough mirrors have all before it. */
	if (!was_missed || has_quorum(mirrors, from))
		wait_for_quorum(mirrors, end);
	has = has_quorum(mirrors, end);
	refuses = has ? NULL : who_forbids(mirrors);
	if (refuses)
		code = forbidden(refuses, err);
	else if (has)
		*out = was_missed ? MIRRORS_MET : MIRRORS_HAVE;
	else
		*out = was_missed ? MIRRORS_MISS : MIRRORS_MISSED;
	mirrors->is_missed = !code && !has;
	pthread_mutex_unlock(&mirrors->mutex);
	if (*out == MIRRORS_MISSED || *out == MIRRORS_MET)
		tell_missed(mirrors, end, version, *out);
	return code;
}
