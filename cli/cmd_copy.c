/* cmd_copy.c - backup-cli copy: a whole copy of a log, also of one in use. */
#include "arguments.h"
#include "keys.h"
#include "owner.h"
#include <bk/copy.h>
#include <bk/keyring.h>
#include <bk/moment.h>
#include <bk/path.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct arguments {
	const char *dest;
	char *url;
};

/* Behind the options: the URL, unless DIR has a backup, and the file. */
static int take_words(struct arguments *arguments, const char *dir, int count, char **words)
{
	if (!has_words(count, 1, dir))
		return usage_error(&cmd_copy, "name a URL, and a file");
	arguments->dest = words[count - 1];
	if (strcmp(arguments->dest, "-") == 0)
		return usage_error(&cmd_copy,
			"it writes no log to standard output, where nothing could be checked and "
			"synced: name a file");
	return take_url(&cmd_copy, count == 2 ? *words : NULL, dir, &arguments->url);
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	const char *dir = NULL;
	int option;

	while ((option = next_option(&cmd_copy, argc, argv, ":", options)) != -1) {
		if (option != 'l')
			return EXIT_USAGE;
		dir = optarg;
	}
	return take_words(arguments, dir, argc - optind, argv + optind);
}

/* The log is open by now: root works on as the user whose directory DEST is in. */
static enum bk_code enter_dest(const char *dest, struct bk_error *err)
{
	struct stat st;
	char *dir;
	enum bk_code code;

	if (stat(dest, &st) == 0 && S_ISDIR(st.st_mode))
		return bk_fail(err, BK_E_INVALID, 0, "%s is a directory: name a file in it", dest);
	dir = bk_path_directory(dest);
	if (!dir)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	code = owner_enter(dir, err);
	free(dir);
	return code;
}

static void tell(const struct bk_log_status *status, const char *dest)
{
	char time[BK_MOMENT_TEXT], age[BK_MOMENT_TEXT], size[32];
	struct word word;

	bytes_text(size, status->log_bytes);
	if (status->is_empty) {
		printf("Copied the log, which holds no database yet, to %s (%s)\n", dest, size);
		return;
	}
	bk_moment_text(time, status->time_us, true);
	bk_moment_age(age, status->time_us, now_us());
	printf("Copied the log up to version %u, of %s (%s), to %s (%s)\n", status->version, time,
		age, dest, size);
	printf("What comes later is not in it. To check every byte: backup-cli verify %s\n",
		word_of(&word, dest));
}

static enum bk_code copy_from(struct bk_log *log, const char *dest, struct bk_error *err)
{
	struct progress progress = progress_of("copying");
	struct bk_log_status status = {0};
	enum bk_code code = bk_log_status(log, &status, err);

	/* A write under way is nobody's fault, and not in the copy. */
	status.torn_bytes = 0;
	if (!code)
		warn_of_log(&status);
	if (!code)
		code = enter_dest(dest, err);
	if (!code)
		code = bk_log_copy(log, dest, progress_show, &progress, &status, err);
	progress_end(&progress);
	if (!code)
		tell(&status, dest);
	return code;
}

static enum bk_code copy_shut(struct bk_shut *shut, const char *dest, struct bk_error *err)
{
	struct progress progress = progress_of("copying");
	enum bk_code code = enter_dest(dest, err);
	char size[32];

	if (!code)
		code = bk_shut_copy(shut, dest, progress_show, &progress, err);
	progress_end(&progress);
	if (code)
		return code;
	bytes_text(size, bk_shut_bytes(shut));
	printf("Copied the log, which is sealed, to %s (%s). Up to which version takes a key to "
	       "tell.\n",
		dest, size);
	return BK_OK;
}

/* Of a sealed log for which no key was given. */
static enum bk_code copy_without_key(const char *url, const char *dest, struct bk_error *err)
{
	struct bk_shut *shut;
	const struct bk_io *io;
	char *path;
	enum bk_code code = find_log(&path, url, err);

	if (code)
		return code;
	code = reach_url(&io, url, err);
	if (!code)
		code = bk_shut_open(&shut, io, path, err);
	free(path);
	if (code)
		return code;
	code = copy_shut(shut, dest, err);
	bk_shut_close(shut);
	return code;
}

static int copy_log(const struct arguments *arguments)
{
	struct bk_error err;
	struct bk_log *log;
	enum bk_code code = open_url(&log, arguments->url, &err);

	if (!code) {
		code = copy_from(log, arguments->dest, &err);
		bk_log_close(log);
	} else if (code == BK_E_SEALED && bk_keyring_is_empty(keys_ring())) {
		code = copy_without_key(arguments->url, arguments->dest, &err);
	}
	return code ? report(&err) : EXIT_DONE;
}

static int copy_run(int argc, char **argv)
{
	struct arguments arguments = {0};
	int status = parse(argc, argv, &arguments);

	if (status == EXIT_DONE)
		status = copy_log(&arguments);
	free(arguments.url);
	return status;
}

const struct command cmd_copy = {
	.name = "copy",
	.summary = "a whole copy of the log, also of one in use",
	.help = "Usage: backup-cli copy [--lightning-dir DIR] [URL] FILE\n"
		"\n"
		"Copies the log, up to where it ends now, to FILE, which must not exist yet. It\n"
		"is written beside, read, synced, renamed. A plugin may be writing meanwhile: a\n"
		"plain cp of a log in use can come out with zeros in its midst, in place of the\n"
		"newest changes. Without URL it is the log that backup.lock names in the current\n"
		"directory, or in DIR.\n"
		"\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n"
		"Damage is copied as it is: backup-cli verify FILE finds it. What comes later is\n"
		"not in the copy; a mirror keeps up (backup-cli mirror). A sealed log is copied\n"
		"as it is, and needs no key.\n",
	.run = copy_run,
};
