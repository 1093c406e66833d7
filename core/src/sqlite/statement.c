/* statement.c - what may be said of a statement, and of why it failed. */
#include "statement.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 48

struct scan {
	const char *at, *end;
	char word[WORD_MAX + 1]; /* "": none, or one that is no plain name */
};

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* Passes over what SQL begins with at SCAN->at, if it is a comment of the kind that OPEN begins and
 * CLOSE ends. */
static bool pass_comment(struct scan *scan, const char *open, const char *close)
{
	const char *end;

	if (scan->end - scan->at < 2 || memcmp(scan->at, open, 2) != 0)
		return false;
	end = memmem(scan->at + 2, (size_t)(scan->end - scan->at - 2), close, strlen(close));
	scan->at = end ? end + strlen(close) : scan->end;
	return true;
}

static void pass_blanks(struct scan *scan)
{
	const char *before;

	do {
		before = scan->at;
		while (scan->at < scan->end &&
			(isspace((unsigned char)*scan->at) || *scan->at == ';'))
			scan->at++;
	} while (pass_comment(scan, "--", "\n") || pass_comment(scan, "/*", "*/") ||
		 scan->at != before);
}

/* Where the word at SCAN->at ends, and where what follows it begins. */
static const char *word_end(const struct scan *scan, const char **start, const char **next)
{
	static const char opening[] = "\"`[", closing[] = "\"`]";
	const char *quote = scan->at < scan->end ? strchr(opening, *scan->at) : NULL;
	const char *end;

	*start = *next = scan->at;
	if (quote && *quote) {
		*start = scan->at + 1;
		end = memchr(*start, closing[quote - opening], (size_t)(scan->end - *start));
		*next = end ? end + 1 : scan->end;
		return end ? end : *start;
	}
	for (end = scan->at; end < scan->end && is_name(*end); end++)
		;
	*next = end;
	return end;
}

/* Takes the next word into SCAN->word. */
static void next_word(struct scan *scan)
{
	const char *start, *next, *end;
	bool is_plain;

	pass_blanks(scan);
	end = word_end(scan, &start, &next);
	is_plain = end > start && end - start <= WORD_MAX;
	for (const char *c = start; c < end && is_plain; c++)
		is_plain = is_name(*c);
	snprintf(scan->word, sizeof scan->word, "%.*s", is_plain ? (int)(end - start) : 0, start);
	scan->at = next;
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcasecmp(word, *list) == 0)
			return true;
	return false;
}

/* Puts WORD in capitals behind OUT. */
static void put_keyword(char *out, const char *word)
{
	size_t size = strlen(out);

	if (size)
		out[size++] = ' ';
	while (*word && size < BK_STATEMENT_TEXT - 1)
		out[size++] = (char)toupper((unsigned char)*word++);
	out[size] = '\0';
}

/* What may stand between the kind of a statement and its table. */
static void pass_between(struct scan *scan)
{
	static const char *const between[] = {"or", "rollback", "abort", "fail", "ignore",
		"replace", "into", "from", "if", "not", "exists", NULL};

	do
		next_word(scan);
	while (is_one_of(scan->word, between));
}

/* What CREATE, DROP, ALTER are about, which goes to OUT: TABLE, UNIQUE INDEX, ... */
static void take_thing(struct scan *scan, char *out)
{
	static const char *const before[] = {"temp", "temporary", "unique", "virtual", NULL};
	static const char *const things[] = {"table", "index", "view", "trigger", NULL};

	do {
		next_word(scan);
		if (is_one_of(scan->word, before) || is_one_of(scan->word, things))
			put_keyword(out, scan->word);
	} while (is_one_of(scan->word, before));
}

void bk_statement_name(char *out, const struct bk_slice *sql)
{
	static const char *const on_tables[] = {
		"insert", "replace", "update", "delete", "pragma", NULL};
	static const char *const on_things[] = {"create", "drop", "alter", NULL};
	static const char *const others[] = {"select", "with", "savepoint", "release", "begin",
		"commit", "end", "rollback", "attach", "detach", "vacuum", "reindex", "analyze",
		"values", "explain", NULL};
	struct scan scan = {.at = sql->data, .end = (const char *)sql->data + sql->size};
	bool is_of_thing;
	size_t size;

	next_word(&scan);
	*out = '\0';
	is_of_thing = is_one_of(scan.word, on_things);
	if (!is_of_thing && !is_one_of(scan.word, on_tables)) {
		if (is_one_of(scan.word, others))
			put_keyword(out, scan.word);
		else
			strcpy(out, "a statement");
		return;
	}
	put_keyword(out, scan.word);
	if (is_of_thing)
		take_thing(&scan, out);
	pass_between(&scan);
	size = strlen(out);
	if (*scan.word)
		snprintf(out + size, BK_STATEMENT_TEXT - size, " %s", scan.word);
}

/* SQLite's messages that name, behind their last blank, a thing of the schema. */
static bool names_schema(const char *message)
{
	static const char *const starts[] = {"no such table: ", "no such function: ",
		"no such collation sequence: ", "no such module: ", "UNIQUE constraint failed: ",
		"NOT NULL constraint failed: ", "not authorized to use function: ", NULL};

	for (const char *const *start = starts; *start; start++)
		if (strncmp(message, *start, strlen(*start)) == 0)
			return true;
	return false;
}

void bk_statement_why(char *out, const char *message)
{
	const bool has_name = names_schema(message);
	const char *c = message;
	size_t size = 0;

	if (strncmp(message, "near ", 5) == 0)
		c = "syntax error";
	for (; *c && size < BK_STATEMENT_WHY - 1; c++) {
		if (strchr("\"'`[\n\r", *c) || (!has_name && *c == ':'))
			break;
		if (isprint((unsigned char)*c))
			out[size++] = *c;
	}
	while (size && (out[size - 1] == ' ' || out[size - 1] == ':'))
		size--;
	out[size] = '\0';
	if (!size)
		strcpy(out, "for no reason that can be told");
}
