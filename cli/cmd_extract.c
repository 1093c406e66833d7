/* cmd_extract.c - backup-cli extract: rows of tables out of a version. */
#include "arguments.h"
#include "interrupt.h"
#include "json.h"
#include "rowout.h"
#include "which.h"
#include <bk/extract.h>
#include <bk/moment.h>
#include <bk/query.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TABLES_MAX 100

enum form { FORM_SQL, FORM_CSV, FORM_JSON, FORM_SQLITE };

struct arguments {
	char *url;
	const char *version, *where, *output;
	const char *tables[TABLES_MAX];
	size_t table_count;
	enum form form;
};

static bool is_among(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcasecmp(name, *names) == 0)
			return true;
	return false;
}

/* What a node does with its channels and coins hangs on these. */
static const char *const state[] = {"blocks", "channel_blockheights", "channel_configs",
	"channel_feerates", "channel_funding_inflights", "channel_htlcs", "channels", "channeltxs",
	"htlc_sigs", "local_anchors", "outputs", "peers", "penalty_bases", "shachain_known",
	"shachains", "transactions", "utxoset", "vars", NULL};

/* These say what was paid. */
static const char *const paid[] = {
	"forwards", "invoicerequests", "invoices", "offers", "payments", NULL};

/* Names those of the tables that are among NAMES, and says what comes of putting them back. */
static void warn_of(const struct arguments *arguments, const char *const *names, const char *what)
{
	struct shown shown;
	size_t count = 0;

	for (size_t i = 0; i < arguments->table_count; i++)
		if (is_among(arguments->tables[i], names))
			fprintf(stderr, "%s%s", count++ ? ", " : "Warning: the rows of ",
				shown_of(&shown, arguments->tables[i]));
	if (count)
		fprintf(stderr, " are to be looked at, and not to be put back into a node: %s\n",
			what);
}

static int take_form(struct arguments *arguments, const char *text)
{
	static const char *const names[] = {"sql", "csv", "json", "sqlite", NULL};

	for (size_t i = 0; names[i]; i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		arguments->form = (enum form)i;
		return EXIT_DONE;
	}
	return no_such(&cmd_extract, "format", text, names);
}

static int take_table(struct arguments *arguments, const char *name)
{
	if (arguments->table_count == TABLES_MAX)
		return usage_error(&cmd_extract, "more than %d tables", TABLES_MAX);
	arguments->tables[arguments->table_count++] = name;
	return EXIT_DONE;
}

