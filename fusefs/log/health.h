/* health.h - what was met in the log at the path: damage, which stays, and trouble, which may pass.
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
};

void health_init(struct health *health);
void health_done(struct health *health);

/* Another log is there: what was met is no more. */
void health_clear(struct health *health);

/* The errno for ERR, which work of KIND met at versions FROM to TO. For status.json, damage is
 * noted as theirs, and what may pass as trouble. */
int health_errno(struct health *health, enum trouble_kind kind, uint32_t from, uint32_t to,
	const struct bk_error *err);

/* The same for work that belongs to no version. */
int health_errno_of_log(struct health *health, enum trouble_kind kind, const struct bk_error *err);

#endif
