/* gendb.h - a large database of a node. */
#ifndef GENDB_H
#define GENDB_H

#include "trace.h"

/* Makes a database at PATH, which must not exist: what TRACE makes of its calls up to VERSION, and
 * beside that so many old payments, HTLCs and forwards, rows with keys, indexes and references as a
 * node has them, that it has about BYTES. Nothing is synced. Fails with BK_E_SQL or as trace_next
 * does. */
BK_MUST_CHECK enum bk_code gendb_make(const char *path, struct trace *trace, uint32_t version,
	uint64_t bytes, struct bk_error *err);

#endif
