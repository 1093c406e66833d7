/* test_tally.c - what statements name, and changes read one after the other. */
#include "forge.h"
#include "node.h"
#include <bk/changes.h>
#include <bk/tally.h>

SUITE(tally);

Test(tally, statements)
{
	static const struct {
		const char *sql, *table;
		char deed; /* '+', '~', '-', 's'chema, 'o'ther, ' ' nothing */
	} cases[] = {
		{"INSERT INTO t VALUES(1)", "t", '+'},
		{"insert or replace into \"a b\"(c) VALUES(1)", "a b", '+'},
		{"REPLACE INTO main.t VALUES(1)", "t", '+'},
		{"  /* x */ -- y\n UPDATE t SET a = 1", "t", '~'},
		{"UPDATE OR IGNORE [t] SET a = 1", "t", '~'},
		{"DELETE FROM `t` WHERE 1", "t", '-'},
		{"DELETE FROM \xc3\xa4 WHERE 1", "\xc3\xa4", '-'},
		{"CREATE TABLE t(a)", NULL, 's'},
		{"drop table t", NULL, 's'},
		{"PRAGMA foreign_keys = ON", NULL, ' '},
		{"UPDATE vars SET intval = intval + 1 WHERE name = 'data_version' AND intval = 3",
			NULL, ' '},
		{"UPDATE vars SET intval = 1 WHERE name = 'other'", "vars", '~'},
		{"WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", NULL, 'o'},
		{"INSERTED INTO t", NULL, 'o'},
		{"UPDATE", NULL, 'o'},
		{"", NULL, 'o'},
		{"DELETE FROM \"never ends", "never ends", '-'},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t size = strlen(cases[i].sql) + 1;
		char deed = cases[i].deed;

		/* However the pieces are cut. */
		for (size_t piece = 1; piece <= size; piece++) {
			struct bk_tally tally;
			const struct bk_tally_table *table = tally.tables;

			bk_tally_init(&tally);
			for (size_t at = 0; at < size; at += piece)
				bk_tally_feed(&tally, cases[i].sql + at,
					size - at < piece ? size - at : piece);
			cr_assert(tally.count == (cases[i].table ? 1 : 0), "%s", cases[i].sql);
			cr_assert(tally.schema == (deed == 's') && tally.others == (deed == 'o'),
				"%s", cases[i].sql);
			if (tally.count)
				cr_assert(strcmp(table->name, cases[i].table) == 0 &&
						  table->inserts == (deed == '+') &&
						  table->updates == (deed == '~') &&
						  table->deletes == (deed == '-'),
					"%s", cases[i].sql);
		}
	}
}

/* Long names are cut, many tables are counted together, long statements cost their head. */
Test(tally, limits)
{
	struct bk_tally tally;
	char sql[400];

	bk_tally_init(&tally);
	for (int i = 0; i < 100; i++) {
		snprintf(sql, sizeof sql, "DELETE FROM t%d WHERE x = '%0300d'", i, i);
		bk_tally_feed(&tally, sql, strlen(sql) + 1);
	}
	cr_assert(tally.count == BK_TALLY_TABLES && tally.others == 100 - BK_TALLY_TABLES);
	bk_tally_clear(&tally);
	snprintf(sql, sizeof sql, "DELETE FROM t%0100d", 1);
	bk_tally_feed(&tally, sql, strlen(sql) + 1);
	cr_assert(tally.count == 1 && strlen(tally.tables[0].name) == BK_TALLY_NAME - 1);
}

static enum bk_code append(void *ctx, const void *bytes, size_t size, struct bk_error *err)
{
	return bk_buf_append(ctx, bytes, size, err);
}

/* From each version on, the changes are those of the log, in their order, with their SQL. */
Test(tally, changes_from_any_version)
{
	struct bk_changes *changes;
	struct bk_entry entry, peeked;
	struct bk_log *log;
	struct node node;
	bool more;

	node_begin(&node, 4);
	node_busy(&node, 20);
	node_lone(&node, "PRAGMA foreign_keys = OFF");
	node_lost(&node, "DELETE FROM busy");
	ok(bk_writer_rewind(node.writer, node.version, why()));
	node_busy(&node, 2);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 3);
	log = node_log(&node);
	for (uint32_t from = 1; from <= node.version; from++) {
		uint32_t version = from;
		unsigned struck = 0;

		ok(bk_changes_open(&changes, log, from, why()));
		for (;;) {
			struct bk_buf sql;

			bk_buf_init(&sql, 1 << 20);
			ok(bk_changes_peek(changes, &peeked, &more, why()));
			ok(bk_changes_next(changes, &entry, append, &sql, &more, why()));
			if (more) {
				cr_assert(peeked.offset == entry.offset &&
					  sql.size == entry.sql_bytes);
				struck += !bk_entry_stands(&entry);
				cr_assert(entry.version == version || entry.version == version + 1);
				version = entry.version;
			}
			bk_buf_done(&sql);
			if (!more)
				break;
		}
		cr_assert(version == node.version, "from %u: ends at %u", from, version);
		cr_assert(from > 20 || struck == 1, "from %u: %u", from, struck);
		bk_changes_close(changes);
	}
	bk_log_close(log);
	node_end(&node);
}
