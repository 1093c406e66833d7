/* fresh.h - the places that are asked for a newer state, before a node's database is restored or a
 * log is gone on with: the one that was named, those that backup.lock knows of, those that were
 * given. */
#ifndef FRESH_H
#define FRESH_H

#include "lockfile.h"
#include <bk/freshness.h>

#define FRESH_MAX (2 * LOCKPLACES_MAX + 2)

struct fresh {
	struct bk_answer answers[FRESH_MAX];
	char *urls[FRESH_MAX]; /* owned */
	size_t count;
	struct bk_known known;
};

/* Adds the place at URL, unless it is there. Fails with BK_E_LIMIT, BK_E_INVALID, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code fresh_add(struct fresh *fresh, const char *url, struct bk_error *err);

/* Adds what LOCK, the backup.lock of DIR, knows of. */
BK_MUST_CHECK enum bk_code fresh_add_lock(
	struct fresh *fresh, const char *dir, const struct lockfile *lock, struct bk_error *err);

/* The same of the one in DIR, if there is one. */
BK_MUST_CHECK enum bk_code fresh_add_known(
	struct fresh *fresh, const char *dir, struct bk_error *err);

/* The place at URL does not count. Fails with BK_E_INVALID where it is none of those. */
BK_MUST_CHECK enum bk_code fresh_give_up(
	struct fresh *fresh, const char *url, struct bk_error *err);

/* Asks all that have no log yet. */
void fresh_ask(struct fresh *fresh);

void fresh_done(struct fresh *fresh);

#endif
