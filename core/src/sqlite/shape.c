/* shape.c - a statement of SQL without its values. */
#include "shape.h"
#include "hex.h"
#include <sqlite3.h>
#include <string.h>
#include <strings.h>

/* What a byte is, or begins. */
enum kind { OTHER, BLANK, WORD, DIGIT, QUOTE, MARK };

/* A text on its way into its shape. */
struct walk {
	struct shape *shape;
	const char *at, *end;
	char last; /* the mark before AT, or 0: something else is */
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_letter(c) || is_digit(c) || c == '$' || (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static enum kind kind_of(char c)
{
	if (is_letter(c))
		return WORD;
	if (is_digit(c))
		return DIGIT;
	if (is_blank(c))
		return BLANK;
	if (c == '\'')
		return QUOTE;
	return c && strchr("(),.=<>!+-;", c) ? MARK : OTHER;
}

static bool put(struct shape *shape, const char *text, size_t size)
{
	if (size > SHAPE_TEXT - shape->size)
		return false;
	memcpy(shape->text + shape->size, text, size);
	shape->size += size;
	return true;
}

/* A value ends at NEXT. */
static bool put_value(struct walk *walk, const struct shape_value *value, const char *next)
{
	struct shape *shape = walk->shape;

	if (shape->count == SHAPE_VALUES)
		return false;
	shape->values[shape->count++] = *value;
	walk->at = next;
	walk->last = 0;
	return put(shape, "?", 1);
}

static bool take_number(struct walk *walk)
{
	struct shape_value value = {.kind = SHAPE_INTEGER};
	const char *at = walk->at;

	for (; at < walk->end && is_digit(*at); at++) {
		int digit = *at - '0';

		if (value.number > (INT64_MAX - digit) / 10)
			return false;
		value.number = value.number * 10 + digit;
	}
	if (at < walk->end && (is_word(*at) || *at == '.'))
		return false;
	return put_value(walk, &value, at);
}

/* Copies a text of SIZE bytes in which each quote stands twice. */
static void unquote(struct shape *shape, struct shape_value *value, const char *text, size_t size)
{
	char *to = shape->bytes + shape->used, *begin = to;

	for (size_t i = 0; i < size; i++) {
		*to++ = text[i];
		i += text[i] == '\'';
	}
	value->data = begin;
	value->size = (int)(to - begin);
	shape->used += (size_t)(to - begin);
}

static bool take_text(struct walk *walk)
{
	struct shape_value value = {.kind = SHAPE_TEXTUAL, .data = walk->at + 1};
	const char *at = walk->at + 1;
	bool has_quote = false;

	while ((at = memchr(at, '\'', (size_t)(walk->end - at)))) {
		if (at + 1 == walk->end || at[1] != '\'')
			break;
		has_quote = true;
		at += 2;
	}
	if (!at)
		return false;
	value.size = (int)(at - value.data);
	if (has_quote)
		unquote(walk->shape, &value, value.data, (size_t)value.size);
	return put_value(walk, &value, at + 1);
}

/* The hexadecimal digits of a blob begin two bytes behind AT. */
static bool take_blob(struct walk *walk)
{
	struct shape *shape = walk->shape;
	struct shape_value value = {.kind = SHAPE_BLOB, .data = shape->bytes + shape->used};
	const char *digits = walk->at + 2, *end;

	end = memchr(digits, '\'', (size_t)(walk->end - digits));
	if (!end || !bk_hex_decode(shape->bytes + shape->used, digits, (size_t)(end - digits)))
		return false;
	value.size = (int)(end - digits) / 2;
	shape->used += (size_t)value.size;
	return put_value(walk, &value, end + 1);
}

static bool take_word(struct walk *walk)
{
	static const struct shape_value null = {.kind = SHAPE_NULL};
	const char *word = walk->at, *next = word;
	char before = walk->last;

	while (next < walk->end && is_word(*next)) {
		if ((unsigned char)*next >= 0x80)
			return false;
		next++;
	}
	if (next - word == 1 && (*word | 0x20) == 'x' && next < walk->end && *next == '\'')
		return take_blob(walk);
	/* IS NULL is another matter, and stays as it is. */
	if (before == '=' && next - word == 4 && strncasecmp(word, "NULL", 4) == 0)
		return put_value(walk, &null, next);
	walk->at = next;
	walk->last = 0;
	return put(walk->shape, word, (size_t)(next - word));
}

static bool take_mark(struct walk *walk)
{
	const char *mark = walk->at++;
	bool has_more = walk->at < walk->end;

	walk->last = *mark;
	switch (*mark) {
	case '-': /* a comment, or an operator that takes JSON apart */
		if (has_more && (*walk->at == '-' || *walk->at == '>'))
			return false;
		break;
	case '.':
		if (has_more && is_digit(*walk->at))
			return false;
		break;
	case ';': /* nothing behind it */
		while (walk->at < walk->end && is_blank(*walk->at))
			walk->at++;
		return walk->at == walk->end;
	default:
		break;
	}
	return put(walk->shape, mark, 1);
}

static bool take_blanks(struct walk *walk)
{
	const char *blank = walk->at;

	while (walk->at < walk->end && is_blank(*walk->at))
		walk->at++;
	return put(walk->shape, blank, (size_t)(walk->at - blank));
}

static bool take(struct walk *walk)
{
	switch (kind_of(*walk->at)) {
	case BLANK:
		return take_blanks(walk);
	case WORD:
		return take_word(walk);
	case DIGIT:
		return take_number(walk);
	case QUOTE:
		return take_text(walk);
	case MARK:
		return take_mark(walk);
	case OTHER:
		break;
	}
	return false;
}

bool bk_shape_read(struct shape *out, const struct bk_slice *sql)
{
	struct walk walk = {.shape = out, .at = sql->data};

	out->size = out->count = out->used = 0;
	/* SQLite ends a text at its first zero. */
	if (!sql->size || sql->size > SHAPE_SQL || memchr(sql->data, 0, sql->size))
		return false;
	walk.end = walk.at + sql->size;
	while (walk.at < walk.end)
		if (!take(&walk))
			return false;
	return true;
}

static bool is_among(const char *word, size_t size, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == size && strncasecmp(word, *words, size) == 0)
			return true;
	return false;
}

/* The next word of the text from *AT on, which moves behind it; its SIZE is 0 where there is none.
 */
static const char *next_word(const char **at, const char *end, size_t *size)
{
	const char *word;

	while (*at < end && !is_word(**at))
		(*at)++;
	word = *at;
	while (*at < end && is_word(**at))
		(*at)++;
	*size = (size_t)(*at - word);
	return word;
}

bool bk_shape_is_simple(const struct shape *shape)
{
	static const char *const begin[] = {"DELETE", "INSERT", "UPDATE", NULL};
	static const char *const second[] = {"FROM", "INTO", NULL};
	static const char *const others[] = {
		"AND", "IS", "NOT", "NULL", "OR", "SET", "VALUES", "WHERE", NULL};
	const char *at = shape->text, *end = at + shape->size, *word;
	size_t size, count = 0;

	for (word = next_word(&at, end, &size); size; word = next_word(&at, end, &size), count++) {
		bool is_own = sqlite3_keyword_check(word, (int)size);

		if (count == 0 && !is_among(word, size, begin))
			return false;
		if (count == 1 && is_own && is_among(word, size, second))
			continue;
		if (count && is_own && !is_among(word, size, others))
			return false;
	}
	return count > 0;
}
