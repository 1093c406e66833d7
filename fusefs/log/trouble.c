/* trouble.c - what failed just now and may work again. */
#include "trouble.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

void trouble_init(struct trouble *trouble)
{
	memset(trouble, 0, sizeof *trouble);
	pthread_mutex_init(&trouble->mutex, NULL);
}

void trouble_done(struct trouble *trouble)
{
	pthread_mutex_destroy(&trouble->mutex);
}

static int64_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void forget(struct trouble *trouble, size_t kind)
{
	if (trouble->slots[kind].is_used)
		atomic_fetch_sub(&trouble->count, 1);
	trouble->slots[kind].is_used = false;
}

void trouble_note(
	struct trouble *trouble, enum trouble_kind kind, uint32_t version, const char *text)
{
	pthread_mutex_lock(&trouble->mutex);
	forget(trouble, kind);
	trouble->slots[kind].is_used = true;
	trouble->slots[kind].version = version;
	trouble->slots[kind].since = seconds_now();
	snprintf(trouble->slots[kind].text, sizeof trouble->slots[kind].text, "%s", text);
	atomic_fetch_add(&trouble->count, 1);
	pthread_mutex_unlock(&trouble->mutex);
}

void trouble_passed(struct trouble *trouble, enum trouble_kind kind, uint32_t version)
{
	if (!atomic_load(&trouble->count))
		return;
	pthread_mutex_lock(&trouble->mutex);
	if (trouble->slots[kind].version == version)
		forget(trouble, kind);
	pthread_mutex_unlock(&trouble->mutex);
}

void trouble_clear(struct trouble *trouble)
{
	pthread_mutex_lock(&trouble->mutex);
	for (size_t kind = 0; kind < TROUBLE_KINDS; kind++)
		forget(trouble, kind);
	pthread_mutex_unlock(&trouble->mutex);
}

void trouble_get(struct trouble *trouble, char *out)
{
	int64_t now = seconds_now(), newest = INT64_MIN;

	*out = '\0';
	pthread_mutex_lock(&trouble->mutex);
	for (size_t kind = 0; kind < TROUBLE_KINDS; kind++) {
		if (now - trouble->slots[kind].since > TROUBLE_SECONDS)
			forget(trouble, kind);
		if (!trouble->slots[kind].is_used || trouble->slots[kind].since < newest)
			continue;
		newest = trouble->slots[kind].since;
		memcpy(out, trouble->slots[kind].text, sizeof trouble->slots[kind].text);
	}
	pthread_mutex_unlock(&trouble->mutex);
}
