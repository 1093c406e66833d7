/* compact.c - what of a log is kept, within its policy, its disk and its damage. */
#include "log.h"
#include "succession.h"
#include "successor.h"
#include <bk/verify.h>
#include <bk/version.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Left free on the disk for the changes that come meanwhile: so much, or this part of bytes_max,
 * which may be all that the disk has. */
#define RESERVE_BYTES ((uint64_t)8 << 20)
#define RESERVE_PART  16

/* A log is compacted into so many tenths of bytes_max: it has room beside what it succeeds, and for
 * changes meanwhile. */
#define TARGET_TENTHS 3

/* The least age that is not none: the newest version alone. */
#define LEAST_US INT64_C(1000000)

#define HOUR_US (INT64_C(3600) * 1000000)

/* What a verification found. */
struct found {
	uint64_t not_before; /* behind all damage; 0: there is none */
	struct gap *gaps;
	size_t gap_count;
	bool no_memory;
};

static void note_finding(void *ctx, uint64_t offset, const char *what)
{
	struct found *found = ctx;

	(void)what;
	if (offset >= found->not_before)
		found->not_before = offset + 1;
}

/* Where nothing is between, nothing is missing. */
static void note_gap(void *ctx, enum bk_gap_kind kind, uint32_t from, uint32_t to)
{
	struct found *found = ctx;
	struct gap *gaps;

	if (kind != BK_GAP_UNWATCHED || bk_version_distance(to, from) < 2)
		return;
	gaps = realloc(found->gaps, (found->gap_count + 1) * sizeof *gaps);
	found->no_memory |= !gaps;
	if (!gaps)
		return;
	gaps[found->gap_count++] = (struct gap){from, to};
	found->gaps = gaps;
}

/* Verifies LOG. */
static enum bk_code look_at(struct bk_log *log, const struct bk_compact_options *options,
	struct found *found, struct bk_error *err)
{
	const struct bk_verify_options how = {
		.finding = note_finding, .gap = note_gap, .ctx = found};
	struct bk_verify_result result;
	enum bk_code code = bk_verify(log->lf.file.io, bk_log_path(log), &how, &result, err);

	if (!code && found->no_memory)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory for a list of gaps");
	if (code || !found->not_before)
		return code;
	if (!options->despite_damage)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged: a compaction would hide that. backup-cli verify tells what "
			"is "
			"lost; backup-cli compact --despite-damage keeps what can be rebuilt, and "
			"names what cannot",
			bk_log_path(log));
	return BK_OK;
}

/* Takes a half of each age, and what is then less than one of its kind. */
static bool tighten(struct bk_policy *policy, bool of_all)
{
	int64_t *const moments[] = {&policy->hourly_us, &policy->daily_us, &policy->monthly_us};
	static const int64_t least[] = {HOUR_US, 24 * HOUR_US, 30 * 24 * HOUR_US};
	bool any = false;

	if (of_all) {
		any = policy->all_us > LEAST_US;
		policy->all_us =
			policy->all_us == BK_POLICY_EVER ? 365 * 24 * HOUR_US : policy->all_us / 2;
	}
	for (size_t i = 0; i < 3 && !of_all; i++) {
		any |= *moments[i] > 0;
		*moments[i] =
			*moments[i] == BK_POLICY_EVER ? 20 * 365 * 24 * HOUR_US : *moments[i] / 2;
		if (*moments[i] < least[i])
			*moments[i] = 0;
	}
	if (policy->all_us < LEAST_US)
		policy->all_us = LEAST_US;
	return any;
}

/* What the part that is kept whole takes, and the keyframe that it stands on. */
static uint64_t whole_bytes(struct bk_log *log, const struct plan *plan)
{
	uint64_t pages = (uint64_t)plan->base->page_size * plan->base->page_count;

	return log->state.end - plan->base->next + pages / 4;
}

static uint64_t reserve_for(const struct bk_policy *policy)
{
	uint64_t part = policy->bytes_max / RESERVE_PART;

	return part && part < RESERVE_BYTES ? part : RESERVE_BYTES;
}

/* What the successor may take. */
static uint64_t room_for(struct bk_log *log, const struct bk_policy *policy)
{
	const struct file *file = &log->lf.file;
	uint64_t room = UINT64_MAX, reserve = reserve_for(policy), free_bytes;

	if (file->io->ops->free_space(file->io->ctx, file->fd, &free_bytes) >= 0)
		room = free_bytes > reserve ? free_bytes - reserve : 0;
	if (policy->bytes_max && policy->bytes_max / 10 * TARGET_TENTHS < room)
		room = policy->bytes_max / 10 * TARGET_TENTHS;
	return room;
}

