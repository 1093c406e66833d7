/* health.h - what was met in the log at the path: damage, which stays, and trouble, which may pass;
 * and why what was asked for last is not there.
 *
 * Threads: any. */
#ifndef HEALTH_H
#define HEALTH_H

#include "damage.h"
#include "trouble.h"
#include <bk/error.h>

struct health {
	struct damage damage;
	struct trouble trouble;
	pthread_mutex_t mutex; /* over: */
	char missing[BK_ERROR_MESSAGE_MAX];
};

void health_init(struct health *health);
void health_done(struct health *health);

/* Another log is there: what was met is no more. */
void health_clear(struct health *health);

/* The errno for ERR, which work of KIND met at versions FROM to TO. For status.json, damage is
 * noted as theirs, and what may pass as trouble. */
int health_errno(struct health *health, enum trouble_kind kind, uint32_t from, uint32_t to,
	const struct bk_error *err);

/* A version that was asked for is not in the log, as ERR says, with the nearest that are. */
void health_note_missing(struct health *health, const struct bk_error *err);

/* Copies what it said last to OUT, of BK_ERROR_MESSAGE_MAX bytes; an empty text if nothing. */
void health_missing(struct health *health, char *out);

/* The same as health_errno for work that belongs to no version. */
int health_errno_of_log(struct health *health, enum trouble_kind kind, const struct bk_error *err);

#endif
