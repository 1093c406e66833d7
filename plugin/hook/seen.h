/* seen.h - the log held against what backup.lock knows of it, and that noted. */
#ifndef SEEN_H
#define SEEN_H

#include "lockfile.h"
#include "names.h"
#include "places.h"
#include "refusal.h"
#include <bk/writer.h>

/* Refuses a log at PATH that is another than LOCKFILE knows of, or shorter, but where MAY_BE_SHORT:
 * mirrors that are not asked yet may have what it lost. */
enum bk_code seen_check(const struct bk_io *io, const char *path, const struct lockfile *lockfile,
	bool may_be_short, const struct names *names, struct refusal *why);

/* Notes in backup.lock how far the log has come, and which of PLACES hold it. A failure is told,
 * and does no harm. */
void seen_note(const struct bk_io *io, struct bk_writer *writer, const struct lockfile *lockfile,
	const struct places *places);

#endif
