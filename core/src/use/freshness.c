/* freshness.c - which of several places has the newest state of a node. */
#include "changeframe.h"
#include "log.h"
#include <bk/freshness.h>
#include <bk/listing.h>
#include <bk/version.h>
#include <inttypes.h>
#include <string.h>

static bool counts(const struct bk_answer *answer)
{
	return answer->log && !answer->is_given_up;
}

static enum bk_code check_answered(const struct bk_answer *answer, struct bk_error *err)
{
	if (answer->log || answer->is_given_up)
		return BK_OK;
	return bk_fail(err, BK_E_UNSAFE, 0,
		"%.130s cannot be asked, and may hold a newer state: %.180s. If it is lost for "
		"good, go on: --without %.130s",
		answer->url, answer->why.msg, answer->url);
}

/* Two places that both say whose they are say the same. */
static enum bk_code check_node(const struct bk_answer *a, const struct bk_log_status *a_status,
	const struct bk_answer *b, const struct bk_log_status *b_status, struct bk_error *err)
{
	if (!*a_status->node || !*b_status->node || strcmp(a_status->node, b_status->node) == 0)
		return BK_OK;
	return bk_fail(err, BK_E_UNSAFE, 0,
		"%.150s holds the database of node %.70s, and %.150s that of another, %.70s: name "
		"the right one, and go on --without the other",
		a->url, a_status->node, b->url, b_status->node);
}

/* Whether the history of the change that VERSION came with in LOG is HISTORY. True where the log
 * does not tell: it came with a snapshot, or is not kept. */
static bool had_history(struct bk_log *log, uint32_t version, uint64_t history)
{
	struct change_head head;
	struct bk_error ignored;
	struct bk_entry entry;
	struct frame frame;
	struct walk walk;
	bool same = true;

	if (bk_log_find(log, version, &entry, &ignored) || entry.flags & BK_ENTRY_SNAPSHOT)
		return true;
	bk_walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
	if (!bk_walk_frame(&walk, entry.offset, &frame, &ignored) &&
		bk_change_head_decode(&head, &frame.head, frame.payload))
		same = head.history == history;
	bk_walk_done(&walk);
	return same;
}

/* Whether the frame that ends log B stands in log A, too: then A is B, and more. */
static bool has_end_of(struct bk_log *a, struct bk_log *b)
{
	struct bk_error ignored;
	struct frame frame;
	struct walk walk;
	bool has;

	bk_walk_init(&walk, &a->lf, WALK_CHUNK_ONE);
	has = !bk_walk_frame(&walk, b->state.last, &frame, &ignored) &&
	      frame.head.sum == b->state.last_sum;
	bk_walk_done(&walk);
	return has;
}

/* Whether what the OLDER holds is what the NEWER was once. */
static bool follows(const struct bk_answer *newer, const struct bk_answer *older,
	const struct bk_log_status *newer_status, const struct bk_log_status *older_status)
{
	if (older_status->is_empty)
		return true;
	if (strcmp(newer_status->id, older_status->id) == 0 && has_end_of(newer->log, older->log))
		return true;
	if (newer_status->version == older_status->version)
		return newer_status->history == older_status->history;
	return had_history(newer->log, older_status->version, older_status->history);
}

static enum bk_code parted(const struct bk_answer *a, const struct bk_log_status *a_status,
	const struct bk_answer *b, const struct bk_log_status *b_status, struct bk_error *err)
{
	return bk_fail(err, BK_E_UNSAFE, 0,
		"%.150s (version %" PRIu32 ") and %.150s (version %" PRIu32
		") went on each by itself: two nodes ran on one state. Find out which is the right "
		"one, and go on --without the other",
		a->url, a_status->version, b->url, b_status->version);
}

/* Of the same version, a log that was succeeded is not to be trusted (docs/format.md, 12). */
static bool is_newer(const struct bk_log_status *a, const struct bk_log_status *b)
{
	if (a->is_empty || b->is_empty)
		return b->is_empty && !a->is_empty;
	if (a->version != b->version)
		return bk_version_after(a->version, b->version);
	if (!*a->successor != !*b->successor)
		return !*a->successor;
	return strcmp(a->id, b->id) == 0 && a->log_bytes > b->log_bytes;
}

/* The newest of those that count; false if none does. */
static enum bk_code find_newest(const struct bk_answer *answers, size_t count, size_t *newest,
	size_t *answered, struct bk_log_status *status, struct bk_error *err)
{
	*answered = 0;
	for (size_t i = 0; i < count; i++) {
		struct bk_log_status other;
		enum bk_code code = check_answered(&answers[i], err);

		if (code)
			return code;
		if (!counts(&answers[i]))
			continue;
		code = bk_log_status(answers[i].log, &other, err);
		if (code)
			return code;
		if (!*answered || is_newer(&other, status)) {
			*status = other;
			*newest = i;
		}
		++*answered;
	}
	return *answered ? BK_OK
			 : bk_fail(err, BK_E_MISSING, 0, "no place is left to restore from");
}

enum bk_code bk_freshest(struct bk_freshness *out, const struct bk_answer *answers, size_t count,
	const struct bk_known *known, struct bk_error *err)
{
	struct bk_log_status status = {0}, other;
	size_t newest = 0, answered;
	enum bk_code code = find_newest(answers, count, &newest, &answered, &status, err);

	for (size_t i = 0; i < count && !code; i++) {
		if (i == newest || !counts(&answers[i]))
			continue;
		code = bk_log_status(answers[i].log, &other, err);
		if (!code)
			code = check_node(&answers[newest], &status, &answers[i], &other, err);
		if (!code && !follows(&answers[newest], &answers[i], &status, &other))
			code = parted(&answers[newest], &status, &answers[i], &other, err);
	}
	if (!code && known->is_known && bk_version_after(known->version, status.version))
		code = bk_fail(err, BK_E_UNSAFE, 0,
			"the newest that can be found, %.200s, is at version %" PRIu32
			", and backup.lock knows of version %" PRIu32
			": something newer existed. Find it, or move backup.lock away to go on",
			answers[newest].url, status.version, known->version);
	if (!code)
		*out = (struct bk_freshness){
			.newest = newest, .is_unproven = answered < 2 && !known->is_known};
	return code;
}
