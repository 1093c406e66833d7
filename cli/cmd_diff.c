/* cmd_diff.c - backup-cli diff: how two versions differ. */
#include "arguments.h"
#include "interrupt.h"
#include "json.h"
#include "rowtext.h"
#include "which.h"
#include <bk/text.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	char *url;
	const char *from, *to, *table;
	bool summary, json;
};

/* Of the table that is being compared: they come table by table. */
struct summary {
	const struct arguments *arguments;
	char *table;
	uint64_t added, changed, removed;
	const char *what; /* of the table itself; lent by core, a constant */
};

static int take_words(struct arguments *arguments, const char *dir, int count, char **words)
{
	if (!has_words(count, 2, dir))
		return usage_error(&cmd_diff, "name a URL and two versions");
	arguments->from = words[count - 2];
	arguments->to = words[count - 1];
	return take_url(&cmd_diff, count == 3 ? *words : NULL, dir, &arguments->url);
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"table", required_argument, NULL, 't'},
		{"summary", no_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	const char *dir = NULL;
	int option;

	while ((option = next_option(&cmd_diff, argc, argv, ":t:", options)) != -1) {
		switch (option) {
		case 't':
			arguments->table = optarg;
			break;
		case 's':
			arguments->summary = true;
			break;
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

static enum bk_code print_summary_json(const struct summary *summary, struct bk_error *err)
{
	cJSON *object = cJSON_CreateObject();
	enum bk_code code;

	cJSON_AddStringToObject(object, "table", summary->table);
	json_add_count(object, "added", summary->added);
	json_add_count(object, "changed", summary->changed);
	json_add_count(object, "removed", summary->removed);
	if (summary->what)
		cJSON_AddStringToObject(object, "what", summary->what);
	code = json_print_line(object, err);
	putchar('\n');
	return code;
}

/* Prints what was counted, if anything was, and begins anew. */
static enum bk_code print_summary(struct summary *summary, struct bk_error *err)
{
	struct shown shown;
	enum bk_code code = BK_OK;

	if (!summary->table)
		return BK_OK;
	if (summary->arguments->json) {
		code = print_summary_json(summary, err);
	} else {
		printf("%-28s +%" PRIu64 " ~%" PRIu64 " -%" PRIu64 "%s%s\n",
			shown_of(&shown, summary->table), summary->added, summary->changed,
			summary->removed, summary->what ? "  " : "",
			summary->what ? summary->what : "");
	}
	free(summary->table);
	*summary = (struct summary){.arguments = summary->arguments};
	return code;
}

static enum bk_code count(struct summary *summary, const struct bk_diff *diff, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (summary->table && strcmp(summary->table, diff->table) != 0)
		code = print_summary(summary, err);
	if (code)
		return code;
	if (!summary->table)
		summary->table = strdup(diff->table);
	if (!summary->table)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for the name of a table");
	summary->added += diff->kind == BK_DIFF_ADDED;
	summary->changed += diff->kind == BK_DIFF_CHANGED;
	summary->removed += diff->kind == BK_DIFF_REMOVED;
	if (diff->kind == BK_DIFF_SCHEMA)
		summary->what = diff->what;
	return BK_OK;
}

static enum bk_code print_json(const struct bk_diff *diff, struct bk_error *err)
{
	cJSON *object = cJSON_CreateObject();
	enum bk_code code;

	rowtext_json(object, diff);
	code = json_print_line(object, err);
	putchar('\n');
	return code;
}

/* A bk_diff_fn. */
static enum bk_code on_diff(void *ctx, const struct bk_diff *diff, struct bk_error *err)
{
	struct summary *summary = ctx;

	interrupt_is_heard();
	if (summary->arguments->summary)
		return count(summary, diff, err);
	return summary->arguments->json ? print_json(diff, err) : rowtext_print(diff, err);
}

/* A log_fn. */
static enum bk_code diff_log(struct bk_log *log, void *ctx, struct bk_error *err)
{
	const struct arguments *arguments = ctx;
	struct summary summary = {.arguments = arguments};
	struct bk_entry from, to;
	enum bk_code code = find_version(log, arguments->from, &from, err);

	if (!code)
		code = find_version(log, arguments->to, &to, err);
	if (!code)
		code = bk_diff(
			log, from.version, to.version, arguments->table, on_diff, &summary, err);
	if (!code)
		code = print_summary(&summary, err);
	free(summary.table);
	return code;
}

static int diff_run(int argc, char **argv)
{
	struct arguments arguments = {0};
	int status = parse(argc, argv, &arguments);

	if (status == EXIT_DONE)
		status = on_log(arguments.url, diff_log, &arguments);
	free(arguments.url);
	return status;
}

const struct command cmd_diff = {
	.name = "diff",
	.summary = "tell how two versions differ, row by row",
	.help = "Usage: backup-cli diff [OPTIONS] [URL] VERSION VERSION\n"
		"\n"
		"Tells which rows of which tables were added (+), changed (~, and in which\n"
		"columns) or removed (-) from the first version to the second. A row is the same\n"
		"row where its primary key is; in a table without one, its rowid. Without URL it\n"
		"is the log that backup.lock names in the current directory, or in DIR.\n"
		"\n"
		"  -t, --table TABLE    only this table\n"
		"  --summary            only how many rows of each table\n"
		"  --json               an object a line, with whole values\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n" HELP_VERSION,
	.run = diff_run,
};
