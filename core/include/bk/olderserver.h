/* olderserver.h - a server of the older plugin's protocol, over a log (docs/older.md).
 *
 * One connection is served at a time; another that comes takes its place once it has been idle for
 * a while. There is no authentication: whoever can connect can write to the log, and read all of
 * it.
 *
 * Invariants: what is acknowledged is on stable storage. What does not follow the log's head is
 * refused, and a change that is sent again after a connection broke is stored once.
 *
 * Calling sequence: bk_older_server_new, bk_older_server_run, bk_older_server_free.
 *
 * Threads: one at a time. */
#ifndef BK_OLDERSERVER_H
#define BK_OLDERSERVER_H

#include <bk/error.h>
#include <bk/io.h>
#include <bk/net.h>

struct bk_older_server;

enum bk_older_level {
	BK_OLDER_DEBUG,
	BK_OLDER_INFO,
	BK_OLDER_NOTICE,
	BK_OLDER_WARNING,
	BK_OLDER_ERROR,
};

/* What happened, one line, for the time of the call. From any thread. */
typedef void bk_older_say_fn(void *ctx, enum bk_older_level level, const char *what);

/* Zeros mean the defaults. */
struct bk_older_server_options {
	bk_older_say_fn *say;
	void *ctx;
	unsigned idle_ms;            /* before another connection takes its place; 10 s */
	unsigned silence_ms;         /* within a packet, before it counts as broken; 60 s */
	uint64_t snapshot_bytes_max; /* that a snapshot may unpack to; 64 GiB */
};

/* Opens the log at PATH for writing. Fails as bk_writer_open does. OPTIONS may be NULL. */
BK_MUST_CHECK enum bk_code bk_older_server_new(struct bk_older_server **out, const struct bk_io *io,
	const struct bk_net *net, const char *path, const struct bk_older_server_options *options,
	struct bk_error *err);

/* Serves whoever connects to LISTENING, a socket that listens, until that fails or the log can no
 * longer be opened. Fails with BK_E_IO, BK_E_NOMEM, or as bk_writer_open does. */
BK_MUST_CHECK enum bk_code bk_older_server_run(
	struct bk_older_server *server, int listening, struct bk_error *err);

void bk_older_server_free(struct bk_older_server *server); /* takes NULL */

#endif
