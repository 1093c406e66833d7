/* dbwrite.c - a db_write as lightningd writes it, read where it lies. */
#include "dbwrite.h"
#include <stdlib.h>
#include <string.h>

#define UNESCAPED_KEEP ((size_t)1 << 20)
#define ID_MAX         256
#define DIGITS_MAX     10 /* of a version */

enum part { PART_JSONRPC = 1, PART_ID = 2, PART_METHOD = 4, PART_PARAMS = 8, PART_ALL = 15 };
enum param { PARAM_VERSION = 1, PARAM_WRITES = 2, PARAM_ALL = 3 };

struct reader {
	const char *at, *end;
	bool has_escapes; /* anywhere: a text without any is searched for quotes alone */
	unsigned parts, params;
	struct dbwrite *write;
};

/* A string as it is written, without its quotes. */
struct raw {
	const char *data;
	size_t size;
	bool is_escaped;
};

void dbwrite_init(struct dbwrite *write)
{
	*write = (struct dbwrite){0};
	bk_buf_init(&write->unescaped, SIZE_MAX / 2);
}

void dbwrite_done(struct dbwrite *write)
{
	free(write->statements.list);
	bk_buf_done(&write->unescaped);
}

static bool take(struct reader *reader, char what)
{
	while (reader->at < reader->end && *reader->at != what && memchr(" \t\r\n", *reader->at, 4))
		reader->at++;
	if (reader->at == reader->end || *reader->at != what)
		return false;
	reader->at++;
	return true;
}

/* The first '"' from AT on that no backslash stands before; each byte is looked at once for it. */
static const char *find_quote(struct reader *reader, const char *at, bool *is_escaped)
{
	const char *quote = memchr(at, '"', (size_t)(reader->end - at)), *escape;

	while (quote && reader->has_escapes && (escape = memchr(at, '\\', (size_t)(quote - at)))) {
		*is_escaped = true;
		at = escape + 2; /* at most behind the quote */
		if (at > quote)
			quote = memchr(at, '"', (size_t)(reader->end - at));
	}
	return quote;
}

static bool take_string(struct reader *reader, struct raw *raw)
{
	const char *quote;

	if (!take(reader, '"'))
		return false;
	raw->is_escaped = false;
	quote = find_quote(reader, reader->at, &raw->is_escaped);
	if (!quote)
		return false;
	raw->data = reader->at;
	raw->size = (size_t)(quote - reader->at);
	reader->at = quote + 1;
	return true;
}

static bool is_word(const struct raw *raw, const char *word)
{
	return raw->size == strlen(word) && memcmp(raw->data, word, raw->size) == 0;
}

static bool take_word(struct reader *reader, const char *word)
{
	struct raw raw;

	return take_string(reader, &raw) && is_word(&raw, word);
}

/* Once: of two members of one name others may take the other. */
static bool is_first(unsigned *seen, unsigned what)
{
	bool is_first = !(*seen & what);

	*seen |= what;
	return is_first;
}

/* An object of members that MEMBER takes. */
static bool take_object(
	struct reader *reader, bool (*member)(struct reader *reader, const struct raw *name))
{
	struct raw name;

	if (!take(reader, '{'))
		return false;
	do
		if (!take_string(reader, &name) || !take(reader, ':') || !member(reader, &name))
			return false;
	while (take(reader, ','));
	return take(reader, '}');
}

/* What an escape stands for; 0: it is left to others. */
static char meaning(char escape)
{
	static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *found = escape ? strchr(escapes, escape) : NULL;

	return found ? meanings[found - escapes] : '\0';
}

static bool unescape(struct dbwrite *write, const struct raw *raw, struct bk_slice *out)
{
	char *to = (char *)write->unescaped.data + write->unescaped.size;

	out->data = to;
	for (size_t i = 0; i < raw->size; i++) {
		*to = raw->data[i] == '\\' ? meaning(raw->data[++i]) : raw->data[i];
		if (!*to++)
			return false;
	}
	out->size = (size_t)(to - (const char *)out->data);
	write->unescaped.size += out->size;
	return true;
}

