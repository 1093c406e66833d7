/* verdict.h - the parts of a verdict, for those who rebuild a version anyway. */
#ifndef BK_VERDICT_IMPL_H
#define BK_VERDICT_IMPL_H

#include "budget.h"
#include "pagestore.h"
#include <bk/io.h>
#include <bk/verdict.h>

/* What can be said of the head of a log of STATUS before it is rebuilt: YES, NOTHING or UNSURE,
 * with the reason in OUT->why. PATH is the log's. */
void bk_verdict_of_status(
	struct bk_verdict *out, const struct bk_log_status *status, const char *path);

/* Judges the database in STORE, all of whose pages could be read: it must be VERSION. BUDGET is
 * what the SQL over it may cost. Adds to OUT. Fails with BK_E_DAMAGE if it is not, or as STORE
 * does. */
BK_MUST_CHECK enum bk_code bk_verdict_of_pages(struct pagestore *store, uint32_t version,
	const struct bk_io *io, struct budget *budget, const struct bk_verdict_options *options,
	struct bk_verdict *out, struct bk_error *err);

/* Whether CODE, from rebuilding a version, says that it cannot be rebuilt, and not that we failed
 * to find out. */
bool bk_verdict_is_no(enum bk_code code);

#endif
