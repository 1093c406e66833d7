/* reasons.c - what each refusal of a db_write says happened, and how to go on. */
#include "reasons.h"
#include "holder.h"
#include "message.h"
#include <stdio.h>
#include <time.h>

/* A command with the lightning directory twice and the database four times. */
#define MOVE_MAX (6 * NAMES_WORD_MAX + 256)

#define NEW_URL "file:///path/to/a/new/file.bkp"

enum bk_code refuse_lockfile(
	struct refusal *why, const struct names *names, const struct bk_error *err)
{
	enum bk_code code = refusal_of(why, err, names->lockfile);

	switch (err->code) {
	case BK_E_MISSING:
		refusal_set(why, code,
			"Could not find backup.lock in the lightning-dir, so there is no backup");
		refusal_way(
			why, "set one up: %s file:///path/on/another/disk/file.bkp", names->init);
		break;
	case BK_E_INVALID:
	case BK_E_LIMIT:
		refusal_way(why, "mend %s", names->lockfile);
		break;
	default:
		break;
	}
	return code;
}

enum bk_code refuse_places(
	struct refusal *why, const struct names *names, const struct bk_error *err)
{
	enum bk_code code = refusal_of(why, err, names->lockfile);

	if (err->code == BK_E_INVALID || err->code == BK_E_LIMIT)
		refusal_way(why, "mend \"mirrors\" in %s", names->lockfile);
	return code;
}

enum bk_code refuse_unseen(struct refusal *why, const struct names *names, const char *what)
{
	refusal_set(why, BK_E_UNSAFE,
		"%s is not the log that it was: %s. Somebody put something older, or another "
		"node's, in its place",
		names->log, what);
	refusal_way(why,
		"bring the right log back, from a mirror or a copy; or, if this one is right for "
		"certain: %s %s",
		names->init, names->url);
	return BK_E_UNSAFE;
}

enum bk_code refuse_key(struct refusal *why, const struct names *names, const char *file,
	const struct bk_error *err)
{
	enum bk_code code = refusal_of(why, err, names->lockfile);

	if (err->code == BK_E_MISSING)
		refusal_set(why, code,
			"the log is sealed, and the key file %s, which %s names, is not there",
			file, names->lockfile);
	refusal_way(why,
		"put it back; or have a new one made, by what else opens the log: %s --words %s",
		names->init, names->url);
	return code;
}

enum bk_code refuse_log(struct refusal *why, const struct names *names, const struct bk_error *err)
{
	enum bk_code code = refusal_of(why, err, names->log);

	switch (err->code) {
	case BK_E_MISSING:
		refusal_set(why, code, "the log is not there: %s", err->msg);
		refusal_way(why,
			"if its disk is not mounted, mount it; to begin a new backup instead: %s "
			"%s",
			names->init, names->url);
		break;
	case BK_E_DAMAGE:
		refusal_way(why,
			"see what can still be read: backup-cli verify %s ; then move the log "
			"aside, keep it, and run: %s %s",
			names->url, names->init, names->url);
		break;
	case BK_E_FORMAT:
		refusal_way(why,
			"name this node's log as \"backend_url\" in %s ; or, if that file is not "
			"needed any more, move it aside and run: %s %s",
			names->lockfile, names->init, names->url);
		break;
	case BK_E_UNSAFE:
		refusal_way(why,
			"find out which of the two goes on: only one node may run on this state. "
			"Where that is this one, for certain, run what is said above");
		break;
	case BK_E_INVALID:
		refusal_way(why, "mend \"backend_url\" in %s", names->lockfile);
		break;
	case BK_E_SEALED:
		refusal_way(why,
			"have a key file made that opens it, by what else does (its words, say): "
			"%s --words %s",
			names->init, names->url);
		break;
	case BK_E_BUSY:
		refusal_way(why,
			"stop that program, or, if it is another node, give each a log of its own "
			"in its backup.lock (here %s)",
			names->lockfile);
		break;
	default:
		break;
	}
	return code;
}

enum bk_code refuse_older_file(struct refusal *why, const struct names *names)
{
	refusal_set(why, BK_E_FORMAT,
		"%s is the file of the older backup plugin, which this one does not write",
		names->log);
	refusal_way(why,
		"take it over, which keeps all its versions: backup-cli import %s " NEW_URL
		" && %s " NEW_URL,
		names->url, names->init);
	return why->code;
}

enum bk_code refuse_held(struct refusal *why, const struct names *names, const struct bk_io *io,
	const char *path, const struct bk_error *err)
{
	struct holder holder;
	enum bk_code code = refuse_log(why, names, err);

	holder_find(&holder, io, path, names->program);
	if (!holder.is_ours)
		return code;
	refusal_set(why, code,
		"%s is held by this node's own earlier plugin, process %ld, which %s", names->log,
		holder.pid,
		holder.hangs ? "hangs in the kernel: the disk of the log, or its mount, does not "
			       "answer"
			     : "has not ended yet");
	refusal_way(why,
		holder.hangs ? "see to the disk of %s , after which process %ld ends"
			     : "wait until it is done with %s , or end it: kill %ld",
		names->log, holder.pid);
	return code;
}

