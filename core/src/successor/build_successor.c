/* build_successor.c - a successor written out of a log, and finished under its name. */
#include "carry.h"
#include "newfile.h"
#include "succession.h"
#include "successor.h"
#include "thin.h"
#include <bk/version.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A successor is read more often than it is written: what a better compression costs is paid once.
 */
#define PAGE_LEVEL 6

/* One successor under way. */
struct making {
	struct bk_log *log;
	struct bk_writer *to;
	const struct plan *plan;
	const struct build_how *how;
	struct built *built;
	uint64_t limit; /* the log's end when it began */
};

static bool is_cancelled(const struct making *making)
{
	const struct bk_compact_options *options = making->how->options;

	return options->is_cancelled && options->is_cancelled(options->ctx);
}

static enum bk_code check(const struct making *making, struct bk_error *err)
{
	if (is_cancelled(making))
		return bk_fail(err, BK_E_BUSY, 0, "the compaction was given up");
	if (making->to->log->state.end > making->how->bytes_max)
		return bk_fail(err, BK_E_LIMIT, 0,
			"the successor of %s would take more than %" PRIu64 " MB",
			bk_log_path(making->log), making->how->bytes_max / 1000000);
	return BK_OK;
}

static void tell(const struct making *making, uint64_t done)
{
	const struct bk_compact_options *options = making->how->options;

	if (options->progress)
		options->progress(options->ctx, done, making->limit);
}

/* Damage takes a moment, if that is allowed. */
static enum bk_code pass_over(
	const struct making *making, uint32_t version, enum bk_code code, struct bk_error *err)
{
	const struct bk_compact_options *options = making->how->options;

	if (!options->despite_damage ||
		(code != BK_E_DAMAGE && code != BK_E_SQL && code != BK_E_MISSING))
		return code;
	making->built->lost++;
	if (options->lost)
		options->lost(options->ctx, version, err);
	return BK_OK;
}

/* The gaps from *AT on that end at VERSION or before: what is missing is told apart from what is
 * not kept. */
static enum bk_code put_gaps(
	const struct making *making, uint32_t version, size_t *at, struct bk_error *err)
{
	const struct build_how *how = making->how;
	enum bk_code code = BK_OK;
	char text[64];

	for (; !code && *at < how->gap_count && !bk_version_after(how->gaps[*at].to, version);
		++*at) {
		snprintf(text, sizeof text, "from=%" PRIu32 "\nto=%" PRIu32 "\n",
			how->gaps[*at].from, how->gaps[*at].to);
		code = bk_writer_event(making->to, EVENT_GAP, text, err);
	}
	return code;
}

/* The moments, and the keyframe that all behind it stands on. */
static enum bk_code put_moments(const struct making *making, struct bk_error *err)
{
	const struct plan *plan = making->plan;
	struct thin thin;
	size_t gap = 0;
	enum bk_code code = BK_OK;

	bk_thin_init(&thin, making->log, making->to, making->how->options->despite_damage);
	for (size_t i = 0; i < plan->moment_count && !code; i++) {
		const struct moment *moment = &plan->moments[i];

		code = check(making, err);
		if (!code)
			code = put_gaps(making, moment->version, &gap, err);
		if (!code)
			code = bk_thin_moment(&thin, moment->version, moment->time_us, err);
		if (code)
			code = pass_over(making, moment->version, code, err);
		/* Those before it are lost. */
		if (making->built->lost == i + 1)
			making->built->first = i + 1;
		tell(making, plan->base->next * (i + 1) / (plan->moment_count + 1));
	}
	if (!code)
		code = check(making, err);
	if (!code)
		code = put_gaps(making, plan->base->version, &gap, err);
	if (!code)
		code = bk_thin_keyframe(&thin, plan->base, err);
	bk_thin_done(&thin);
	return code;
}

static bool carry_is_cancelled(void *ctx)
{
	const struct making *making = ctx;

	return is_cancelled(making) || making->to->log->state.end > making->how->bytes_max;
}

static void carry_progress(void *ctx, uint64_t done, uint64_t total)
{
	(void)total;
	tell(ctx, done);
}

/* The sum of the frame before OFFSET, as far as the one there is chained to it. */
static enum bk_code sum_at(struct bk_log *log, uint64_t offset, uint64_t *sum, struct bk_error *err)
{
	struct frame frame;
	struct walk walk;
	enum bk_code code;

