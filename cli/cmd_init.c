/* cmd_init.c - backup-cli init: sets a backup up. */
#include "arguments.h"
#include "common.h"
#include "init.h"
#include "mirrors.h"
#include "nodedir.h"
#include "owner.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void init_done(struct init *init)
{
	free(init->log_path);
	free(init->log_url);
	free(init->lock_path);
	free(init->database_path);
	free(init->before);
	bk_seal_free(init->seal);
	keyfile_done(&init->key);
	lockfile_done(&init->lock);
}

/* The mirrors that were given, added to those that backup.lock names. */
static enum bk_code add_mirrors(struct init *init, struct bk_error *err)
{
	struct lockplaces *places = &init->lock.places;
	enum bk_code code = BK_OK;

	if (!init->has_lock)
		*places = (struct lockplaces){.quorum = 1, .outage_s = LOCKPLACES_OUTAGE_S};
	for (unsigned i = 0; i < init->mirror_count && !code; i++) {
		code = mirrors_add(places, init->io, init->mirrors[i], init->log_path, false, err);
		if (code == BK_E_EXISTS)
			code = BK_OK;
	}
	if (!code && init->quorum && !mirrors_take_quorum(places, init->quorum))
		code = bk_fail(err, BK_E_INVALID, 0, "\"%s\" is no number of places", init->quorum);
	if (!code && init->outage && !mirrors_take_outage(places, init->outage))
		code = bk_fail(err, BK_E_INVALID, 0,
			"\"%s\" is neither a number of seconds nor \"wait\"", init->outage);
	return code ? code : mirrors_check(places, err);
}

/* Makes the log, or takes the one that stands there, or puts that aside, and has backup.lock name
 * it. */
static enum bk_code name_log(struct init *init, char **done, struct bk_error *err)
{
	const struct bk_io *io = init->io;
	struct bk_io_stat st;
	bool is_there = io->ops->stat_path(io->ctx, init->log_path, &st) == 0;
	bool is_new = !is_there || init->replaces;
	enum bk_code code = !is_there        ? init_make_log(init, done, err)
			    : init->replaces ? init_replace(init, done, err)
					     : init_adopt(init, done, err);

	if (code)
		return code;
	if (!is_new)
		code = init_check_fresh(init, err);
	if (!code && !is_new)
		code = init_seal_adopted(init, err);
	if (!code)
		code = add_mirrors(init, err);
	if (!code)
		code = init_server(init, is_new, err);
	if (!code)
		code = lockfile_write(init->node_io, init->lock_path, init->log_url, init->database,
			init->key_name, &init->lock.places, err);
	if (!code)
		code = init_server_policy(init, err);
	if (code) {
		/* So that this can be done again. But where backup.lock was replaced, and only that
		 * could not be made durable, it names this log. */
		if (!is_there && !nodedir_names(init->node_io, init->dir, init->log_path))
			io->ops->unlink(io->ctx, init->log_path);
		free(*done);
		return code;
	}
	if (!init->is_for_other)
		return BK_OK;
	if (!is_new)
		owner_warn(init->log_path);
	else
		owner_give(init->log_path);
	return BK_OK;
}

/* Without a lightning directory there is neither a database nor a place for backup.lock: an empty
 * log, as the older plugin makes one. */
static enum bk_code set_up_alone(struct init *init, struct bk_error *err)
{
	struct bk_io_stat st;
	struct word url;
	char *done;
	enum bk_code code;

	if (init->io->ops->stat_path(init->io->ctx, init->log_path, &st) == 0)
		return bk_fail(err, BK_E_EXISTS, 0,
			"%s is there already, and there is no lightning directory %s: name the one "
			"that lightningd runs in with --lightning-dir",
			init->log_path, init->dir);
	code = init_make_log(init, &done, err);
	if (code)
		return code;
	free(done);
	printf("Initialized backup backend %s\n"
	       "There is no lightning directory %s, so no backup.lock names this log yet. On the "
	       "node: backup-cli init --lightning-dir DIR %s\n",
		init->log_url, init->dir, word_of(&url, init->log_url));
	return BK_OK;
}

static enum bk_code set_up(struct init *init, struct bk_error *err)
{
	struct shown shown;
	char *done;
	enum bk_code code = init_find_paths(init, err);

	/* What was given may be for a log that is to be made. */
	if (keys_ring())
		bk_keyring_want_sealed(keys_ring(), false);
	if (!code && init->is_alone)
		return set_up_alone(init, err);
	if (!code)
		code = init_read_lock(init, err);
	if (!code)
		code = init_find_database(init, err);
	if (!code)
		code = init_check_before(init, err);
	if (!code)
		code = name_log(init, &done, err);
	if (code)
		return code;
	code = init_warn_running(init, err);
	if (code) {
		free(done);
		return code;
	}
	if (init->before)
		printf("backup.lock named %s before\n", shown_of(&shown, init->before));
	init_warn_same_disk(init);
	init_warn_exposed(init);
	printf("%s\n", done);
	free(done);
	printf("Load the plugin with important-plugin=, not plugin=: otherwise the node runs on "
	       "unprotected if the plugin dies.\n"
	       "hsm_secret is not in the backup: keep a copy of it apart.\n");
	if (init->key_name)
		printf("The log is sealed. %s opens it for the plugin, and for backup-cli here; "
		       "it is not in the backup either. backup-cli key list tells what else "
		       "does.\n",
			init->key.path);
	return BK_OK;
}

/* The URL, the directory that was named, and else the current one if it has a backup and no URL was
 * given, or the usual one. */
