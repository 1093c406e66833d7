/* sqltext.c - where statements begin in a text of SQL, and what a schema's calls. */
#include "sqltext.h"
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define PRAGMA      "PRAGMA"
#define PRAGMA_SIZE (sizeof PRAGMA - 1)

/* Whether the word can be there at all: most statements say no within their first bytes. */
static bool may_have_pragma(const char *at, const char *end)
{
	for (int which = 0; which < 2; which++)
		for (const char *p = at; (p = memchr(p, "pP"[which], (size_t)(end - p))); p++)
			if ((size_t)(end - p) >= PRAGMA_SIZE &&
				strncasecmp(p, PRAGMA, PRAGMA_SIZE) == 0)
				return true;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Behind the next CLOSING from AT on, or END. */
static const char *behind(const char *at, const char *end, const char *closing)
{
	const char *found = memmem(at, (size_t)(end - at), closing, strlen(closing));

	return found ? found + strlen(closing) : end;
}

const char *bk_sqltext_hidden(const char *at, const char *end, bool *is_comment)
{
	bool has_two = end - at >= 2;

	*is_comment = has_two && ((at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*'));
	if (*is_comment)
		return behind(at + 2, end, at[0] == '-' ? "\n" : "*/");
	switch (*at) {
	case '\'':
		return behind(at + 1, end, "'");
	case '"':
		return behind(at + 1, end, "\"");
	case '`':
		return behind(at + 1, end, "`");
	case '[':
		return behind(at + 1, end, "]");
	default:
		return at;
	}
}

const char *bk_sqltext_begin(const char *at, const char *end)
{
	while (at < end) {
		bool is_comment = false;
		const char *next = bk_sqltext_hidden(at, end, &is_comment);

		if (!is_comment && !is_blank(*at) && *at != ';')
			return at;
		at = is_comment ? next : at + 1;
	}
	return end;
}

static const char *word_end(const char *at, const char *end)
{
	while (at < end && is_word(*at))
		at++;
	return at;
}

const char *bk_sqltext_pragma(const char *at, const char *end)
{
	bool begins = true;

	if (!may_have_pragma(at, end))
		return NULL;
	while (at < end) {
		bool is_comment;
		const char *next = bk_sqltext_hidden(at, end, &is_comment);

		if (next == at)
			next = word_end(at, end);
		if (begins && (size_t)(next - at) == PRAGMA_SIZE &&
			strncasecmp(at, PRAGMA, PRAGMA_SIZE) == 0)
			return at;
		if (next == at)
			next++;
		if (*at == ';')
			begins = true;
		else if (!is_comment && !is_blank(*at))
			begins = false;
		at = next;
	}
	return NULL;
}

size_t bk_sqltext_code(const char *sql, size_t size, size_t *longest)
{
	const char *at = sql, *end = sql + size;
	size_t code = 0;

	*longest = 0;
	while (at < end) {
		bool is_comment;
		const char *next = bk_sqltext_hidden(at, end, &is_comment);

		if (next == at) {
			code++;
			next++;
		} else if ((size_t)(next - at) > *longest) {
			*longest = (size_t)(next - at);
		}
		at = next;
	}
	return code;
}

bool bk_sqltext_is_virtual(const char *sql, const char *end)
{
	static const char *const words[] = {"CREATE", "VIRTUAL"};

	for (size_t i = 0; i < 2; i++) {
		const char *word = bk_sqltext_begin(sql, end);

		sql = word_end(word, end);
		if ((size_t)(sql - word) != strlen(words[i]) ||
			strncasecmp(word, words[i], strlen(words[i])) != 0)
			return false;
	}
	return true;
}

/* A walk over the parts of a schema's statement. */
struct schema_walk {
	bool is_index;
	unsigned depth;   /* of brackets */
	unsigned within;  /* the depth of the bracket that an expression stands in; 0: in none */
	const char *name; /* the word or quoted name directly before; NULL: something else is */
	size_t name_size;
};

static bool is_among(const char *word, size_t size, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == size && strncasecmp(word, words[i], size) == 0)
			return true;
	return false;
}

/* Whether a bracket behind WALK's name begins the arguments of a function. */
static bool is_call(const struct schema_walk *walk)
{
	static const char *const operators[] = {"AND", "AS", "BETWEEN", "CASE", "CAST", "CHECK",
		"COLLATE", "DEFAULT", "ELSE", "ESCAPE", "GLOB", "IN", "IS", "LIKE", "MATCH", "NOT",
		"OR", "REGEXP", "THEN", "WHEN", "WHERE"};
	const char *name = walk->name;

	return name && walk->within && *name != '\'' && !(*name >= '0' && *name <= '9') &&
	       !is_among(name, walk->name_size, operators, sizeof operators / sizeof *operators);
}

/* A bracket opens: is an expression behind it? */
static void open_bracket(struct schema_walk *walk)
{
	static const char *const words[] = {"AS", "CHECK", "DEFAULT"};

	walk->depth++;
	if (!walk->within &&
		(walk->is_index || (walk->name && is_among(walk->name, walk->name_size, words, 3))))
		walk->within = walk->depth;
}

/* What follows an index's columns is an expression, too. */
static void close_bracket(struct schema_walk *walk)
{
	if (walk->within == walk->depth && !walk->is_index)
		walk->within = 0;
	if (walk->depth)
		walk->depth--;
}

const char *bk_sqltext_call(const char *sql, const char *end, bool is_index, size_t *size)
{
	struct schema_walk walk = {.is_index = is_index};

	for (const char *at = sql, *next; at < end; at = next) {
		bool is_comment;

		next = bk_sqltext_hidden(at, end, &is_comment);
		if (is_comment || (next == at && is_blank(*at))) {
			next += next == at;
			continue;
		}
		if (next == at)
			next = word_end(at, end);
		if (next > at) {
			walk.name = at;
			walk.name_size = (size_t)(next - at);
			continue;
		}
		if (*at == '(' && is_call(&walk)) {
			*size = walk.name_size;
			return walk.name;
		}
		if (*at == '(')
			open_bracket(&walk);
		else if (*at == ')')
			close_bracket(&walk);
		walk.name = NULL;
		next = at + 1;
	}
	return NULL;
}
