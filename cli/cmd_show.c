/* cmd_show.c - backup-cli show: the statements of a version. */
#include "arguments.h"
#include "interrupt.h"
#include "json.h"
#include "pager.h"
#include "which.h"
#include <bk/changes.h>
#include <bk/moment.h>
#include <bk/text.h>
#include <bk/version.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a statement, what is printed; of a literal in it, in text. */
#define STATEMENT_MAX ((size_t)64 << 20)
#define LITERAL_WHOLE 140
#define LITERAL_SHOWN 64

struct arguments {
	char *url;
	const char *version;
	bool json;
};

/* The statements of one version, as they come in pieces. */
struct showing {
	const struct bk_entry *entry;
	struct bk_buf statement; /* under way */
	bool json, is_cut;
	uint64_t count;
};

static int take_words(struct arguments *arguments, const char *dir, int count, char **words)
{
	bool has_url = begins_with_url(count, words, dir);

	if (count > 1 + has_url)
		return usage_error(&cmd_show, "name a URL and one version");
	if (count > has_url)
		arguments->version = words[count - 1];
	return take_url(&cmd_show, has_url && count ? *words : NULL, dir, &arguments->url);
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	const char *dir = NULL;
	int option;

	while ((option = next_option(&cmd_show, argc, argv, ":", options)) != -1) {
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

/* Behind the literal that begins at AT: a quote alone ends it, two are one in it. */
static const char *behind_literal(const char *at, const char *end)
{
	for (at++; at < end; at++) {
		if (*at != '\'')
			continue;
		if (at + 1 < end && at[1] == '\'')
			at++;
		else
			return at + 1;
	}
	return end;
}

/* Prints SIZE bytes, which a zero byte may replace the next of, with their control characters
 * shown. */
static enum bk_code print_part(char *at, size_t size, struct bk_error *err)
{
	char *shown = malloc(BK_SHOWN_SIZE(size)), kept = at[size];

	if (!shown)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a statement");
	at[size] = '\0';
	fputs(bk_show_controls(shown, BK_SHOWN_SIZE(size), at), stdout);
	at[size] = kept;
	free(shown);
	return BK_OK;
}

/* Prints a statement with its long literals cut. */
static enum bk_code print_text(char *at, char *end, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	while (at < end && !code) {
		char *quote = memchr(at, '\'', (size_t)(end - at));
		size_t before = (size_t)((quote ? quote : end) - at);
		size_t size = quote ? (size_t)(behind_literal(quote, end) - quote) : 0;
		size_t part = size > LITERAL_WHOLE ? LITERAL_SHOWN : size;

		code = print_part(at, before + part, err);
		if (!code && part < size)
			printf("...' /* %zu more */", size - part - 1);
		at += before + size;
	}
	return code;
}

static enum bk_code print_json(const struct showing *showing, struct bk_error *err)
{
	cJSON *object = cJSON_CreateObject();
	char time[BK_MOMENT_TEXT];
	enum bk_code code;

	bk_moment_text(time, showing->entry->time_us, false);
	json_add_count(object, "version", showing->entry->version);
	cJSON_AddStringToObject(object, "time", time);
	json_add_time(object, "time_us", showing->entry->time_us);
	json_add_count(object, "number", showing->count);
	cJSON_AddStringToObject(object, "sql", (const char *)showing->statement.data);
	if (showing->is_cut)
		cJSON_AddTrueToObject(object, "cut");
	code = json_print_line(object, err);
	putchar('\n');
	return code;
}

/* A statement is whole. */
static enum bk_code print_statement(struct showing *showing, struct bk_error *err)
{
	struct bk_buf *statement = &showing->statement;
	enum bk_code code = bk_buf_append(statement, "", 1, err);

	showing->count++;
	if (!code && showing->json) {
		code = print_json(showing, err);
	} else if (!code) {
		char *text = (char *)statement->data;
		size_t size = statement->size - 1;

		code = print_text(text, text + size, err);
		fputs(showing->is_cut                   ? "... /* cut */\n"
			: size && text[size - 1] == ';' ? "\n"
							: ";\n",
			stdout);
	}
	statement->size = 0;
	showing->is_cut = false;
	return code;
}

static enum bk_code add(
	struct showing *showing, const char *bytes, size_t size, struct bk_error *err)
{
	size_t room = STATEMENT_MAX - showing->statement.size;

	showing->is_cut |= size > room;
	return bk_buf_append(&showing->statement, bytes, size < room ? size : room, err);
}

/* A bk_sql_fn. */
static enum bk_code on_piece(void *ctx, const void *bytes, size_t size, struct bk_error *err)
{
	struct showing *showing = ctx;
	const char *at = bytes, *end = at + size;
	enum bk_code code = BK_OK;

	while (at < end && !code) {
		const char *zero = memchr(at, '\0', (size_t)(end - at));

		code = add(showing, at, (size_t)((zero ? zero : end) - at), err);
		if (!code && zero)
			code = print_statement(showing, err);
		at = zero ? zero + 1 : end;
	}
	return code;
}

static void print_head(const struct bk_entry *entry)
{
	char time[BK_MOMENT_TEXT], age[BK_MOMENT_TEXT];

	bk_moment_text(time, entry->time_us, true);
	bk_moment_age(age, entry->time_us, now_us());
	printf("-- version %" PRIu32 ", of %s (%s), %" PRIu32 " statements\n", entry->version, time,
		age, entry->statements);
	if (entry->flags & BK_ENTRY_KEPT)
		printf("-- kept by a compaction, without the changes that led there\n");
	else if (entry->flags & BK_ENTRY_SNAPSHOT)
		printf("-- a snapshot: it was copied, and no change led there\n");
}

/* Prints the changes of the version that stand. */
static enum bk_code show_changes(
	struct bk_changes *changes, struct showing *showing, struct bk_error *err)
{
	struct bk_entry next;
	bool more = true;
	enum bk_code code = BK_OK;

	while (!code && more && interrupt_is_heard()) {
		code = bk_changes_peek(changes, &next, &more, err);
		if (code || !more || bk_version_after(next.version, showing->entry->version))
			break;
		code = bk_changes_next(changes, &next, bk_entry_stands(&next) ? on_piece : NULL,
			showing, &more, err);
	}
	return code;
}

/* A log_fn. */
static enum bk_code show(struct bk_log *log, void *ctx, struct bk_error *err)
{
	const struct arguments *arguments = ctx;
	struct showing showing = {.json = arguments->json};
	struct bk_changes *changes;
	struct bk_entry entry;
	enum bk_code code = find_version(log, arguments->version, &entry, err);

	if (!code)
		code = bk_changes_open(&changes, log, entry.version, err);
	if (code)
		return code;
	showing.entry = &entry;
	bk_buf_init(&showing.statement, STATEMENT_MAX + 1);
	if (!arguments->json) {
		pager_begin();
		print_head(&entry);
	}
	code = show_changes(changes, &showing, err);
	bk_buf_done(&showing.statement);
	bk_changes_close(changes);
	return code;
}

static int show_run(int argc, char **argv)
{
	struct arguments arguments = {0};
	int status = parse(argc, argv, &arguments);

	if (status == EXIT_DONE)
		status = on_log(arguments.url, show, &arguments);
	free(arguments.url);
	return status;
}

const struct command cmd_show = {
	.name = "show",
	.summary = "print the statements of a version",
	.help = "Usage: backup-cli show [OPTIONS] [URL] [VERSION]\n"
		"\n"
		"Prints the SQL statements that led to a version, the newest unless one is\n"
		"named. Long literals are cut, control characters are shown: to have them as they\n"
		"are, take --json, or the mount's changes/N.sql. Without URL it is the log that\n"
		"backup.lock names in the current directory, or in DIR.\n"
		"\n"
		"  --json               an object a line for each statement, whole\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n" HELP_VERSION,
	.run = show_run,
};
