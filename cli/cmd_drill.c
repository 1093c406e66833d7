/* cmd_drill.c - backup-cli drill: a restore that is only tried. */
#include "arguments.h"
#include "interrupt.h"
#include "json.h"
#include "lockfile.h"
#include "nodedir.h"
#include "noting.h"
#include "owner.h"
#include <bk/moment.h>
#include <bk/remote.h>
#include <bk/restore.h>
#include <bk/verify.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* How long the node's database may stay locked. */
#define BUSY_MS 10000

/* A larger one is not compared: copying it holds up lightningd's commits. */
#define COMPARE_BYTES ((uint64_t)4 << 30)

struct drill {
	const char *dir, *temp_dir;
	char *url;
	bool json;

	char *path;    /* of what is restored */
	bool is_tried; /* the log was opened, else status says so itself; and is not empty */
	struct progress progress;
	struct bk_restore_result restored;
	int64_t began_us, took_us;
	bool is_compared, differs;
	struct bk_against_result against;
	char left[BK_ERROR_MESSAGE_MAX]; /* why it was not compared */
	struct bk_error why;             /* it failed */
};

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	progress_show(&((struct drill *)ctx)->progress, done, total);
}

/* A full disk could stop the node. */
static enum bk_code check_room(
	const struct drill *drill, const struct bk_log_status *status, struct bk_error *err)
{
	uint64_t needs = (uint64_t)status->page_size * status->page_count, bytes;
	struct statvfs fs;

	if (statvfs(drill->temp_dir, &fs) != 0)
		return BK_OK; /* met when the file is made */
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (bytes / 2 >= needs)
		return BK_OK;
	return bk_fail(err, BK_E_IO, 0,
		"%s has %" PRIu64 " MB free, and a trial of a restore is not to take more than "
		"half of that: the database has %" PRIu64 " MB. Name another directory with --dir",
		drill->temp_dir, bytes / 1000000, needs / 1000000);
}

static enum bk_code restore(struct drill *drill, struct bk_log *log, struct bk_error *err)
{
	struct bk_restore_options options = {.progress = on_progress, .ctx = drill};
	struct bk_log_status status;
	enum bk_code code = bk_log_status(log, &status, err);

	drill->is_tried = code || !status.is_empty;
	if (!code)
		code = check_room(drill, &status, err);
	if (code)
		return code;
	drill->progress = progress_of("restoring");
	code = bk_restore(log, drill->path, &options, &drill->restored, err);
	progress_end(&drill->progress);
	drill->took_us = now_us() - drill->began_us;
	if (!code)
		interrupt_making(drill->restored.path);
	return code;
}

/* The database of the node in DIR, if it can be compared. */
static enum bk_code find_database(struct drill *drill, char **database, struct bk_error *err)
{
	struct lockfile lock;
	struct stat st;
	char *lock_path;
	enum bk_code code = nodedir_path(&lock_path, drill->dir, LOCKFILE_NAME, err);

	*database = NULL;
	if (code)
		return code;
	code = lockfile_read(&lock, bk_io_posix(), lock_path, err);
	free(lock_path);
	if (code)
		return code;
	code = nodedir_path(database, drill->dir, lock.database, err);
	lockfile_done(&lock);
	if (code)
		return code;
	if (stat(*database, &st) != 0)
		snprintf(drill->left, sizeof drill->left, "the node has no database");
	else if ((uint64_t)st.st_size > COMPARE_BYTES)
		snprintf(
			drill->left, sizeof drill->left, "the node's database has more than 4 GiB");
	if (!*drill->left)
		return BK_OK;
	free(*database);
	*database = NULL;
	return BK_OK;
}

static enum bk_code compare(struct drill *drill, struct bk_log *log, struct bk_error *err)
{
	struct bk_against_options options = {.busy_ms = BUSY_MS};
	char *database;
	enum bk_code code;

	if (!drill->dir) {
		snprintf(drill->left, sizeof drill->left, "no node is named");
		return BK_OK;
	}
	code = find_database(drill, &database, err);
	if (code || !database)
		return code;
	code = owner_enter_file(database, err);
	if (!code)
		code = bk_verify_against(log, database, &options, &drill->against, err);
	free(database);
	if (code == BK_E_BUSY) { /* of a node that is at work, or was killed */
		snprintf(drill->left, sizeof drill->left, "%s", err->msg);
		return BK_OK;
	}
	if (code)
		return code;
	drill->is_compared = drill->against.is_held;
	/* Which of the two is newer is for status to say. */
	drill->differs = drill->against.is_held && drill->against.differences;
	if (!drill->is_compared)
		snprintf(drill->left, sizeof drill->left,
			"the log does not hold the node's version, %" PRIu32,
			drill->against.version);
	return BK_OK;
}

/* A log_fn. */
static enum bk_code run(struct bk_log *log, void *ctx, struct bk_error *err)
{
	struct drill *drill = ctx;
	enum bk_code code = restore(drill, log, err);

	if (code)
		return code;
	code = compare(drill, log, err);
	if (unlink(drill->restored.path) != 0)
		fprintf(stderr, "Warning: %s could not be removed; it holds the node's database\n",
			drill->restored.path);
	return code;
}

static void set_notes(struct lognotes *notes, const void *ctx)
{
	const struct drill *drill = ctx;

	notes->drill_us = now_us();
	notes->drill_good = !drill->why.code && !drill->differs;
	notes->drill_version = drill->restored.version;
	notes->drill_compared = drill->is_compared;
	notes->drill_seconds = (double)(drill->took_us / 1000) / 1e3;
	snprintf(notes->drill_why, sizeof notes->drill_why, "%s",
		drill->why.code  ? drill->why.msg
		: drill->differs ? drill->against.first
				 : "");
}

