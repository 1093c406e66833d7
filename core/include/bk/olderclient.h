/* olderclient.h - a client of the older plugin's protocol (docs/older.md): of backup-cli server, or
 * of that plugin's own server.
 *
 * A connection that is lost while a change is sent is made anew, again and again for about a
 * minute, and the server is asked how far it is: so each change is stored once.
 *
 * Calling sequence: bk_older_client_open; any of the rest, each change by bk_older_client_begin and
 * bk_older_client_finish; bk_older_client_close.
 *
 * Threads: one at a time. */
#ifndef BK_OLDERCLIENT_H
#define BK_OLDERCLIENT_H

#include <bk/change.h>
#include <bk/import.h>
#include <bk/log.h>
#include <bk/net.h>

struct bk_older_client;

/* The connection was lost, or could not be made: WHY, and it is tried again in DELAY_MS, for the
 * TRY-th time of TRIES. */
typedef void bk_older_lost_fn(
	void *ctx, const char *why, unsigned try, unsigned tries, unsigned delay_ms);

/* Zeros mean the defaults. */
struct bk_older_client_options {
	bk_older_lost_fn *lost; /* may be NULL */
	void *ctx;
	unsigned tries;    /* to connect anew, behind a first one at once; 5 */
	unsigned delay_ms; /* before the first of them, half as much more before each next; 5 s */
	unsigned wait_ms;  /* for an answer, before the connection counts as lost; 2 min */
};

/* Where the server is. */
struct bk_older_at {
	uint32_t version;
	uint32_t previous; /* that a rewind may lead to; 0: none may */
	uint64_t count;    /* of changes */
};

/* Connects to what URL names, and asks where it is. Fails with BK_E_INVALID if URL is no socket's,
 * BK_E_IO (the message names who cannot be reached), BK_E_NOMEM. OPTIONS may be NULL. */
BK_MUST_CHECK enum bk_code bk_older_client_open(struct bk_older_client **out,
	const struct bk_net *net, const char *url, const struct bk_older_client_options *options,
	struct bk_error *err);

void bk_older_client_close(struct bk_older_client *client); /* takes NULL */

/* Where the server was when it was heard of last. */
struct bk_older_at bk_older_client_at(const struct bk_older_client *client);

/* Sends CHANGE, without waiting for an answer; a connection that is lost shows when that is waited
 * for. Fails with BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_older_client_begin(
	struct bk_older_client *client, const struct bk_change *change, struct bk_error *err);

/* Waits until the change that was begun is stored. Fails with BK_E_UNSAFE if the server refuses it,
 * or is where it cannot be, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_older_client_finish(
	struct bk_older_client *client, struct bk_error *err);

/* Has the server go back to VERSION, the one before its newest, which was never committed. Fails
 * with BK_E_UNSAFE if it refuses, BK_E_IO. */
BK_MUST_CHECK enum bk_code bk_older_client_rewind(
	struct bk_older_client *client, uint32_t version, struct bk_error *err);

/* Sends VERSION of LOG as a snapshot, and waits until it is stored. IO makes a temporary file
 * beside the log. Fails as bk_image_open does, with BK_E_LIMIT if it is too large for the protocol,
 * BK_E_UNSAFE if the server refuses it, BK_E_IO. */
BK_MUST_CHECK enum bk_code bk_older_client_snapshot(struct bk_older_client *client,
	const struct bk_io *io, struct bk_log *log, uint32_t version, struct bk_error *err);

/* Gives all that the server has to IMPORT. Fails with BK_E_UNSAFE if it cannot give it,
 * BK_E_INVALID if what comes makes no sense, BK_E_IO, or as bk_import does. */
BK_MUST_CHECK enum bk_code bk_older_client_restore(
	struct bk_older_client *client, struct bk_import *import, struct bk_error *err);

#endif
