/* reasons.h - what each refusal of a db_write says happened, and how to go on (refusal.h). */
#ifndef REASONS_H
#define REASONS_H

#include "decide.h"
#include "names.h"
#include "refusal.h"
#include <bk/io.h>

/* Each fills WHY and returns its code. */

/* backup.lock cannot be read: ERR. */
enum bk_code refuse_lockfile(
	struct refusal *why, const struct names *names, const struct bk_error *err);

/* The key file FILE that it names cannot be read: ERR. */
enum bk_code refuse_key(struct refusal *why, const struct names *names, const char *file,
	const struct bk_error *err);

/* The log that it names cannot be opened: ERR. */
enum bk_code refuse_log(struct refusal *why, const struct names *names, const struct bk_error *err);

/* What stands there is the older plugin's file. */
enum bk_code refuse_older_file(struct refusal *why, const struct names *names);

/* The mirrors that backup.lock names make no sense: ERR. */
enum bk_code refuse_places(
	struct refusal *why, const struct names *names, const struct bk_error *err);

/* The log is not what backup.lock knows of it: WHAT. */
enum bk_code refuse_unseen(struct refusal *why, const struct names *names, const char *what);

/* The log at PATH is held: ERR. That may be by this node's own plugin of before. */
enum bk_code refuse_held(struct refusal *why, const struct names *names, const struct bk_io *io,
	const char *path, const struct bk_error *err);

/* The log holds the database of node THEIRS, and the database here is that of node OURS. */
enum bk_code refuse_other_node(
	struct refusal *why, const struct names *names, const char *theirs, const char *ours);

/* Log and node differ, as STATE says, and backup.lock says "on_gap": "halt". */
enum bk_code refuse_halt(struct refusal *why, const struct names *names, const char *state);

/* A gap, and the node's database cannot be read: LIVE, or another one stands in its place. */
enum bk_code refuse_gap(struct refusal *why, const struct names *names, const struct call *call,
	const struct bk_error *live);

/* A gap, and the snapshot that would heal it failed: ERR. */
enum bk_code refuse_heal(struct refusal *why, const struct names *names, const struct call *call,
	const struct bk_error *err);

/* The backup server, where backup.lock names one, cannot be used: ERR. */
enum bk_code refuse_server(
	struct refusal *why, const struct names *names, const struct bk_error *err);

/* The node's database is older than the log. */
enum bk_code refuse_older(struct refusal *why, const struct names *names, const struct call *call);

/* A version was left out within one process. */
enum bk_code refuse_order(struct refusal *why, const struct call *call);

/* The PARAMS of a db_write are no change: ERR. */
enum bk_code refuse_params(struct refusal *why, const cJSON *params, const struct bk_error *err);

#endif
