/* change.c - what can be told of a change without running it. */
#include "sqltext.h"
#include <bk/change.h>
#include <string.h>

bool bk_change_is_pragma(const struct bk_change *change)
{
	const char *at, *pragma, *before;

	if (change->statement_count != 1)
		return false;
	at = change->statements[0].data;
	pragma = bk_sqltext_pragma(at, at + change->statements[0].size);
	before = bk_sqltext_begin(at, at + change->statements[0].size);
	return pragma && pragma == before;
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