static void print_text(const struct drill *drill)
{
	char time[BK_MOMENT_TEXT], age[BK_MOMENT_TEXT], size[32];
	struct shown shown;

	bk_moment_text(time, drill->restored.time_us, true);
	bk_moment_age(age, drill->restored.time_us, now_us());
	bytes_text(size, drill->restored.bytes);
	printf("Version %" PRIu32
	       ", of %s (%s), was restored in %.1f s (%s, checked), and removed again.\n",
		drill->restored.version, time, age, (double)drill->took_us / 1e6, size);
	if (drill->differs)
		printf("It is NOT what the node has at version %" PRIu32 ": %" PRIu64
		       " difference%s, the first: %s. backup-cli verify --against tells more.\n",
			drill->against.version, drill->against.differences,
			drill->against.differences == 1 ? "" : "s",
			shown_of(&shown, drill->against.first));
	else if (drill->is_compared)
		printf("The log is the same as the node's database at version %" PRIu32 ": %" PRIu64
		       " tables, %" PRIu64 " rows.\n",
			drill->against.version, drill->against.tables, drill->against.rows);
	else
		printf("Not compared with the node's database: %s.\n",
			shown_of(&shown, drill->left));
}

static enum bk_code print_json(const struct drill *drill, struct bk_error *err)
{
	cJSON *root = cJSON_CreateObject();
	char time[BK_MOMENT_TEXT];

	bk_moment_text(time, drill->restored.time_us, false);
	cJSON_AddBoolToObject(root, "good", !drill->differs);
	json_add_count(root, "version", drill->restored.version);
	cJSON_AddStringToObject(root, "time", time);
	json_add_time(root, "time_us", drill->restored.time_us);
	json_add_count(root, "bytes", drill->restored.bytes);
	cJSON_AddNumberToObject(root, "seconds", (double)(drill->took_us / 1000) / 1e3);
	cJSON_AddBoolToObject(root, "compared", drill->is_compared);
	if (drill->is_compared)
		json_add_count(root, "differences", drill->against.differences);
	else
		cJSON_AddStringToObject(root, "not_compared", drill->left);
	return json_print(root, err);
}

static int take_rest(struct drill *drill, int count, char **words)
{
	if (count > 1)
		return usage_error(&cmd_drill, "name one URL");
	if (!drill->temp_dir)
		drill->temp_dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp";
	if (!count && !drill->dir && is_in_nodedir())
		drill->dir = ".";
	return take_url(&cmd_drill, count ? *words : NULL, drill->dir, &drill->url);
}

static int parse(int argc, char **argv, struct drill *drill)
{
	static const struct option options[] = {{"dir", required_argument, NULL, 'd'},
		{"json", no_argument, NULL, 'j'}, {"lightning-dir", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0}};
	int option;

	while ((option = next_option(&cmd_drill, argc, argv, ":", options)) != -1) {
		switch (option) {
		case 'd':
			drill->temp_dir = optarg;
			break;
		case 'j':
			drill->json = true;
			break;
		case 'l':
			drill->dir = optarg;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	return take_rest(drill, argc - optind, argv + optind);
}

static enum bk_code try(struct drill *drill, struct bk_error *err)
{
	struct bk_log *log;
	enum bk_code code;

	if (asprintf(&drill->path, "%s/backup-drill-%ld.sqlite3", drill->temp_dir, (long)getpid()) <
		0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	drill->began_us = now_us();
	code = open_url(&log, drill->url, err);
	if (code)
		return code;
	code = run(log, drill, err);
	bk_log_close(log);
	return code;
}

static int drill_run(int argc, char **argv)
{
	struct drill drill = {0};
	struct bk_error err;
	enum bk_code code;
	int status = parse(argc, argv, &drill);

	if (status != EXIT_DONE)
		return status;
	code = try(&drill, &drill.why);
	if (code)
		status = report(&drill.why);
	else if (drill.json && print_json(&drill, &err))
		status = report(&err);
	else if (!drill.json)
		print_text(&drill);
	if (drill.is_tried)
		noting_change(drill.url, set_notes, &drill);
	if (!code && bk_remote_is(drill.url))
		fprintf(stderr, "It is noted nowhere: the log is on another computer.\n");
	free(drill.restored.path);
	free(drill.path);
	free(drill.url);
	return status != EXIT_DONE ? status : drill.differs ? EXIT_DAMAGE : EXIT_DONE;
}

const struct command cmd_drill = {
	.name = "drill",
	.summary = "try a restore, and remove it again",
	.help = "Usage: backup-cli drill [--dir DIR] [--json] [--lightning-dir DIR] [URL]\n"
		"\n"
		"Restores the newest version to a temporary file, as restore does, with all its\n"
		"checks, and removes it again; compares the log, row by row, with the database\n"
		"of the node that --lightning-dir or the current directory names, up to 4 GiB;\n"
		"and notes how that went beside the log, in NAME.state, for backup-cli status.\n"
		"A plugin may be writing meanwhile.\n"
		"\n"
		"  --dir DIR            where the temporary file goes: $TMPDIR, or /var/tmp; it\n"
		"                       must have twice the room that the database takes\n"
		"  --json               JSON\n"
		"  --lightning-dir DIR  the node is the one in DIR, the log the one that\n"
		"                       DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n"
		"Exit: 0 it can be restored, 1 it could not be tried, 3 damage or differences.\n",
	.run = drill_run,
};
