/* tracegen.h - made-up db_write calls of a node, without end, the same ones for the same seed.
 *
 * The schema is our own; what it has of a node's is what a backup can trip over: sizes and kinds
 * of statements as docs/lightningd.md gives them, channel rows of a hundred columns, long
 * blobs that change a little, rows that a cascade deletes, migrations that rebuild a parent table
 * between lone pragmas, now and then a restart of the node with a migration.
 *
 * Calling sequence: trace_gen_new, any trace_gen_next, trace_gen_free. A node that applies the
 * calls in their order to an empty database meets no error. */
#ifndef TRACEGEN_H
#define TRACEGEN_H

#include "trace.h"

struct tracegen;

/* NULL without memory. */
struct tracegen *trace_gen_new(uint64_t seed);
void trace_gen_free(struct tracegen *gen); /* takes NULL */

/* The next call, valid until the next one is asked for. The first leads to version 1. */
void trace_gen_next(struct tracegen *gen, struct trace_call *call);

#endif
