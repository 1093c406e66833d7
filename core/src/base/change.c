/* change.c - what can be told of a change without running it. */
#include <bk/change.h>
#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && memchr(" \t\r\n", *at, 4))
		at++;
	return at;
}

/* Steps over WORD, in any case, and the blanks around it; NULL if something else stands there. */
static const char *skip_word(const char *at, const char *end, const char *word)
{
	size_t size = strlen(word);

	if (!at)
		return NULL;
	at = skip_blanks(at, end);
	if ((size_t)(end - at) < size || strncasecmp(at, word, size) != 0)
		return NULL;
	return skip_blanks(at + size, end);
}

static bool is_rest(const char *at, const char *end, const char *value)
{
	at = skip_word(at, end, value);
	if (at && at < end && *at == ';')
		at = skip_blanks(at + 1, end);
	return at == end;
}

enum bk_pragma bk_change_pragma(const struct bk_change *change)
{
	const char *at, *end;

	if (change->statement_count != 1)
		return BK_PRAGMA_NONE;
	at = change->statements[0].data;
	end = at + change->statements[0].size;
	at = skip_word(at, end, "PRAGMA");
	if (!at)
		return BK_PRAGMA_NONE;
	at = skip_word(skip_word(at, end, "foreign_keys"), end, "=");
	if (at && (is_rest(at, end, "OFF") || is_rest(at, end, "0")))
		return BK_PRAGMA_FOREIGN_KEYS_OFF;
	if (at && (is_rest(at, end, "ON") || is_rest(at, end, "1")))
		return BK_PRAGMA_FOREIGN_KEYS_ON;
	return BK_PRAGMA_OTHER;
}

enum bk_code bk_change_check(const struct bk_change *change, struct bk_error *err)
{
	size_t bytes = 0;

	if (!change->statement_count)
		return bk_fail(
			err, BK_E_INVALID, 0, "version %u has no statements", change->version);
	if (change->statement_count > BK_CHANGE_STATEMENTS_MAX)
		return bk_fail(err, BK_E_LIMIT, 0,
			"version %u has %zu statements, the limit is %zu", change->version,
			change->statement_count, BK_CHANGE_STATEMENTS_MAX);
	for (size_t i = 0; i < change->statement_count; i++) {
		const struct bk_slice *sql = &change->statements[i];

		if (sql->size && memchr(sql->data, '\0', sql->size))
			return bk_fail(err, BK_E_INVALID, 0,
				"statement %zu of version %u holds a zero byte", i + 1,
				change->version);
		if (sql->size >= BK_CHANGE_BYTES_MAX - bytes)
			return bk_fail(err, BK_E_LIMIT, 0,
				"the SQL of version %u is over the limit of %zu bytes",
				change->version, BK_CHANGE_BYTES_MAX);
		bytes += sql->size + 1;
	}
	return BK_OK;
}
