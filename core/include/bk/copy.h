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

/* A sealed log for which there is no key: its bytes, up to where the last valid frame ends. */
struct bk_shut;

/* Fails as bk_log_open does, but for BK_E_SEALED. */
BK_MUST_CHECK enum bk_code bk_shut_open(
	struct bk_shut **out, const struct bk_io *io, const char *path, struct bk_error *err);
void bk_shut_close(struct bk_shut *shut); /* takes NULL */

uint64_t bk_shut_bytes(const struct bk_shut *shut);

/* Copies it as bk_log_copy does, and fails as that does. */
BK_MUST_CHECK enum bk_code bk_shut_copy(struct bk_shut *shut, const char *path,
	bk_progress_fn *progress, void *ctx, struct bk_error *err);

#endif
