/* budget.c - what SQL over a log's content may cost. */
#include "budget.h"
#include <bk/process.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* Steps between two looks. One of them may take as long as a value is large. */
#define STEPS_BETWEEN 32
#define STEPS_A_TURN  1024 /* some ten microseconds */
#define MIB           ((uint64_t)1 << 20)

static uint64_t choose(uint64_t wanted, uint64_t otherwise)
{
	return wanted ? wanted : otherwise;
}

static int64_t thread_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

void bk_budget_begin(struct budget *budget)
{
	budget->started_us = thread_us();
}

void bk_toll_init_whole(struct bk_toll *toll, uint64_t given)
{
	uint64_t kib = given >> 10 < UINT32_MAX ? given >> 10 : UINT32_MAX;

	atomic_init(&toll->used_us, 0);
	toll->time_ms = BUDGET_TIME_MS + given * BUDGET_TIME_MS_A_MIB / MIB +
			kib * kib / 1024 * BUDGET_TOLL_MS_A_MIB / 1024;
}

bool bk_toll_is_spent(struct bk_toll *toll)
{
	return toll->time_ms && atomic_load(&toll->used_us) > toll->time_ms * 1000;
}

void bk_toll_begin(struct bk_toll *toll, struct toll_mark *mark)
{
	*mark = (struct toll_mark){thread_us(), atomic_load(&toll->used_us)};
}

void bk_toll_end(struct bk_toll *toll, const struct toll_mark *mark)
{
	uint64_t took = (uint64_t)(thread_us() - mark->began_us);
	uint64_t drawn = atomic_load(&toll->used_us) - mark->used_us;

	if (took > drawn)
		atomic_fetch_add(&toll->used_us, took - drawn);
}

void bk_budget_init(struct budget *budget, const struct budget_limits *limits)
{
	struct budget_limits set = limits ? *limits : (struct budget_limits){0};
	uint64_t length = BUDGET_LENGTH + set.given * BUDGET_LENGTH_A_BYTE;

	if (length > BUDGET_LENGTH_MAX)
		length = BUDGET_LENGTH_MAX;
	set.time_ms = choose(set.time_ms, BUDGET_TIME_MS + set.given * BUDGET_TIME_MS_A_MIB / MIB);
	set.spill = choose(set.spill, BUDGET_SPILL + set.given * BUDGET_SPILL_A_BYTE);
	set.steps = choose(set.steps, BUDGET_STEPS);
	set.length = (int)choose((uint64_t)set.length, length);
	*budget = (struct budget){.limits = set};
	bk_budget_begin(budget);
}

void bk_budget_renew(struct budget *budget)
{
	*budget = (struct budget){.limits = budget->limits};
	bk_budget_begin(budget);
}

static int64_t coarse_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void bk_budget_end(struct budget *budget)
{
	int64_t now = thread_us(), took = now - budget->started_us;

	budget->used_us += took;
	if (budget->limits.toll)
		atomic_fetch_add(&budget->limits.toll->used_us, (uint64_t)took);
	budget->started_us = now;
}

static uint64_t toll_ms(const struct budget_limits *limits)
{
	return limits->toll->time_ms ? limits->toll->time_ms : limits->time_ms;
}

static bool is_over_toll(const struct budget_limits *limits)
{
	return limits->toll && atomic_load(&limits->toll->used_us) > toll_ms(limits) * 1000;
}

static void look_at_time(struct budget *budget)
{
	const struct budget_limits *limits = &budget->limits;
	int64_t now = coarse_ms();

	if (now == budget->looked_ms)
		return;
	budget->looked_ms = now;
	bk_budget_end(budget); /* and goes on: others see at once what it drew */
	if (budget->used_us > (int64_t)limits->time_ms * 1000)
		budget->end = BUDGET_NO_TIME;
	else if (is_over_toll(limits))
		budget->end = BUDGET_NO_TOLL;
	else if (limits->is_cancelled && limits->is_cancelled(limits->ctx))
		budget->end = BUDGET_CANCELLED;
}

static int look(void *ctx)
{
	struct budget *budget = ctx;

	budget->steps += STEPS_BETWEEN;
	if (budget->steps % STEPS_A_TURN == 0)
		bk_process_give_way();
	if (!budget->end && budget->steps > budget->limits.steps)
		budget->end = BUDGET_NO_STEPS;
	if (!budget->end)
		look_at_time(budget);
	return budget->end != BUDGET_LEFT;
}

void bk_budget_watch(struct budget *budget, sqlite3 *db)
{
	sqlite3_progress_handler(db, budget ? STEPS_BETWEEN : 0, budget ? look : NULL, budget);
}

bool bk_budget_is_left(struct budget *budget)
{
	if (!budget->end)
		look_at_time(budget);
	return !budget->end;
}

bool bk_budget_spill(struct budget *budget, uint64_t bytes)
{
	budget->spilled += bytes;
	if (!budget->end && budget->spilled > budget->limits.spill)
		budget->end = BUDGET_NO_SPILL;
	return budget->end != BUDGET_NO_SPILL;
}

bool bk_budget_work(struct budget *budget, uint64_t units)
{
	const uint64_t left = budget->limits.time_ms * 1000000;

	budget->work += units;
	if (!budget->end && budget->work > left)
		budget->end = BUDGET_NO_TIME;
	return !budget->end;
}

enum bk_code bk_budget_code(const struct budget *budget)
{
	return budget->end == BUDGET_CANCELLED ? BK_E_CANCELLED : BK_E_SQL;
}

const char *bk_budget_why(const struct budget *budget, char *buffer, size_t size)
{
	const struct budget_limits *limits = &budget->limits;

	switch (budget->end) {
	case BUDGET_LEFT:
		return NULL;
	case BUDGET_NO_TIME:
		snprintf(buffer, size, "it takes too long: more than %" PRIu64 " ms",
			limits->time_ms);
		break;
	case BUDGET_NO_TOLL:
		snprintf(buffer, size,
			"it takes too long: more than %" PRIu64 " ms with what came before it",
			toll_ms(limits));
		break;
	case BUDGET_NO_STEPS:
		snprintf(buffer, size, "it takes too long: more than %" PRIu64 " steps",
			limits->steps);
		break;
	case BUDGET_NO_SPILL:
		snprintf(buffer, size,
			"it takes too much room: more than %" PRIu64 " MiB in temporary files",
			limits->spill / MIB);
		break;
	case BUDGET_CANCELLED:
		snprintf(buffer, size, "it was cancelled");
		break;
	}
	return buffer;
}