enum bk_code refuse_other_node(
	struct refusal *why, const struct names *names, const char *theirs, const char *ours)
{
	refusal_set(why, BK_E_UNSAFE,
		"%s is another node's backup: it holds the database of node %s, and the database "
		"here is that of node %s. Nothing was written to it",
		names->log, theirs, ours);
	refusal_way(why,
		"name this node's own log as \"backend_url\" in %s ; or, if it has none, begin "
		"one: %s " NEW_URL
		" ; if it is the database that is not this node's, put the right one in its place",
		names->lockfile, names->init);
	return why->code;
}

enum bk_code refuse_halt(struct refusal *why, const struct names *names, const char *state)
{
	refusal_set(why, BK_E_INVALID,
		"Backup is out of date, we cannot continue safely: %s, and backup.lock says "
		"\"on_gap\": \"halt\"",
		state);
	refusal_way(why, "set \"on_gap\": \"heal\" in %s to have a full snapshot taken",
		names->lockfile);
	return why->code;
}

enum bk_code refuse_gap(struct refusal *why, const struct names *names, const struct call *call,
	const struct bk_error *live)
{
	/* Where the node's database is not where we look, no start and no init mends that. */
	bool is_elsewhere = !live->code || live->code == BK_E_MISSING;

	refusal_set(why, BK_E_INVALID,
		"Backup is out of date, we cannot continue safely: the node is at version %u, the "
		"backup at %u, and a full snapshot cannot be taken now (%s)",
		call_base(call), call->head,
		live->code ? live->msg : "another database stands there");
	if (is_elsewhere)
		refusal_way(why,
			"the node's database is not %s : put \"database\": \"/its/path\", the "
			"file that lightningd's --wallet names, into %s ; or, with lightningd "
			"stopped, begin a new log: backup-cli init --lightning-dir %s --database "
			"/its/path " NEW_URL,
			names->database, names->lockfile, names->dir);
	else
		refusal_way(why,
			"start it again, most likely that is over; if not, begin a new log, with "
			"lightningd stopped: %s " NEW_URL,
			names->init);
	return why->code;
}

enum bk_code refuse_heal(struct refusal *why, const struct names *names, const struct call *call,
	const struct bk_error *err)
{
	refusal_of(why, err, names->log);
	if (err->code != BK_E_IO && err->code != BK_E_NOMEM)
		refusal_way(why, "see whether %s can be read", names->database);
	snprintf(why->what, sizeof why->what,
		"Backup is out of date, we cannot continue safely: the node is at version %u, the "
		"backup at %u, and the full snapshot that would heal it failed: %s",
		call_base(call), call->head, err->msg);
	return why->code;
}

/* A command that moves the database, and what SQLite may have beside it, out of the way: a journal
 * that this very refusal leaves behind belongs to that database, and would spoil another. */
static void write_move(const struct names *names, char *out, size_t size)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm utc;

	strftime(stamp, sizeof stamp, "old-%Y%m%d-%H%M%S", gmtime_r(&now, &utc));
	snprintf(out, size,
		"mkdir %s/%s && for f in %s %s-journal %s-wal %s-shm; do [ ! -e \"$f\" ] || mv "
		"\"$f\" %s/%s/; done",
		names->dir, stamp, names->database, names->database, names->database,
		names->database, names->dir, stamp);
}

enum bk_code refuse_older(struct refusal *why, const struct names *names, const struct call *call)
{
	char move[MOVE_MAX];

	refusal_set(why, BK_E_UNSAFE,
		"the node's database is older than its backup: it lost some state. It is at "
		"version %u, the backup at %u. Running on could publish a revoked state and lose "
		"the funds of channels",
		call_base(call), call->head);
	write_move(names, move, sizeof move);
	refusal_way(why,
		"move the database away, with all that is beside it, and put the backup's in its "
		"place: %s; backup-cli restore %s %s ; only if you are sure that this database is "
		"the newest: move the log aside and run: %s %s",
		move, names->url, names->restore_to, names->init, names->url);
	return why->code;
}

enum bk_code refuse_server(
	struct refusal *why, const struct names *names, const struct bk_error *err)
{
	enum bk_code code = refusal_of(why, err, NULL);

	if (code == BK_E_IO)
		refusal_way(why,
			"see to it that the server of %s runs and can be reached; or name another "
			"place: %s URL",
			names->url, names->init);
	else if (code == BK_E_UNSAFE)
		refusal_way(why,
			"see why in the log of the server of %s , which is another node's, or "
			"somebody "
			"else writes to it; or name another place: %s URL",
			names->url, names->init);
	else if (code == BK_E_INVALID)
		refusal_way(why, "name a backup server as \"backend_url\" in %s", names->lockfile);
	return code;
}

enum bk_code refuse_order(struct refusal *why, const struct call *call)
{
	refusal_set(why, BK_E_INVALID,
		"db_write of version %u after version %u: a change is missing in between. At the "
		"next start the backup looks at the node's database and heals itself",
		call->version, call->head);
	return why->code;
}

enum bk_code refuse_params(struct refusal *why, const cJSON *params, const struct bk_error *err)
{
	refusal_of(why, err, NULL);
	if (message_is_empty(params))
		refusal_way(why, "remove this plugin from lightningd's config, and use "
				 "PostgreSQL's own replication");
	return why->code;
}
