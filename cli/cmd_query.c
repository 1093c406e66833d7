/* cmd_query.c - backup-cli query: SQL on the database of a version. */
#include "arguments.h"
#include "interrupt.h"
#include "rowout.h"
#include "which.h"
#include <bk/query.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	char *url;
	const char *version, *sql;
	struct rowout out;
	bool has_mode, no_header;
};

static int take_mode(struct arguments *arguments, const char *text)
{
	if (!rowmode_of(text, &arguments->out.mode))
		return no_such(&cmd_query, "mode", text, rowmodes);
	arguments->has_mode = true;
	return EXIT_DONE;
}

static int take_words(struct arguments *arguments, const char *dir, int count, char **words)
{
	if (!has_words(count, 1, dir))
		return usage_error(&cmd_query, "name a URL, and give one text of SQL");
	arguments->sql = words[count - 1];
	arguments->out.has_header = !arguments->no_header;
	return take_url(&cmd_query, count == 2 ? *words : NULL, dir, &arguments->url);
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"version", required_argument, NULL, 'v'},
		{"at", required_argument, NULL, 'v'}, {"mode", required_argument, NULL, 'm'},
		{"json", no_argument, NULL, 'j'}, {"no-header", no_argument, NULL, 'h'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	const char *dir = NULL;
	int option, status = EXIT_DONE;

	while (status == EXIT_DONE &&
		(option = next_option(&cmd_query, argc, argv, ":", options)) != -1) {
		switch (option) {
		case 'v':
			arguments->version = optarg;
			break;
		case 'm':
			status = take_mode(arguments, optarg);
			break;
		case 'j':
			status = take_mode(arguments, "json");
			break;
		case 'h':
			arguments->no_header = true;
			break;
		case 'l':
			dir = optarg;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	return status == EXIT_DONE ? take_words(arguments, dir, argc - optind, argv + optind)
				   : status;
}

/* The rows of the statement that has begun. */
static enum bk_code print_rows(struct bk_query *query, struct rowout *out, struct bk_error *err)
{
	const struct bk_row *row;
	bool more = true;
	enum bk_code code = rowout_begin(out, bk_query_columns(query), err);

	while (!code && more && interrupt_is_heard()) {
		code = bk_query_next(query, &row, &more, err);
		if (!code && more)
			code = rowout_row(out, row, err);
	}
	if (code)
		bk_buf_done(&out->cells);
	return code ? code : rowout_end(out, err);
}

static enum bk_code run_sql(
	struct bk_query *query, struct arguments *arguments, struct bk_error *err)
{
	const char *at = arguments->sql;
	bool has = true;
	enum bk_code code = BK_OK;

	while (!code && has) {
		code = bk_query_begin(query, &at, &has, err);
		if (!code && has)
			code = print_rows(query, &arguments->out, err);
	}
	return code;
}

/* A log_fn. */
static enum bk_code query_log(struct bk_log *log, void *ctx, struct bk_error *err)
{
	struct arguments *arguments = ctx;
	struct bk_entry entry;
	struct bk_query *query;
	enum bk_code code = find_version(log, arguments->version, &entry, err);

	if (!code)
		code = bk_query_open(&query, log, entry.version, err);
	if (code)
		return code;
	code = run_sql(query, arguments, err);
	bk_query_close(query);
	return code;
}

static int query_run(int argc, char **argv)
{
	struct arguments arguments = {.out.mode = ROWMODE_LIST};
	int status = parse(argc, argv, &arguments);

	if (status == EXIT_DONE)
		status = on_log(arguments.url, query_log, &arguments);
	free(arguments.url);
	return status;
}

const struct command cmd_query = {
	.name = "query",
	.summary = "run SQL on the database of a version",
	.help = "Usage: backup-cli query [OPTIONS] [URL] SQL\n"
		"\n"
		"Runs SQL, one statement or several, on the database as it was at a version, the\n"
		"newest unless one is named, and prints the rows. Nothing is changed, and nothing\n"
		"outside of that database can be reached. Without URL it is the log that\n"
		"backup.lock names in the current directory, or in DIR.\n"
		"\n"
		"  --version VERSION    another version\n"
		"  --at TIME            the same: the newest version not after TIME\n"
		"  --mode MODE          as the sqlite3 shell has them: list (the default), tabs,\n"
		"                       csv, json (an object a line), line, quote, insert, html,\n"
		"                       column, table, box, markdown\n"
		"  --json               --mode json\n"
		"  --no-header          rows alone, without the names of columns\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n" HELP_VERSION "\n"
		"Blobs are printed as hexadecimal digits; in quote and insert they are literals.\n",
	.run = query_run,
};
