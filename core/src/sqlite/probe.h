/* probe.h - what pragmas did to the node's connection.
 *
 * A pragma can be spelled in many ways, and do nothing within a transaction: so a connection of our
 * own, on an empty database in memory, is given the same pragmas in the same order, and SQLite is
 * asked what became of it.
 *
 * Calling sequence: bk_probe_open when the node has opened its own, bk_probe_change with each
 * change that has a pragma, bk_probe_close.
 *
 * Threads: one at a time. */
#ifndef BK_PROBE_H
#define BK_PROBE_H

#include <bk/change.h>
#include <stdbool.h>
#include <stdint.h>

struct probe;

BK_MUST_CHECK enum bk_code bk_probe_open(struct probe **out, struct bk_error *err);
void bk_probe_close(struct probe *probe); /* takes NULL */

/* Whether a statement of CHANGE is a pragma. */
bool bk_probe_is_needed(const struct bk_change *change);

struct probe_result {
	uint32_t state; /* of the node's connection afterwards: flags of connstate.h */
	bool is_unlike; /* a pragma did what no replay can do again */
};

/* Runs the pragmas of CHANGE; IS_LONE: outside a transaction. Fails with BK_E_NOMEM, BK_E_SQL. */
BK_MUST_CHECK enum bk_code bk_probe_change(struct probe *probe, const struct bk_change *change,
	bool is_lone, struct probe_result *out, struct bk_error *err);

#endif
