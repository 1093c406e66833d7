/* query.h - SQL on the database at one version.
 *
 * The SQL is the caller's; what it meets (views, generated columns, CHECKs, the pages themselves)
 * is the log's, and may be a stranger's. So it runs as a replay does: it reaches nothing but the
 * version's pages, changes nothing, and costs no more than a budget that grows with the log
 * (docs/decisions.md, "One budget"). Damaged keyframes are passed over.
 *
 * Calling sequence: bk_query_open, then for each statement bk_query_begin and any bk_query_next;
 * bk_query_close.
 *
 * Threads: one query in one thread; any number of queries on a log. */
#ifndef BK_QUERY_H
#define BK_QUERY_H

#include <bk/buf.h>
#include <bk/log.h>
#include <bk/row.h>

struct bk_query;

/* The database of VERSION of LOG, which must outlive it. Fails as bk_rebuild_load does. */
BK_MUST_CHECK enum bk_code bk_query_open(
	struct bk_query **out, struct bk_log *log, uint32_t version, struct bk_error *err);
void bk_query_close(struct bk_query *query); /* takes NULL */

/* Begins the first statement of SQL and sets *SQL behind it; with *HAS false there is none, but
 * blanks and comments. What came before has ended. Fails with BK_E_INVALID if SQLite refuses it,
 * with BK_E_UNSAFE where it would reach out of the database. */
BK_MUST_CHECK enum bk_code bk_query_begin(
	struct bk_query *query, const char **sql, bool *has, struct bk_error *err);

/* The columns of the statement that has begun: a row without values, lent until the next begins. */
const struct bk_row *bk_query_columns(const struct bk_query *query);

/* Its next row, lent until the next call; at the end *MORE is false. Fails with BK_E_SQL if running
 * it fails, or costs too much, with BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_query_next(
	struct bk_query *query, const struct bk_row **row, bool *more, struct bk_error *err);

/* Begins a SELECT of all columns of TABLE, in the order of its rows; only those for which WHERE is
 * true, one expression of SQL that may be NULL. Fails with BK_E_MISSING if there is no such table,
 * and as bk_query_begin does. */
BK_MUST_CHECK enum bk_code bk_query_table(
	struct bk_query *query, const char *table, const char *where, struct bk_error *err);

/* Appends to OUT the statements that make TABLE and its indexes, each with a zero byte behind it.
 * Fails as bk_query_table and bk_buf_append do. Ends what has begun. */
BK_MUST_CHECK enum bk_code bk_query_schema(
	struct bk_query *query, const char *table, struct bk_buf *out, struct bk_error *err);

#endif
