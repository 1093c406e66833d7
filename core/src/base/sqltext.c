/* sqltext.c - where statements begin in a text of SQL. */
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