static bool add_statement(struct dbwrite *write, const struct raw *raw)
{
	struct statements *statements = &write->statements;
	struct bk_slice *to;
	struct bk_error ignored;
	size_t count = write->change.statement_count;

	if (count == statements->capacity &&
		statements_grow(statements, count ? count * 2 : 64, &ignored))
		return false;
	to = &statements->list[write->change.statement_count++];
	*to = (struct bk_slice){raw->data, raw->size};
	return !raw->is_escaped || unescape(write, raw, to);
}

static bool take_writes(struct reader *reader)
{
	struct raw raw;

	if (!take(reader, '['))
		return false;
	do
		if (!take_string(reader, &raw) || !add_statement(reader->write, &raw))
			return false;
	while (take(reader, ','));
	return take(reader, ']');
}

/* A number without sign, point, exponent or superfluous zeros. */
static bool take_version(struct reader *reader)
{
	const char *start = reader->at;
	uint64_t version = 0;

	while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' &&
		reader->at - start < DIGITS_MAX)
		version = version * 10 + (uint64_t)(*reader->at++ - '0');
	reader->write->change.version = (uint32_t)version;
	return reader->at > start && (*start != '0' || reader->at - start == 1) &&
	       version <= UINT32_MAX;
}

static bool take_param(struct reader *reader, const struct raw *name)
{
	if (is_word(name, "data_version"))
		return is_first(&reader->params, PARAM_VERSION) && take_version(reader);
	if (is_word(name, "writes"))
		return is_first(&reader->params, PARAM_WRITES) && take_writes(reader);
	return false;
}

/* A short string of plain characters, which an answer can repeat as it is. */
static bool take_id(struct reader *reader)
{
	struct raw raw;

	if (!take_string(reader, &raw) || raw.is_escaped || raw.size > ID_MAX)
		return false;
	for (size_t i = 0; i < raw.size; i++)
		if (raw.data[i] < ' ' || raw.data[i] > '~')
			return false;
	reader->write->id = (struct bk_slice){raw.data - 1, raw.size + 2};
	return true;
}

static bool take_part(struct reader *reader, const struct raw *name)
{
	unsigned *parts = &reader->parts;

	if (is_word(name, "jsonrpc"))
		return is_first(parts, PART_JSONRPC) && take_word(reader, "2.0");
	if (is_word(name, "id"))
		return is_first(parts, PART_ID) && take_id(reader);
	if (is_word(name, "method"))
		return is_first(parts, PART_METHOD) && take_word(reader, "db_write");
	if (is_word(name, "params"))
		return is_first(parts, PART_PARAMS) && take_object(reader, take_param);
	return false;
}

/* Room for all that can be unescaped, so that nothing moves; false without memory. */
static bool make_room(struct dbwrite *write, const struct reader *reader)
{
	struct bk_error ignored;

	bk_buf_clear(&write->unescaped, UNESCAPED_KEEP);
	return !reader->has_escapes ||
	       !bk_buf_reserve(&write->unescaped, (size_t)(reader->end - reader->at) + 1, &ignored);
}

bool dbwrite_read(struct dbwrite *write, const struct bk_slice *text)
{
	struct reader reader = {.at = text->data, .write = write};

	reader.end = reader.at + text->size;
	reader.has_escapes = memchr(reader.at, '\\', text->size);
	write->change = (struct bk_change){0};
	if (memchr(reader.at, '\0', text->size) || !make_room(write, &reader) ||
		!take_object(&reader, take_part) || reader.parts != PART_ALL ||
		reader.params != PARAM_ALL)
		return false;
	while (reader.at < reader.end && memchr(" \t\r\n", *reader.at, 4))
		reader.at++;
	write->change.statements = write->statements.list;
	return reader.at == reader.end;
}
