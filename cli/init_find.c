/* init_find.c - what backup-cli init finds: the log's place, backup.lock, the node's database. */
#include "common.h"
#include "init.h"
#include "interrupt.h"
#include "lockurl.h"
#include "nodedir.h"
#include "owner.h"
#include "owner_io.h"
#include <bk/dest.h>
#include <bk/live.h>
#include <bk/net.h>
#include <bk/restore.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A server's changes stand beside the node, too. */
static enum bk_code find_log_path(struct init *init, struct bk_error *err)
{
	struct bk_socket_url url;
	enum bk_code code;

	if (!init_is_server(init))
		return bk_dest_path(&init->log_path, init->url, err);
	code = bk_socket_url_parse(&url, init->url, err);
	if (!code && init->is_alone)
		code = bk_fail(err, BK_E_INVALID, 0,
			"there is no lightning directory %s: name the one that lightningd runs in "
			"with --lightning-dir",
			init->dir);
	return code ? code : nodedir_path(&init->log_path, init->dir, LOCKFILE_PRIMARY, err);
}

static enum bk_code find_log_url(struct init *init, struct bk_error *err)
{
	if (!init_is_server(init))
		return bk_dest_url(&init->log_url, init->log_path, err);
	init->log_url = strdup(init->url);
	return init->log_url ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
}

enum bk_code init_find_paths(struct init *init, struct bk_error *err)
{
	struct stat st;
	enum bk_code code = init->is_alone ? BK_OK : owner_enter(init->dir, err);

	init->is_for_other = owner_is_other();
	init->node_io = interrupt_io();
	if (!code)
		code = find_log_path(init, err);
	if (!code)
		code = owner_io(&init->io, init->log_path, err);
	if (!code)
		init->io = interrupt_over(init->io);
	if (!code)
		code = check_file(init->log_path, err);
	if (!code)
		code = find_log_url(init, err);
	if (!code && init->is_alone)
		return BK_OK;
	if (!code && (stat(init->dir, &st) != 0 || !S_ISDIR(st.st_mode)))
		code = bk_fail(err, BK_E_MISSING, 0,
			"%s is no directory: name the one that lightningd runs in, such as "
			"~/.lightning/bitcoin, with --lightning-dir",
			init->dir);
	if (!code)
		code = nodedir_path(&init->lock_path, init->dir, LOCKFILE_NAME, err);
	return code;
}

/* The key file of the log that backup.lock names: the one that is to be set up now, or that of
 * before. */
static enum bk_code take_lock_key(struct init *init, struct bk_error *err)
{
	enum bk_code code = keys_of_node(init->dir, &init->lock, err);

	/* A log that is made now may be in the clear. */
	if (keys_ring())
		bk_keyring_want_sealed(keys_ring(), false);
	return code == BK_E_MISSING ? BK_OK : code;
}

enum bk_code init_read_lock(struct init *init, struct bk_error *err)
{
	char *path, *url;
	enum bk_code code = lockfile_read(&init->lock, init->node_io, init->lock_path, err);

	if (code == BK_E_MISSING)
		return BK_OK;
	if (code == BK_E_INVALID) /* the file is wrong, not what the user gave */
		err->code = code = BK_E_FORMAT;
	init->has_lock = !code;
	if (!code)
		code = take_lock_key(init, err);
	if (code || lockfile_log(&path, init->dir, &init->lock, NULL))
		return code; /* what no release serves is not the log that was asked for */
	code = bk_dest_url(&url, path, err);
	if (!code) {
		init->is_named =
			strcmp(url, init->log_url) == 0 || nodedir_same_file(path, init->log_path);
		free(url);
	}
	free(path);
	return code;
}

/* Where the database is in NETWORK and not in the directory that was named. */
static enum bk_code refuse_above(const struct init *init, const char *network, struct bk_error *err)
{
	struct word dir, url;
	struct stat st;
	char *path;
	enum bk_code code = nodedir_path(&path, network, BK_DATABASE_NAME, err);

	if (code)
		return code;
	if (stat(path, &st) == 0)
		code = bk_fail(err, BK_E_MISSING, 0,
			"there is no database in %s, but there is %s: lightningd runs in the "
			"directory of its network. Name that one: backup-cli init --lightning-dir "
			"%s %s",
			init->dir, path, word_of(&dir, network), word_of(&url, init->url));
	free(path);
	return code;
}

/* Where the base directory was named instead of the network's, an empty log would be made, and the
 * plugin, which runs in the network's, would not find it. */
static enum bk_code refuse_base(const struct init *init, struct bk_error *err)
{
	DIR *entries = opendir(init->dir);
	struct dirent *entry;
	enum bk_code code = BK_OK;
	char *network;

	while (entries && !code && (entry = readdir(entries))) {
		if (*entry->d_name == '.')
			continue;
		code = nodedir_path(&network, init->dir, entry->d_name, err);
		if (!code)
			code = refuse_above(init, network, err);
		free(network);
	}
	if (entries)
		closedir(entries);
	return code;
}

/* There may be none yet; but one that is not to be seen must not be taken for that. */
static enum bk_code no_database(const struct init *init, bool is_usual, struct bk_error *err)
{
	struct stat st;
	int why = errno;

	if (lstat(init->database_path, &st) == 0 && S_ISLNK(st.st_mode))
		return bk_fail(err, why == ENOENT ? BK_E_MISSING : BK_E_IO, why,
			"cannot follow the link %s to the node's database", init->database_path);
	if (why != ENOENT)
		return bk_fail(
			err, BK_E_IO, why, "cannot look at the database %s", init->database_path);
	if (is_usual)
		return refuse_base(init, err);
	return bk_fail(err, BK_E_MISSING, 0, "there is no database %s%s", init->database_path,
		init->database ? ""
			       : ", which backup.lock names: mount its disk, or give --database");
}

/* Where a node of root's has its database in another user's directory, that user's right is enough
 * to read it, and all else stays root's. */
static enum bk_code enter_database(struct init *init, struct bk_error *err)
{
	enum bk_code code = owner_enter_file(init->database_path, err);

	if (!code && owner_is_other() && !init->is_for_other)
		init->io = init->node_io = interrupt_over(owner_io_root());
	return code;
}

/* Looks at the database that the node has: the one given, or that of backup.lock. */
enum bk_code init_find_database(struct init *init, struct bk_error *err)
{
	const char *name = init->database   ? init->database
			   : init->has_lock ? init->lock.database
					    : BK_DATABASE_NAME;
	bool is_usual = !init->database && strcmp(name, BK_DATABASE_NAME) == 0;
	struct stat st;
	enum bk_code code = nodedir_path(&init->database_path, init->dir, name, err);

	if (!code)
		code = enter_database(init, err);
	if (code)
		return code;
	if (stat(init->database_path, &st) != 0)
		return no_database(init, is_usual, err);
	if (!S_ISREG(st.st_mode))
		return bk_fail(
			err, BK_E_UNSAFE, 0, "the database %s is no file", init->database_path);
	/* SQLite makes the file before anything is in it. */
	init->has_database = st.st_size > 0;
	if (!init->has_database)
		return BK_OK;
	code = bk_live_version(init->database_path, INIT_BUSY_MS, &init->version, err);
	return code ? code : bk_live_node(init->database_path, INIT_BUSY_MS, init->node, err);
}
