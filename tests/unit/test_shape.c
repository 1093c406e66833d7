/* test_shape.c - a statement of SQL without its values (shape.h). */
#include "shape.h"
#include "support.h"
#include <inttypes.h>

SUITE(shape);

static struct shape shape;

static bool read_text(const char *sql)
{
	return bk_shape_read(&shape, &(struct bk_slice){sql, strlen(sql)});
}

/* The values at hand, one behind the other: "7 'it's' x'00ff' NULL". */
static const char *values_text(void)
{
	static char text[2000];
	char *at = text, *end = text + sizeof text;

	*at = 0;
	for (size_t i = 0; i < shape.count; i++) {
		const struct shape_value *value = &shape.values[i];

		at += snprintf(at, (size_t)(end - at), "%s", i ? " " : "");
		if (value->kind == SHAPE_NULL)
			at += snprintf(at, (size_t)(end - at), "NULL");
		else if (value->kind == SHAPE_INTEGER)
			at += snprintf(at, (size_t)(end - at), "%" PRId64, value->number);
		else if (value->kind == SHAPE_TEXTUAL)
			at += snprintf(at, (size_t)(end - at), "'%.*s'", value->size, value->data);
		else
			for (int b = 0; b < value->size; b++)
				at += snprintf(at, (size_t)(end - at), "%s%02x", b ? "" : "x",
					(unsigned char)value->data[b]);
	}
	return text;
}

Test(shape, shapes_and_values)
{
	static const struct {
		const char *sql, *shape, *values;
	} cases[] = {
		{"INSERT INTO t VALUES (1, 'a', x'0aFf', NULL);",
			"INSERT INTO t VALUES (?, ?, ?, NULL)", "1 'a' x0aff"},
		{"UPDATE t SET a=NULL, b = null, c=-5 WHERE id=9223372036854775807",
			"UPDATE t SET a=?, b = ?, c=-? WHERE id=?",
			"NULL NULL 5 9223372036854775807"},
		{"DELETE FROM t WHERE a IS NOT NULL AND b IS NULL OR c<=3",
			"DELETE FROM t WHERE a IS NOT NULL AND b IS NULL OR c<=?", "3"},
		{"DELETE FROM t", "DELETE FROM t", ""},
		{" \n\tDELETE FROM t ; \r\n", " \n\tDELETE FROM t ", ""},
		{"UPDATE t SET a='it''s', b='''', c=''", "UPDATE t SET a=?, b=?, c=?",
			"'it's' ''' ''"},
		{"UPDATE t SET a='\xc3\xbc -- ; \"', b=X''", "UPDATE t SET a=?, b=?",
			"'\xc3\xbc -- ; \"' "},
		{"UPDATE t1 SET a=a+007 WHERE t1.b2 <> 0 AND c != 1 AND d >= 2 AND e > 3",
			"UPDATE t1 SET a=a+? WHERE t1.b2 <> ? AND c != ? AND d >= ? AND e > ?",
			"7 0 1 2 3"},
		{"UPDATE t SET nullable=null_, x=xx", "UPDATE t SET nullable=null_, x=xx", ""},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		cr_assert(read_text(cases[i].sql), "%s", cases[i].sql);
		cr_assert(shape.size == strlen(cases[i].shape) &&
				  memcmp(shape.text, cases[i].shape, shape.size) == 0,
			"%.*s", (int)shape.size, shape.text);
		cr_assert_str_eq(values_text(), cases[i].values);
		cr_assert(bk_shape_is_simple(&shape), "%s", cases[i].sql);
		for (size_t v = 0; v < shape.count; v++)
			cr_assert(shape.values[v].data || shape.values[v].kind == SHAPE_NULL ||
				  shape.values[v].kind == SHAPE_INTEGER);
	}
}

