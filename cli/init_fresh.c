/* init_fresh.c - whether another place holds a newer state than a log that init is to go on with.
 */
#include "common.h"
#include "fresh.h"
#include "init.h"
#include <bk/version.h>
#include <inttypes.h>

/* The log first, then what backup.lock knows of it, then the mirrors that were given. */
static enum bk_code gather(struct fresh *fresh, const struct init *init, struct bk_error *err)
{
	enum bk_code code = fresh_add(fresh, init->log_path, err);

	if (!code)
		code = bk_log_open(&fresh->answers[0].log, init->io, init->log_path, err);
	if (!code && init->is_named)
		code = fresh_add_lock(fresh, init->dir, &init->lock, err);
	for (unsigned i = 0; i < init->mirror_count && !code; i++)
		code = fresh_add(fresh, init->mirrors[i], err);
	for (unsigned i = 0; i < init->without_count && !code; i++)
		code = fresh_give_up(fresh, init->without[i], err);
	return code;
}

/* A mirror that never held a log, as far as is known, need not hold one now. */
static void pass_over_new(struct fresh *fresh, struct init *init)
{
	for (size_t i = 1; i < fresh->count; i++) {
		struct bk_answer *answer = &fresh->answers[i];
		const struct lockplace *place =
			init->is_named ? lockplaces_find(&init->lock.places, answer->url) : NULL;

		if (!answer->log && answer->why.code == BK_E_MISSING && !(place && place->log))
			answer->is_given_up = true;
	}
}

static enum bk_code refuse_older(const struct init *init, const char *url,
	const struct bk_log_status *theirs, const struct bk_log_status *ours, struct bk_error *err)
{
	struct word word, dir;

	return bk_fail(err, BK_E_UNSAFE, 0,
		"%s is at version %" PRIu32 ", newer than the log %s, at version %" PRIu32
		": the node had gone on, and one that starts from an older state can lose the "
		"funds of its channels. Move the database away and run: backup-cli restore %s %s. "
		"If what is there does not count, go on: --without %s",
		url, theirs->version, init->log_path, ours->version, word_of(&word, url),
		word_of(&dir, init->dir), word.text);
}

enum bk_code init_check_fresh(struct init *init, struct bk_error *err)
{
	struct bk_log_status newest, ours;
	struct fresh fresh = {0};
	struct bk_freshness found;
	enum bk_code code = gather(&fresh, init, err);

	if (!code) {
		fresh_ask(&fresh);
		pass_over_new(&fresh, init);
		code = bk_freshest(&found, fresh.answers, fresh.count, &fresh.known, err);
	}
	if (!code)
		code = bk_log_status(fresh.answers[0].log, &ours, err);
	if (!code)
		code = bk_log_status(fresh.answers[found.newest].log, &newest, err);
	if (!code && bk_version_after(newest.version, ours.version))
		code = refuse_older(init, fresh.urls[found.newest], &newest, &ours, err);
	fresh_done(&fresh);
	return code;
}