static int take_words(struct init *init, int count, char **words, char **url)
{
	struct bk_error err;

	if (count == 2 && !init->dir) {
		init->dir = *words++; /* init DIR URL, as older guides have it */
		count--;
	}
	if (count > 1)
		return usage_error(&cmd_init, "name one URL");
	if (count)
		return take_url(&cmd_init, *words, NULL, url);
	if (!init->dir && !is_in_nodedir())
		return usage_error(&cmd_init, "name one URL");
	if (!init->dir)
		init->dir = ".";
	/* What is read there is read as the user whose directory it is. */
	if (owner_enter(init->dir, &err))
		return report(&err);
	return take_url(&cmd_init, NULL, init->dir, url);
}

static int init_run(int argc, char **argv)
{
	static const struct option options[] = {{"lightning-dir", required_argument, NULL, 'l'},
		{"database", required_argument, NULL, 'd'},
		{"mirror", required_argument, NULL, 'm'}, {"quorum", required_argument, NULL, 'q'},
		{"on-outage", required_argument, NULL, 'o'},
		{"without", required_argument, NULL, 'w'}, {"replace", no_argument, NULL, 'r'},
		{"seal", optional_argument, NULL, 's'}, {"pad", no_argument, NULL, 'p'},
		{NULL, 0, NULL, 0}};
	struct init init = {0};
	char *url = NULL, home_dir[PATH_MAX];
	const char *home = getenv("HOME");
	struct bk_error err;
	int option, status;

	while ((option = next_option(&cmd_init, argc, argv, ":", options)) != -1) {
		if (option == 'l')
			init.dir = optarg;
		else if (option == 'd')
			init.database = optarg;
		else if (option == 'm' && init.mirror_count < LOCKPLACES_MAX)
			init.mirrors[init.mirror_count++] = optarg;
		else if (option == 'm')
			return usage_error(&cmd_init, "at most %d mirrors", LOCKPLACES_MAX);
		else if (option == 'w' && init.without_count < LOCKPLACES_MAX)
			init.without[init.without_count++] = optarg;
		else if (option == 'w')
			return usage_error(&cmd_init, "too many places");
		else if (option == 'q')
			init.quorum = optarg;
		else if (option == 'o')
			init.outage = optarg;
		else if (option == 'r')
			init.replaces = true;
		else if (option == 's' && init.seal_count < INIT_SEALS_MAX)
			init.seals[init.seal_count++] = optarg ? optarg : "seed";
		else if (option == 's')
			return usage_error(&cmd_init, "at most %d of --seal", INIT_SEALS_MAX);
		else if (option == 'p')
			init.is_padded = true;
		else
			return EXIT_USAGE;
	}
	if (init.is_padded && !init.seal_count)
		return usage_error(&cmd_init, "--pad is for a sealed log: give --seal too");
	status = take_words(&init, argc - optind, argv + optind, &url);
	if (status != EXIT_DONE)
		return status;
	init.url = url;
	if (!init.dir) {
		snprintf(home_dir, sizeof home_dir, "%s/.lightning/bitcoin", home ? home : "");
		init.dir = home_dir;
		init.is_alone = access(home_dir, F_OK) != 0 && !init.database;
	}
	if (set_up(&init, &err))
		status = report(&err);
	init_done(&init);
	free(url);
	return status;
}

const struct command cmd_init = {
	.name = "init",
	.summary = "set a backup up, for a new node or one that has a database",
	.help = "Usage: backup-cli init [--lightning-dir DIR] [--database FILE] [URL]\n"
		"       backup-cli init [--mirror URL]... [--quorum K] [--without URL]... URL\n"
		"       backup-cli init --seal[=KIND]... [--pad] URL\n"
		"       backup-cli init DIR URL\n"
		"\n"
		"Makes the log at URL, with a snapshot of the node's database if there is one,\n"
		"and writes DIR/backup.lock, which tells the plugin where the log is. Where the\n"
		"node's own log is at URL already, as after a restore, it writes backup.lock\n"
		"only, if no mirror holds a newer state.\n"
		"\n"
		"  --lightning-dir DIR  where lightningd runs: the network's directory, with\n"
		"                       lightningd.sqlite3 in it\n"
		"                       (default ~/.lightning/bitcoin)\n"
		"  --database FILE      the node's database, if lightningd has --wallet\n"
		"                       elsewhere (default: what backup.lock names, else\n"
		"                       lightningd.sqlite3)\n"
		"  --mirror URL         another place that is to hold the log, too; several times\n"
		"  --quorum K           lightningd goes on when K places have a change, the log\n"
		"                       among them (default 1: the mirrors follow)\n"
		"  --on-outage SECONDS  how long it waits for them, or \"wait\" (default 60)\n"
		"  --without URL        go on with a log though this mirror cannot be asked, or\n"
		"                       what it holds does not count\n"
		"  --replace            a new log in the place of the node's own at URL, which is\n"
		"                       put aside and kept: to begin anew\n"
		"  --seal[=KIND]        seals the log: who has it and no key learns nothing but\n"
		"                       sizes and times. KIND says who can open it: seed, which\n"
		"                       is the default, passphrase, age:RECIPIENT, key-file;\n"
		"                       several times. backup-cli help key tells more\n"
		"  --pad                fills it up, so that sizes tell less: up to 12 % more\n"
		"  -V                   the release\n"
		"\n"
		"URL is file:///path/to/file.bkp or a plain path, best on another disk than the\n"
		"node. Without one it is that of DIR/backup.lock, or of the current directory's.\n"
		"It refuses where anything else stands at URL, where the database is older than\n"
		"its backup or another node's, and while a plugin holds the node's log. Without\n"
		"a lightning directory it makes an empty log, for one to come.\n",
	.run = init_run,
};
