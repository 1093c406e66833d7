/* incoming.h - a database that comes in pieces, as a file for SQLite to open.
 *
 * Calling sequence: zeros with io, path and bytes_max; bk_incoming_begin, any bk_incoming_write
 * and bk_incoming_receive, bk_incoming_end; SQLite opens the path; bk_incoming_remove, at any time. */
#ifndef BK_INCOMING_H
#define BK_INCOMING_H

#include "channel.h"
#include "file.h"

/* What a peer's snapshot may unpack to, where nobody says otherwise. */
#define INCOMING_BYTES_MAX ((uint64_t)64 << 30)

struct incoming {
	const struct bk_io *io;
	const char *path; /* borrowed */
	uint64_t bytes_max; /* 0: no limit, as for a file that is here already */
	struct file file;
	uint64_t size;
	bool is_there;
};

/* Makes the file, in place of one that was left behind. */
BK_MUST_CHECK enum bk_code bk_incoming_begin(struct incoming *incoming, struct bk_error *err);

/* Fails with BK_E_LIMIT behind bytes_max. */
BK_MUST_CHECK enum bk_code bk_incoming_write(
	struct incoming *incoming, const void *data, size_t size, struct bk_error *err);

/* Receives SIZE bytes of zlib's format from CHANNEL, and writes what they unpack to. */
BK_MUST_CHECK enum bk_code bk_incoming_receive(struct incoming *incoming, struct channel *channel,
	uint32_t size, struct bk_error *err);

/* It is whole. A database in WAL mode is taken out of that: it has no WAL beside it, as in a
 * keyframe (docs/format.md, 5). Not synced: it is only looked at. */
BK_MUST_CHECK enum bk_code bk_incoming_end(struct incoming *incoming, struct bk_error *err);

void bk_incoming_remove(struct incoming *incoming);

#endif
