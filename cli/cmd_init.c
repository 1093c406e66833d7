/* cmd_init.c - backup-cli init: sets a backup up. */
#include "common.h"
#include "lockfile.h"
#include <bk/dest.h>
#include <bk/restore.h>
#include <bk/writer.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A database that is locked for longer than this belongs to somebody who is not done. */
#define BUSY_MS 10000

struct init {
	const char *dir, *url, *database; /* as given; database may be NULL */
	char *log_path, *log_url, *lock_path, *database_path;
};

static void init_done(struct init *init)
{
	free(init->log_path);
	free(init->log_url);
	free(init->lock_path);
	free(init->database_path);
}

static enum bk_code join(char **out, const char *dir, const char *name, struct bk_error *err)
{
	if (asprintf(out, "%s/%s", dir, name) < 0) {
		*out = NULL;
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	}
	return BK_OK;
}

static enum bk_code find_paths(struct init *init, struct bk_error *err)
{
	const char *database = init->database ? init->database : BK_DATABASE_NAME;
	struct stat st;
	enum bk_code code = bk_dest_path(&init->log_path, init->url, err);

	if (!code)
		code = bk_dest_url(&init->log_url, init->log_path, err);
	if (!code && (stat(init->dir, &st) != 0 || !S_ISDIR(st.st_mode)))
		code = bk_fail(err, BK_E_MISSING, 0,
			"%s is no directory: name the one that lightningd runs in, such as "
			"~/.lightning/bitcoin, with --lightning-dir",
			init->dir);
	if (!code)
		code = join(&init->lock_path, init->dir, LOCKFILE_NAME, err);
	if (!code)
		code = *database == '/' ? join(&init->database_path, "", database + 1, err)
					: join(&init->database_path, init->dir, database, err);
	return code;
}

/* A node that runs with a backup must not be given another one under its feet. */
static enum bk_code check_old_backup(const struct init *init, struct bk_error *err)
{
	struct lockfile old;
	char *path = NULL;
	enum bk_code code = lockfile_read(&old, init->lock_path, err);

	if (code == BK_E_MISSING)
		return BK_OK;
	if (code)
		return code;
	code = bk_dest_path(&path, old.backend_url, err);
	if (!code)
		code = bk_writer_check_free(bk_io_posix(), path, err);
	free(path);
	lockfile_done(&old);
	/* What the old file says may be gone or of another kind: then it holds nothing up. */
	return code == BK_E_BUSY ? code : BK_OK;
}

static void warn_same_disk(const struct init *init)
{
	struct stat log, dir;

	if (stat(init->log_path, &log) == 0 && stat(init->dir, &dir) == 0 &&
		log.st_dev == dir.st_dev)
		printf("Warning: the backup is on the same file system as the node. If that disk "
		       "dies, both are gone.\n");
}

static enum bk_code make_log(const struct init *init, struct bk_error *err)
{
	bool exists = access(init->database_path, F_OK) == 0;
	struct progress progress = progress_of("copying the database");
	uint32_t version;
	enum bk_code code;

	if (exists)
		printf("Found an existing database at %s\n", init->database_path);
	else if (init->database)
		return bk_fail(
			err, BK_E_MISSING, 0, "there is no database %s", init->database_path);
	code = bk_log_create(bk_io_posix(), init->log_path, exists ? init->database_path : NULL,
		BUSY_MS, progress_show, &progress, &version, err);
	progress_end(&progress);
	if (code)
		return code;
	if (exists)
		printf("Successfully written initial snapshot to %s (version %u)\n", init->log_url,
			version);
	else
		printf("Database does not exist yet, created an empty backup file\n");
	return BK_OK;
}

static enum bk_code set_up(struct init *init, struct bk_error *err)
{
	enum bk_code code = find_paths(init, err);

	if (!code)
		code = check_old_backup(init, err);
	if (!code)
		code = make_log(init, err);
	if (code == BK_E_EXISTS) {
		struct bk_error why = *err;

		bk_fail(err, code, 0,
			"%s. If it is the log of this node, it needs no init: start lightningd. "
			"Else "
			"name another file, or move that one away",
			why.msg);
	}
	if (!code)
		code = lockfile_write(init->lock_path, init->log_url, init->database, err);
	return code;
}

static int init_run(int argc, char **argv)
{
	static const struct option options[] = {{"lightning-dir", required_argument, NULL, 'l'},
		{"database", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
	struct init init = {0};
	char home_dir[PATH_MAX];
	const char *home = getenv("HOME");
	struct bk_error err;
	int option, status = EXIT_DONE;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			init.dir = optarg;
		else if (option == 'd')
			init.database = optarg;
		else
			return usage_error(&cmd_init, "options that it does not know");
	}
	if (argc - optind == 2 && !init.dir)
		init.dir = argv[optind++]; /* init DIR URL, as older guides have it */
	if (argc - optind != 1)
		return usage_error(&cmd_init, "name one URL");
	init.url = argv[optind];
	if (!init.dir) {
		snprintf(home_dir, sizeof home_dir, "%s/.lightning/bitcoin", home ? home : "");
		init.dir = home_dir;
	}
	if (set_up(&init, &err)) {
		status = report(&err);
	} else {
		warn_same_disk(&init);
		printf("Initialized backup backend %s, you can now start Core-Lightning\n",
			init.log_url);
		printf("Load the plugin with important-plugin=, not plugin=: otherwise the node "
		       "runs "
		       "on unprotected if the plugin dies.\n"
		       "hsm_secret is not in the backup: keep a copy of it apart.\n");
	}
	init_done(&init);
	return status;
}

const struct command cmd_init = {
	.name = "init",
	.summary = "set a backup up, for a new node or one that has a database",
	.help = "Usage: backup-cli init [--lightning-dir DIR] [--database FILE] URL\n"
		"       backup-cli init DIR URL\n"
		"\n"
		"Makes the log at URL, with a snapshot of the node's database if there is one, "
		"and\n"
		"writes DIR/backup.lock, which tells the plugin where the log is.\n"
		"\n"
		"  --lightning-dir DIR  where lightningd runs: the network's directory, with\n"
		"                       lightningd.sqlite3 in it (default ~/.lightning/bitcoin)\n"
		"  --database FILE      the node's database, if lightningd has --wallet elsewhere\n"
		"\n"
		"URL is file:///path/to/file.bkp or a plain path, best on another disk than the "
		"node.\n"
		"It refuses where a log exists already, and while a plugin holds the node's log.\n",
	.run = init_run,
};
