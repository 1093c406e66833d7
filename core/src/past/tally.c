/* tally.c - which tables the statements of a change name. */
#include "sqltext.h"
#include <bk/tally.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

void bk_tally_init(struct bk_tally *tally)
{
	tally->count = 0;
	bk_tally_clear(tally);
}

void bk_tally_clear(struct bk_tally *tally)
{
	tally->count = 0;
	tally->schema = tally->others = 0;
	tally->head_size = 0;
}

/* A place in a statement's head. */
struct words {
	const char *at, *end;
};

static bool is_of_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

/* Takes the next word if it is WORD. */
static bool take(struct words *words, const char *word)
{
	size_t length = strlen(word);
	const char *at = bk_sqltext_begin(words->at, words->end);

	if ((size_t)(words->end - at) < length || strncasecmp(at, word, length) != 0)
		return false;
	if (at + length < words->end && is_of_name(at[length]))
		return false;
	words->at = at + length;
	return true;
}

/* What ends a name that begins with QUOTE; 0: it is not quoted. */
static char end_of(char quote)
{
	return quote == '[' ? ']' : quote == '"' || quote == '`' || quote == '\'' ? quote : 0;
}

/* Takes the next name into OUT, cut. */
static bool take_name(struct words *words, char *out)
{
	const char *at = bk_sqltext_begin(words->at, words->end);
	char quote = at < words->end ? end_of(*at) : 0;
	size_t size = 0;

	if (quote)
		at++;
	for (; at < words->end && (quote ? *at != quote : is_of_name(*at)); at++)
		if (size < BK_TALLY_NAME - 1)
			out[size++] = *at;
	out[size] = '\0';
	words->at = at + (quote && at < words->end);
	return size > 0;
}

static bool take_table(struct words *words, char *out)
{
	if (!take_name(words, out))
		return false;
	if (words->at < words->end && *words->at == '.') {
		words->at++;
		return take_name(words, out);
	}
	return true;
}

/* "OR REPLACE" and the like. */
static void take_conflict(struct words *words)
{
	char ignored[BK_TALLY_NAME];

	if (take(words, "OR"))
		(void)take_name(words, ignored);
}

enum deed { DEED_INSERT, DEED_UPDATE, DEED_DELETE, DEED_SCHEMA, DEED_PRAGMA, DEED_OTHER };

static enum deed deed_of(struct words *words)
{
	if (take(words, "INSERT")) {
		take_conflict(words);
		return take(words, "INTO") ? DEED_INSERT : DEED_OTHER;
	}
	if (take(words, "REPLACE"))
		return take(words, "INTO") ? DEED_INSERT : DEED_OTHER;
	if (take(words, "UPDATE")) {
		take_conflict(words);
		return DEED_UPDATE;
	}
	if (take(words, "DELETE"))
		return take(words, "FROM") ? DEED_DELETE : DEED_OTHER;
	if (take(words, "CREATE") || take(words, "ALTER") || take(words, "DROP"))
		return DEED_SCHEMA;
	return take(words, "PRAGMA") ? DEED_PRAGMA : DEED_OTHER;
}

/* The UPDATE that every change ends with. */
static bool is_version(const char *table, const struct words *words)
{
	static const char version[] = "'data_version'";

	return strcasecmp(table, "vars") == 0 &&
	       memmem(words->at, (size_t)(words->end - words->at), version, sizeof version - 1);
}

static struct bk_tally_table *table_of(struct bk_tally *tally, const char *name)
{
	struct bk_tally_table *table = tally->tables;

	for (; table < tally->tables + tally->count; table++)
		if (strcasecmp(table->name, name) == 0)
			return table;
	if (tally->count == BK_TALLY_TABLES)
		return NULL;
	*table = (struct bk_tally_table){.inserts = 0};
	memcpy(table->name, name, strlen(name) + 1);
	tally->count++;
	return table;
}

/* Counts the statement whose head is there. */
static void count(struct bk_tally *tally)
{
	struct words words = {tally->head, tally->head + tally->head_size};
	struct bk_tally_table *table = NULL;
	char name[BK_TALLY_NAME];
	enum deed deed = deed_of(&words);

	tally->head_size = 0;
	if (deed == DEED_PRAGMA)
		return;
	tally->schema += deed == DEED_SCHEMA;
	if (deed == DEED_SCHEMA)
		return;
	if (deed != DEED_OTHER && take_table(&words, name)) {
		if (deed == DEED_UPDATE && is_version(name, &words))
			return;
		table = table_of(tally, name);
	}
	if (!table) {
		tally->others++;
		return;
	}
	table->inserts += deed == DEED_INSERT;
	table->updates += deed == DEED_UPDATE;
	table->deletes += deed == DEED_DELETE;
}

void bk_tally_feed(struct bk_tally *tally, const void *bytes, size_t size)
{
	const char *at = bytes, *end = at + size;

	while (at < end) {
		const char *zero = memchr(at, '\0', (size_t)(end - at));
		size_t part = (size_t)((zero ? zero : end) - at);
		size_t room = BK_TALLY_HEAD - tally->head_size;

		if (part < room)
			room = part;
		memcpy(tally->head + tally->head_size, at, room);
		tally->head_size += room;
		if (zero)
			count(tally);
		at = zero ? zero + 1 : end;
	}
}