static void fill(struct bk_compact_result *result, struct bk_log *log, const struct plan *plan)
{
	result->bytes_before = log->state.end;
	result->bytes_after = log->state.end - plan->gain_bytes;
	result->versions_before = plan->versions;
	result->versions_after = plan->kept;
	result->hourly = plan->by_class[BK_KEPT_HOURLY];
	result->daily = plan->by_class[BK_KEPT_DAILY];
	result->monthly = plan->by_class[BK_KEPT_MONTHLY];
	result->whole_from = plan->base->version;
	result->oldest = plan->moment_count ? plan->moments[0].version : plan->base->version;
	result->oldest_us = plan->moment_count ? plan->moments[0].time_us : plan->base->time_us;
}

/* Plans, and takes more away until the part that is kept whole has ROOM. */
static enum bk_code plan_within(struct plan *plan, struct bk_log *log, struct bk_policy *policy,
	uint64_t not_before, uint64_t room, bool *is_tightened, struct bk_error *err)
{
	enum bk_code code;

	if (policy->bytes_max && bk_policy_keeps_all(policy))
		policy->all_us = BK_POLICY_EVER;
	code = bk_plan_make(plan, log, policy, not_before, err);
	while (!code && policy->bytes_max && whole_bytes(log, plan) > room / 4 * 3 &&
		tighten(policy, true)) {
		bk_plan_done(plan, log);
		*is_tightened = true;
		code = bk_plan_make(plan, log, policy, not_before, err);
	}
	return code;
}

static enum bk_code no_room(struct bk_log *log, const struct plan *plan, uint64_t room,
	const struct bk_policy *policy, struct bk_error *err)
{
	uint64_t need = whole_bytes(log, plan) + reserve_for(policy);

	return bk_fail(err, BK_E_LIMIT, 0,
		"the successor of %s needs about %" PRIu64 " MB beside it, and %" PRIu64
		" MB are to be had%s: make space, or keep less (--keep-all, --keep-hourly, "
		"--max-size)",
		bk_log_path(log), need / 1000000 + 1, room / 1000000,
		policy->bytes_max ? " within its size" : "");
}

/* What a build did of what PLAN has. */
static void fill_built(
	struct bk_compact_result *result, const struct plan *plan, const struct built *built)
{
	bool is_base = built->first == plan->moment_count;

	result->bytes_after = built->bytes;
	result->lost = built->lost;
	result->versions_after -= built->lost;
	result->oldest = is_base ? plan->base->version : plan->moments[built->first].version;
	result->oldest_us = is_base ? plan->base->time_us : plan->moments[built->first].time_us;
}

/* Tries, with less each time if a size at most is to be met. */
static enum bk_code build_within(struct bk_log *log, const struct bk_compact_options *options,
	const struct found *found, struct bk_compact_result *result, struct bk_error *err)
{
	struct bk_policy policy = options->policy;
	uint64_t room = room_for(log, &policy);
	const struct build_how how = {.options = options,
		.gaps = found->gaps,
		.gap_count = found->gap_count,
		.bytes_max = room};
	struct built built;
	struct plan plan;
	bool again = true;
	enum bk_code code = BK_E_LIMIT;

	while (code == BK_E_LIMIT && again) {
		code = plan_within(
			&plan, log, &policy, found->not_before, room, &result->is_tightened, err);
		if (code)
			return code;
		fill(result, log, &plan);
		code = bk_successor_build(log, &plan, &how, &built, err);
		fill_built(result, &plan, &built);
		if (code == BK_E_LIMIT)
			no_room(log, &plan, room, &options->policy, err);
		again = policy.bytes_max && code == BK_E_LIMIT &&
			(tighten(&policy, false) || tighten(&policy, true));
		result->is_tightened |= again;
		bk_plan_done(&plan, log);
	}
	return code;
}

enum bk_code bk_compact(struct bk_log *log, const struct bk_compact_options *options,
	struct bk_compact_result *result, struct bk_error *err)
{
	struct bk_compact_result built = {0};
	struct found found = {0};
	enum bk_code code = look_at(log, options, &found, err);

	/* One that nobody takes goes, before what is free is counted; one that is being taken, or
	 * was, must keep its name. */
	if (!code)
		bk_succession_remove(log->lf.file.io, log->home ? log->home : bk_log_path(log));
	if (!code)
		code = build_within(log, options, &found, &built, err);
	free(found.gaps);
	if (!code)
		*result = built;
	return code;
}

enum bk_code bk_compact_plan(struct bk_log *log, const struct bk_compact_options *options,
	struct bk_compact_result *result, struct bk_error *err)
{
	struct bk_policy policy = options->policy;
	struct bk_compact_result found = {0};
	struct plan plan;
	enum bk_code code = plan_within(
		&plan, log, &policy, 0, room_for(log, &policy), &found.is_tightened, err);

	if (code)
		return code;
	fill(&found, log, &plan);
	bk_plan_done(&plan, log);
	*result = found;
	return BK_OK;
}
