/* payload.c - statements as the older plugin writes them. */
#include "payload.h"
#include "sqltext.h"
#include <stdlib.h>
#include <string.h>

void bk_older_statements_done(struct bk_older_statements *statements)
{
	free(statements->list);
	*statements = (struct bk_older_statements){0};
}

static enum bk_code add(
	struct bk_older_statements *statements, const void *data, size_t size, struct bk_error *err)
{
	size_t capacity = statements->capacity ? statements->capacity * 2 : 64;
	struct bk_slice *list;

	if (statements->count == BK_CHANGE_STATEMENTS_MAX)
		return bk_fail(err, BK_E_LIMIT, 0, "a change has more than %zu statements",
			BK_CHANGE_STATEMENTS_MAX);
	if (statements->count == statements->capacity) {
		list = realloc(statements->list, capacity * sizeof *list);
		if (!list)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for a change");
		statements->list = list;
		statements->capacity = capacity;
	}
	statements->list[statements->count++] = (struct bk_slice){.data = data, .size = size};
	return BK_OK;
}

enum bk_code bk_older_split(struct bk_older_statements *statements, const void *payload,
	size_t size, struct bk_error *err)
{
	const char *at = payload, *end = at + size, *zero;
	enum bk_code code;

	statements->count = 0;
	do {
		zero = size ? memchr(at, '\0', (size_t)(end - at)) : NULL;
		code = add(statements, at, (size_t)((zero ? zero : end) - at), err);
		at = zero ? zero + 1 : end;
	} while (!code && zero);
	return code;
}

enum bk_code bk_older_join(struct bk_buf *out, const struct bk_change *change, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < change->statement_count && !code; i++) {
		const struct bk_slice *sql = &change->statements[i];

		if (i)
			code = bk_buf_append(out, "", 1, err);
		if (!code)
			code = bk_buf_append(out, sql->data, sql->size, err);
	}
	return code;
}

static const char *match(const char *at, const char *end, const char *word)
{
	size_t size = strlen(word);

	return (size_t)(end - at) >= size && memcmp(at, word, size) == 0 ? at + size : NULL;
}

/* Where the blank is missing in what begins at AT; NULL: nowhere. */
static const char *lacking(const char *at, const char *end)
{
	static const struct {
		const char *before, *behind;
	} places[] = {{"reserved_til=", "WHERE"}, {"peer_id=", "WHERE channels.id="}};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const char *number = match(at, end, places[i].before), *behind = number;

		while (behind && behind < end && *behind >= '0' && *behind <= '9')
			behind++;
		if (behind && behind > number && match(behind, end, places[i].behind))
			return behind;
	}
	return NULL;
}

/* Most have no digit before a WHERE, and need no closer look. */
static bool may_lack(const char *at, const char *end)
{
	const char *begin = at;

	for (; at < end && (at = memmem(at, (size_t)(end - at), "WHERE", 5)); at++)
		if (at > begin && at[-1] >= '0' && at[-1] <= '9')
			return true;
	return false;
}

/* The same for one statement. */
static enum bk_code mend_one(
	struct bk_buf *out, const char *at, const char *end, unsigned *mended, struct bk_error *err)
{
	const char *kept = at, *gap;
	enum bk_code code = BK_OK;
	bool is_comment;

	if (!may_lack(at, end))
		at = end;
	while (at < end && !code) {
		const char *next = bk_sqltext_hidden(at, end, &is_comment);

		gap = next == at ? lacking(at, end) : NULL;
		at = gap ? gap : next == at ? at + 1 : next;
		if (!gap)
			continue;
		code = bk_buf_append(out, kept, (size_t)(gap - kept), err);
		if (!code)
			code = bk_buf_append(out, " ", 1, err);
		kept = gap;
		++*mended;
	}
	return code ? code : bk_buf_append(out, kept, (size_t)(end - kept), err);
}

enum bk_code bk_older_mend(struct bk_buf *out, const void *payload, size_t size, unsigned *mended,
	struct bk_error *err)
{
	const char *at = payload, *end = at + size, *zero;
	enum bk_code code;

	*mended = 0;
	do {
		zero = size ? memchr(at, '\0', (size_t)(end - at)) : NULL;
		code = mend_one(out, at, zero ? zero : end, mended, err);
		if (!code && zero)
			code = bk_buf_append(out, "", 1, err);
		at = zero ? zero + 1 : end;
	} while (!code && zero);
	return code;
}