	if (offset == log->state.end) {
		*sum = log->state.last_sum;
		return BK_OK;
	}
	bk_walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
	code = bk_walk_frame(&walk, offset, &frame, err);
	if (!code)
		*sum = frame.head.chain;
	bk_walk_done(&walk);
	return code;
}

static enum bk_code put_compacted(
	const struct making *making, const struct carry *carry, struct bk_error *err)
{
	char text[768], policy[BK_POLICY_TEXT], id[BK_LOG_ID_TEXT];
	const struct plan *plan = making->plan;

	bk_policy_text(&making->how->options->policy, policy);
	bk_log_id_text(making->log, id);
	snprintf(text, sizeof text,
		"predecessor=%s\npolicy=%s\nversions=%" PRIu64 "\nkept=%" PRIu64 "\nlost=%" PRIu64
		"\nbytes=%" PRIu64 "\noffset=%" PRIu64 "\nsum=%" PRIu32 "\n",
		id, policy, plan->versions, plan->kept - making->built->lost, making->built->lost,
		making->limit, carry->mark, carry->mark_sum);
	return bk_writer_event(making->to, EVENT_COMPACTED, text, err);
}

/* All that comes behind the base, and the event that says up to where. */
static enum bk_code put_rest(struct making *making, struct bk_error *err)
{
	const struct carry_how how = {
		.is_cancelled = carry_is_cancelled, .progress = carry_progress, .ctx = making};
	struct carry carry;
	uint64_t sum = 0;
	enum bk_code code = sum_at(making->log, making->plan->base->next, &sum, err);

	if (code)
		return code;
	bk_carry_init(&carry, making->log, making->to, making->plan->base->next, sum);
	bk_carry_after(&carry, making->plan->base->offset);
	code = bk_carry_to(&carry, making->limit, &how, err);
	if (code == BK_E_BUSY && !is_cancelled(making))
		code = check(making, err);
	if (!code)
		code = put_compacted(making, &carry, err);
	bk_carry_done(&carry);
	return code;
}

/* What both must agree on where nothing was appended meanwhile, or what would be found out late. */
static enum bk_code make(struct making *making, struct bk_error *err)
{
	struct state *state = &making->to->log->state;
	enum bk_code code;

	memcpy(state->facts.node, making->log->state.facts.node, sizeof state->facts.node);
	code = put_moments(making, err);
	if (!code)
		code = bk_writer_announce(making->to,
			making->how->options->program ? making->how->options->program
						      : "a compaction",
			err);
	if (!code)
		code = put_rest(making, err);
	return code ? code : bk_writer_sync(making->to, err);
}

enum bk_code bk_successor_build(struct bk_log *log, const struct plan *plan,
	const struct build_how *how, struct built *built, struct bk_error *err)
{
	const struct bk_io *io = log->lf.file.io;
	struct making making = {.log = log, .plan = plan, .how = how, .built = built};
	char *name = bk_succession_name(log->home ? log->home : log->lf.file.path);
	struct bk_seal *seal = NULL;
	struct newfile nf;
	enum bk_code code;

	*built = (struct built){0};
	if (!name)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	pthread_mutex_lock(&log->mutex);
	making.limit = log->state.end;
	pthread_mutex_unlock(&log->mutex);
	code = bk_newfile_open(&nf, io, name, LOG_UNFINISHED_SUFFIX, err);
	if (code == BK_E_EXISTS)
		code = bk_fail(err, BK_E_BUSY, 0,
			"%s is there, and about to take the log's place: try again later, or, "
			"where nobody is at work on it, start lightningd, which completes that",
			name);
	free(name);
	if (code)
		return code;
	if (!how->options->seal)
		code = bk_logfile_seal(&seal, &log->lf, true, err);
	if (!code)
		code = bk_writer_begin(&making.to, &nf.file, log->lf.header.id,
			seal ? seal : how->options->seal, err);
	bk_seal_free(seal);
	if (!code) {
		making.to->page_level = PAGE_LEVEL;
		code = bk_file_open(&making.to->aside, io, nf.file.path, BK_IO_WRITE, err);
		if (!code)
			code = make(&making, err);
		built->bytes = making.to->log->state.end;
		bk_writer_free(making.to);
	}
	if (code) {
		bk_newfile_abort(&nf);
		return code;
	}
	return bk_newfile_commit(&nf, err);
}
