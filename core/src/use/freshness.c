/* freshness.c - which of several places has the newest state of a node. */
#include "descent.h"
#include <bk/freshness.h>
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
		if (!code && !bk_log_descends(answers[newest].log, &status, answers[i].log, &other))
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
