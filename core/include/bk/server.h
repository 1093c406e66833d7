/* server.h - a server of places: many nodes' logs in one directory, for one client at a time
 * (docs/mirror.md, 3).
 *
 * It takes bytes that chain, and successors, and nothing else; by a client's word nothing becomes
 * shorter. Each client has a server of its own; several may work in one directory, and on one log.
 */
#ifndef BK_SERVER_H
#define BK_SERVER_H

#include <bk/error.h>
#include <bk/io.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bk_server_options {
	const char *root;   /* the directory, which must be there */
	int64_t keep_s;     /* how long a log that was put aside is kept; 0: 30 days */
	uint64_t bytes_max; /* of one log; 0: any */
	unsigned logs_max;  /* in ROOT, but for what was put aside; 0: 1,000 */
	bool append_only;   /* a client's word puts no log aside but for its successor */

	/* Opens the image of VERSION of the log PATH through IO, that of the newest one if VERSION
	 * is NULL, and closes it: so a client learns at once what its own opening of it will read.
	 * How far it comes does not matter. NULL: clients have to find out for themselves. */
	void (*look)(const struct bk_io *io, const char *path, const uint32_t *version);
};

/* As read and write have it: a count, 0 at the end, or -errno. */
struct bk_server_stream {
	int64_t (*receive)(void *ctx, void *data, size_t size);
	int64_t (*send)(void *ctx, const void *data, size_t size);
	void *ctx;
};

/* Serves a client until its stream ends. Fails with BK_E_INVALID where it sent what is no message,
 * BK_E_IO where the stream broke, BK_E_MISSING where there is no such directory, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_server_run(const struct bk_io *io,
	const struct bk_server_options *options, const struct bk_server_stream *stream,
	struct bk_error *err);

#endif
