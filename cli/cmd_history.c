/* cmd_history.c - backup-cli history: how rows changed, version by version. */
#include "arguments.h"
#include "interrupt.h"
#include "json.h"
#include "rowtext.h"
#include <bk/history.h>
#include <bk/moment.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	char *url;
	const char *table;
	struct bk_history_options options;
	bool json, any;
	struct progress progress;
};

static int take_words(struct arguments *arguments, const char *dir, int count, char **words)
{
	bool has_url = begins_with_url(count, words, dir);

	if (count < 1 + has_url)
		return usage_error(&cmd_history, "name a URL, and a table");
	arguments->table = words[has_url];
	arguments->options.key = (const char *const *)words + has_url + 1;
	arguments->options.key_count = (size_t)(count - has_url - 1);
	return take_url(&cmd_history, has_url ? *words : NULL, dir, &arguments->url);
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	const char *dir = NULL;
	int option;

	while ((option = next_option(&cmd_history, argc, argv, ":", options)) != -1) {
		switch (option) {
		case 'j':
			arguments->json = true;
			break;
		case 'l':
			dir = optarg;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	return take_words(arguments, dir, argc - optind, argv + optind);
}

static enum bk_code print_json(
	const struct bk_entry *entry, const struct bk_diff *diff, struct bk_error *err)
{
	cJSON *object = cJSON_CreateObject();
	char time[BK_MOMENT_TEXT];
	enum bk_code code;

	bk_moment_text(time, entry->time_us, false);
	json_add_count(object, "version", entry->version);
	cJSON_AddStringToObject(object, "time", time);
	json_add_time(object, "time_us", entry->time_us);
	rowtext_json(object, diff);
	code = json_print_line(object, err);
	putchar('\n');
	return code;
}

/* A bk_history_fn. */
static enum bk_code on_diff(
	void *ctx, const struct bk_entry *entry, const struct bk_diff *diff, struct bk_error *err)
{
	struct arguments *arguments = ctx;
	char time[BK_MOMENT_TEXT];

	progress_end(&arguments->progress);
	arguments->any = true;
	if (arguments->json)
		return print_json(entry, diff, err);
	bk_moment_text(time, entry->time_us, true);
	printf("%10" PRIu32 "  %-20s  ", entry->version, time);
	return rowtext_print(diff, err);
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct arguments *arguments = ctx;

	interrupt_is_heard();
	progress_show(&arguments->progress, done, total);
}

/* A log_fn. */
static enum bk_code history_of(struct bk_log *log, void *ctx, struct bk_error *err)
{
	struct arguments *arguments = ctx;
	enum bk_code code;

	arguments->progress = progress_of("replaying");
	arguments->progress.unit = "keyframes";
	code = bk_history(log, arguments->table, &arguments->options, on_diff, arguments, err);
	progress_end(&arguments->progress);
	if (!code && !arguments->any)
		fputs("No such row was ever there.\n", stderr);
	return code;
}

static int history_run(int argc, char **argv)
{
	struct arguments arguments = {.options.progress = on_progress};
	int status = parse(argc, argv, &arguments);

	if (status == EXIT_DONE)
		status = on_log(arguments.url, history_of, &arguments);
	free(arguments.url);
	return status;
}

const struct command cmd_history = {
	.name = "history",
	.summary = "tell how a row changed, version by version",
	.help = "Usage: backup-cli history [OPTIONS] [URL] TABLE [KEY...]\n"
		"\n"
		"Tells when the row of TABLE with the primary key KEY was added (+), changed (~,\n"
		"and in which columns) or removed (-), oldest first: version, time, and what it\n"
		"was. In a table without a primary key, KEY is the rowid; of a key of several\n"
		"columns the last may be left out. Without KEY it is all rows, which takes\n"
		"longer. Without URL it is the log that backup.lock names in the current\n"
		"directory, or in DIR.\n"
		"\n"
		"  --json               an object a line, with whole values\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n"
		"KEY is a number, a text, or a blob: its hexadecimal digits, or x'0aff'.\n",
	.run = history_run,
};
