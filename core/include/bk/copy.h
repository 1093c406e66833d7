/* copy.h - a whole copy of a log, also of one that is being written to.
 *
 * A plain copy of a log in use can come out with zeros in its midst, where the writer wrote behind
 * what had been read (docs/format.md, 1, rule 6). This one ends with a frame that stood when it
 * began, and has all that is before it. */
#ifndef BK_COPY_H
#define BK_COPY_H

#include <bk/log.h>
#include <bk/progress.h>

/* Copies LOG, up to where it ends now, to the new file PATH: written beside, read back, synced,
 * renamed. *STATUS is the copy's. PROGRESS (may be NULL) is told bytes. Damage is copied as it is.
 * Fails with BK_E_EXISTS if something stands at PATH, BK_E_BUSY if the log was cut or replaced
 * meanwhile, or another program writes the same copy, BK_E_DAMAGE if what was copied reads
 * otherwise, BK_E_IO, BK_E_NOMEM; then nothing is left of it. */
BK_MUST_CHECK enum bk_code bk_log_copy(struct bk_log *log, const char *path,
	bk_progress_fn *progress, void *ctx, struct bk_log_status *status, struct bk_error *err);

#endif