/* What a value may mean something else in, or SQLite reads otherwise than we do. */
Test(shape, texts_without_one)
{
	static const char *const texts[] = {
		"",
		"UPDATE t SET a=1.5",
		"UPDATE t SET a=1e5",
		"UPDATE t SET a=0x10",
		"UPDATE t SET a=1_000",
		"UPDATE t SET a=.5",
		"UPDATE t SET a=9223372036854775808",
		"UPDATE t SET a=99999999999999999999",
		"UPDATE t SET a=x'0'",
		"UPDATE t SET a=x'0g'",
		"UPDATE t SET a=x'00",
		"UPDATE t SET a=x'",
		"UPDATE t SET a='",
		"UPDATE t SET a='it''",
		"UPDATE t SET a=1 -- comment",
		"UPDATE t SET a=1--1",
		"UPDATE t SET a=1 /* comment */",
		"UPDATE t SET a=b->1",
		"UPDATE t SET a=b*2",
		"UPDATE t SET a=b||'c'",
		"UPDATE t SET \"a\"=1",
		"UPDATE t SET [a]=1",
		"UPDATE t SET `a`=1",
		"UPDATE t SET a=?",
		"UPDATE t SET a=?1",
		"UPDATE t SET a=:b",
		"UPDATE t SET a=@b",
		"UPDATE t SET a=$b",
		"UPDATE t SET a=1; UPDATE t SET a=2",
		"UPDATE t SET a=1;;",
		";UPDATE t SET a=1",
		"UPDATE t SET \xc3\xbc=1",
		"UPDATE t SET a\xef\xbb\xbf=1",
	};
	static const char with_zero[] = "UPDATE t SET a='b\0c'";

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		cr_assert(!read_text(texts[i]), "%s", texts[i]);
	cr_assert(!bk_shape_read(&shape, &(struct bk_slice){with_zero, sizeof with_zero - 1}));
}

/* SQLite's own words, but for a few; and what begins otherwise. */
Test(shape, words_that_are_not_simple)
{
	static const char *const texts[] = {
		"SELECT 1",
		"PRAGMA user_version=7",
		"CREATE TABLE t (a)",
		"REPLACE INTO t VALUES (1)",
		"WITH c AS (SELECT 1) DELETE FROM t",
		"t UPDATE",
		";",
		"(1)",
		"INSERT INTO t SELECT 1",
		"INSERT INTO t DEFAULT VALUES",
		"INSERT INTO t VALUES (1) RETURNING 1",
		"INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
		"DELETE FROM t WHERE a LIKE 'b'",
		"DELETE FROM t WHERE a IN (1)",
		"DELETE FROM t WHERE a BETWEEN 1 AND 2",
		"DELETE FROM t WHERE a = CASE 1 WHEN 1 THEN 1 END",
		"DELETE FROM t WHERE a = cast(1 AS TEXT)",
		"DELETE FROM t ORDER BY 1 LIMIT 1",
		"UPDATE t SET a=1 FROM u",
		"UPDATE t SET a=CURRENT_TIME",
		"UPDATE t SET a='b' COLLATE nocase",
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		cr_assert(!read_text(texts[i]) || !bk_shape_is_simple(&shape), "%s", texts[i]);
}

/* What is read has an end: of a text, of a shape, of values. */
Test(shape, limits)
{
	static const char begin[] = "INSERT INTO t VALUES (";
	struct bk_buf sql;

	for (size_t values = SHAPE_VALUES; values <= SHAPE_VALUES + 1; values++) {
		bk_buf_init(&sql, SHAPE_SQL * 2);
		ok(bk_buf_append(&sql, begin, sizeof begin - 1, why()));
		for (size_t i = 0; i < values; i++)
			ok(bk_buf_append(&sql, &",1"[!i], 2u - !i, why()));
		cr_assert_eq(bk_shape_read(&shape, &(struct bk_slice){sql.data, sql.size}),
			values == SHAPE_VALUES);
		bk_buf_done(&sql);
	}
	for (size_t over = 0; over < 2; over++) {
		char *text = malloc(SHAPE_SQL + 1);

		memset(text, 'a', SHAPE_SQL + 1);
		cr_assert_eq(bk_shape_read(&shape, &(struct bk_slice){text, SHAPE_TEXT + over}),
			over == 0);
		text[0] = text[SHAPE_SQL - 1 + over] = '\'';
		cr_assert_eq(bk_shape_read(&shape, &(struct bk_slice){text, SHAPE_SQL + over}),
			over == 0);
		memset(text + 1, '\'', SHAPE_SQL - 2 + over);
		cr_assert_eq(bk_shape_read(&shape, &(struct bk_slice){text, SHAPE_SQL + over}),
			over == 0);
		free(text);
	}
}