static int take_rest(struct arguments *arguments, const char *dir, int count, char **words)
{
	bool is_file = arguments->form == FORM_SQLITE;

	if (count > 1)
		return usage_error(&cmd_extract, "name one URL");
	if (!arguments->table_count)
		return usage_error(&cmd_extract, "name a table: --table TABLE");
	if (is_file && !arguments->output)
		return usage_error(&cmd_extract, "--format sqlite wants --output FILE");
	if (!is_file && arguments->output)
		return usage_error(&cmd_extract,
			"--output is for --format sqlite; other formats go to standard output");
	if (arguments->form == FORM_CSV && arguments->table_count > 1)
		return usage_error(&cmd_extract, "--format csv is of one table");
	return take_url(&cmd_extract, count ? *words : NULL, dir, &arguments->url);
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"version", required_argument, NULL, 'v'},
		{"at", required_argument, NULL, 'v'}, {"table", required_argument, NULL, 't'},
		{"where", required_argument, NULL, 'w'}, {"format", required_argument, NULL, 'f'},
		{"json", no_argument, NULL, 'j'}, {"output", required_argument, NULL, 'o'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	const char *dir = NULL;
	int option, status = EXIT_DONE;

	while (status == EXIT_DONE &&
		(option = next_option(&cmd_extract, argc, argv, ":t:o:", options)) != -1) {
		switch (option) {
		case 'v':
			arguments->version = optarg;
			break;
		case 't':
			status = take_table(arguments, optarg);
			break;
		case 'w':
			arguments->where = optarg;
			break;
		case 'f':
			status = take_form(arguments, optarg);
			break;
		case 'j':
			status = take_form(arguments, "json");
			break;
		case 'o':
			arguments->output = optarg;
			break;
		case 'l':
			dir = optarg;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	return status == EXIT_DONE ? take_rest(arguments, dir, argc - optind, argv + optind)
				   : status;
}

static cJSON *row_json(const char *table, const struct bk_row *row)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *values = cJSON_AddObjectToObject(object, "row");

	for (size_t i = 0; i < row->count; i++)
		cJSON_AddItemToObject(values, row->names[i], value_json(&row->values[i]));
	cJSON_AddStringToObject(object, "table", table);
	return object;
}

static enum bk_code print_row(const struct arguments *arguments, const char *table,
	struct rowout *out, const struct bk_row *row, struct bk_error *err)
{
	enum bk_code code;

	if (arguments->form != FORM_JSON)
		return rowout_row(out, row, err);
	code = json_print_line(row_json(table, row), err);
	putchar('\n');
	return code;
}

static enum bk_code print_table(struct bk_query *query, const struct arguments *arguments,
	const char *table, struct bk_error *err)
{
	struct rowout out = {.mode = arguments->form == FORM_CSV ? ROWMODE_CSV : ROWMODE_INSERT,
		.has_header = true,
		.table = table};
	const struct bk_row *row;
	bool more = true;
	enum bk_code code = bk_query_table(query, table, arguments->where, err);

	if (!code)
		code = rowout_begin(&out, bk_query_columns(query), err);
	while (!code && more && interrupt_is_heard()) {
		code = bk_query_next(query, &row, &more, err);
		if (!code && more)
			code = print_row(arguments, table, &out, row, err);
	}
	return code ? code : rowout_end(&out, err);
}

static enum bk_code print_tables(struct bk_log *log, const struct arguments *arguments,
	const struct bk_entry *entry, struct bk_error *err)
{
	struct bk_query *query;
	char time[BK_MOMENT_TEXT];
	enum bk_code code = bk_query_open(&query, log, entry->version, err);

	if (code)
		return code;
	bk_moment_text(time, entry->time_us, true);
	if (arguments->form == FORM_SQL)
		printf("-- rows of version %" PRIu32 ", of %s\n", entry->version, time);
	for (size_t i = 0; i < arguments->table_count && !code; i++)
		code = print_table(query, arguments, arguments->tables[i], err);
	bk_query_close(query);
	return code;
}

static enum bk_code write_database(struct bk_log *log, const struct arguments *arguments,
	uint32_t version, struct bk_error *err)
{
	struct bk_extract_result result;
	char size[32];
	enum bk_code code = bk_extract(log, version, arguments->tables, arguments->table_count,
		arguments->where, arguments->output, &result, err);

	if (code)
		return code;
	bytes_text(size, result.bytes);
	printf("Extracted %" PRIu64 " rows of version %" PRIu32 " to %s (%s)\n", result.rows,
		version, arguments->output, size);
	return BK_OK;
}

/* A log_fn. */
static enum bk_code extract(struct bk_log *log, void *ctx, struct bk_error *err)
{
	const struct arguments *arguments = ctx;
	struct bk_entry entry;
	enum bk_code code = find_version(log, arguments->version, &entry, err);

	if (code)
		return code;
	warn_of(arguments, state,
		"with them it could publish a revoked state, or spend what is spent, and lose "
		"funds");
	warn_of(arguments, paid, "with them it could pay twice, or take for unpaid what is paid");
	return arguments->form == FORM_SQLITE ? write_database(log, arguments, entry.version, err)
					      : print_tables(log, arguments, &entry, err);
}

static int extract_run(int argc, char **argv)
{
	struct arguments arguments = {.form = FORM_SQL};
	int status = parse(argc, argv, &arguments);

	if (status == EXIT_DONE)
		status = on_log(arguments.url, extract, &arguments);
	free(arguments.url);
	return status;
}

const struct command cmd_extract = {
	.name = "extract",
	.summary = "print rows of tables out of a version",
	.help = "Usage: backup-cli extract --table TABLE [OPTIONS] [URL]\n"
		"\n"
		"Prints the rows that tables had at a version, the newest unless one is named.\n"
		"Without URL it is the log that backup.lock names in the current directory, or\n"
		"in DIR.\n"
		"\n"
		"  -t, --table TABLE    which table; may be given several times\n"
		"  --where EXPRESSION   only its rows for which this SQL is true\n"
		"  --version VERSION    another version\n"
		"  --at TIME            the same: the newest version not after TIME\n"
		"  --format FORMAT      sql (INSERT statements, the default), csv (of one table),\n"
		"                       json (an object a line), sqlite (a new database)\n"
		"  --json               --format json\n"
		"  -o, --output FILE    the database that --format sqlite makes\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n" HELP_VERSION "\n"
		"Where rows are safe to look at and not to put back into a node, that is said: a\n"
		"node with old rows of its channels can lose their funds.\n",
	.run = extract_run,
};
