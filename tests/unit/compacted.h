/* compacted.h - a node whose log is compacted. */
#ifndef COMPACTED_H
#define COMPACTED_H

#include "node.h"
#include <bk/compact.h>

/* Begins one with all that a log can hold, its changes MINUTES apart. */
void node_lively(struct node *node, unsigned interval, int minutes);

/* Builds a successor beside the log, by POLICY (NULL: of all). Every byte of its id is ID: the
 * kit's random bytes are all the same. */
void node_compact(struct node *node, const struct bk_policy *policy, unsigned id,
	struct bk_compact_result *result);

/* The successor catches up and takes the log's place. Fails as bk_successor_take does. */
enum bk_code node_succeed(struct node *node);

/* Fails unless a verification of everything finds nothing. */
void node_is_clean(struct node *node);

#endif
