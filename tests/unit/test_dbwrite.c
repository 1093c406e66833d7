/* test_dbwrite.c - a db_write read where it lies (plugin/wire/dbwrite.h). */
#include "dbwrite.h"
#include "support.h"

SUITE(dbwrite);

#define ID                     "\"cln:db_write#70\""
#define HEAD                   "{\"jsonrpc\":\"2.0\",\"id\":\"cln:db_write#70\",\"method\":\"db_write\",\"params\":"
#define WRITE(version, writes) HEAD "{\"data_version\":" version ",\"writes\":[" writes "]}}"

/* In memory of its own size, so that a sanitizer sees whatever reads further. */
static bool read_text(struct dbwrite *write, const char *text, size_t size, char **copy)
{
	struct bk_slice slice = {NULL, size};

	*copy = malloc(size + !size);
	cr_assert(*copy);
	memcpy(*copy, text, size);
	slice.data = *copy;
	return dbwrite_read(write, &slice);
}

static const struct taken {
	const char *text;
	uint32_t version;
	const char *first, *last;
	size_t count;
	const char *id;
} taken[] = {
	{WRITE("18", "\"INSERT\",\"UPDATE vars\""), 18, "INSERT", "UPDATE vars", 2, ID},
	{WRITE("0", "\"\""), 0, "", "", 1, ID},
	{WRITE("4294967295", "\"a\""), 4294967295, "a", "a", 1, ID},
	{WRITE("1", "\"x'00' \\\"q\\\" \\\\ \\/ \\b\\f\\n\\r\\t\",\"\\\\\""), 1,
		"x'00' \"q\" \\ / \b\f\n\r\t", "\\", 2, ID},
	{WRITE("1", "\"\xc3\xa9 \x01 \xff\",\"[]{},:\""), 1, "\xc3\xa9 \x01 \xff", "[]{},:", 2, ID},
	{" {\t\"params\" : { \"writes\"\n:[ \"a\" , \"b\" ] ,\"data_version\":7 } ,\r\n"
	 "\"id\": \"\" ,\"method\":\"db_write\" , \"jsonrpc\":\"2.0\" } \n",
		7, "a", "b", 2, "\"\""},
};

Test(dbwrite, is_taken)
{
	struct dbwrite write;

	dbwrite_init(&write);
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		const struct taken *want = &taken[i];
		const struct bk_change *change = &write.change;
		const struct bk_slice *last;
		char *copy;

		cr_assert(
			read_text(&write, want->text, strlen(want->text), &copy), "%s", want->text);
		last = &change->statements[want->count - 1];
		cr_assert(
			change->version == want->version && change->statement_count == want->count);
		cr_assert(change->statements->size == strlen(want->first) &&
			  memcmp(change->statements->data, want->first, strlen(want->first)) == 0);
		cr_assert(last->size == strlen(want->last) &&
			  memcmp(last->data, want->last, last->size) == 0);
		cr_assert(write.id.size == strlen(want->id) &&
			  memcmp(write.id.data, want->id, write.id.size) == 0);
		free(copy);
	}
	dbwrite_done(&write);
}

/* Each is left to message.h, which takes some of them and refuses others. */
static const char *const left[] = {
	"",
	"{}",
	"[]",
	"null",
	"\xef\xbb\xbf" WRITE("1", "\"a\""),
	WRITE("1", ""),
	WRITE("1", "\"a\",1"),
	WRITE("1", "\"a\","),
	WRITE("1", "[\"a\"]"),
	WRITE("1", "\"\\u0041\""),
	WRITE("1", "\"\\u0000\""),
	WRITE("1", "\"\\q\""),
	WRITE("01", "\"a\""),
	WRITE("-1", "\"a\""),
	WRITE("1.0", "\"a\""),
	WRITE("1e1", "\"a\""),
	WRITE("", "\"a\""),
	WRITE("\"1\"", "\"a\""),
	WRITE("4294967296", "\"a\""),
	WRITE("42949672950", "\"a\""),
	WRITE("1", "\"a\"") "x",
	WRITE("1", "\"a\"") ",",
	HEAD "{\"data_version\":1}}",
	HEAD "{\"writes\":[\"a\"]}}",
	HEAD "{\"data_version\":1,\"data_version\":2,\"writes\":[\"a\"]}}",
	HEAD "{\"data_version\":1,\"writes\":[\"a\"],\"writes\":[\"b\"]}}",
	HEAD "{\"data_version\":1,\"writes\":[\"a\"],\"more\":1}}",
	HEAD "[1,[\"a\"]]}",
	"{\"id\":\"1\",\"method\":\"db_write\",\"params\":{\"data_version\":1,\"writes\":[\"a\"]}}",
	"{\"jsonrpc\":\"1.0\",\"id\":\"1\",\"method\":\"db_write\",\"params\":{\"data_version\":1,"
	"\"writes\":[\"a\"]}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"db_write\",\"params\":{\"data_version\":1,"
	"\"writes\":[\"a\"]}}",
	"{\"jsonrpc\":\"2.0\",\"id\":\"\\n\",\"method\":\"db_write\",\"params\":{\"data_version\":"
	"1,"
	"\"writes\":[\"a\"]}}",
	"{\"jsonrpc\":\"2.0\",\"id\":\"\xc3\xa9\",\"method\":\"db_write\",\"params\":{\"data_"
	"version\":"
	"1,\"writes\":[\"a\"]}}",
	"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"db_writ\",\"params\":{\"data_version\":1,"
	"\"writes\":[\"a\"]}}",
	"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"init\",\"method\":\"db_write\",\"params\":{"
	"\"data_version\":1,\"writes\":[\"a\"]}}",
};

Test(dbwrite, is_left_to_others)
{
	struct dbwrite write;
	char *copy;

	dbwrite_init(&write);
	for (size_t i = 0; i < COUNT_OF(left); i++) {
		cr_assert(!read_text(&write, left[i], strlen(left[i]), &copy), "%s", left[i]);
		free(copy);
	}
	cr_assert(!read_text(
		&write, WRITE("1", "\"a\0b\""), sizeof WRITE("1", "\"a\0b\"") - 1, &copy));
	free(copy);
	dbwrite_done(&write);
}

/* No text that was cut anywhere is taken, nor one with a byte too many. */
Test(dbwrite, is_whole)
{
	static const char text[] = WRITE("18", "\"IN\\nSERT\",\"UPDATE \\\"vars\\\\\\\"\"");
	struct dbwrite write;
	char *copy;

	dbwrite_init(&write);
	for (size_t size = 0; size < sizeof text - 1; size++) {
		cr_assert(!read_text(&write, text, size, &copy), "%.*s", (int)size, text);
		free(copy);
	}
	cr_assert(!read_text(&write, text, sizeof text, &copy), "a zero byte behind it");
	free(copy);
	cr_assert(read_text(&write, text, sizeof text - 1, &copy));
	free(copy);
	dbwrite_done(&write);
}

/* Each byte is looked at once: 16 MiB of escapes with no quote near would else take hours. */
Test(dbwrite, of_many_escapes, .timeout = 60)
{
	static const char begin[] = HEAD "{\"data_version\":1,\"writes\":[\"", end[] = "\"]}}";
	const size_t count = (size_t)8 << 20, size = strlen(begin) + 2 * count + strlen(end);
	char *text = malloc(size), *at = text, *copy;
	struct dbwrite write;

	cr_assert(text);
	at = mempcpy(at, begin, strlen(begin));
	for (size_t i = 0; i < count; i++)
		at = mempcpy(at, "\\n", 2);
	memcpy(at, end, strlen(end));
	dbwrite_init(&write);
	cr_assert(read_text(&write, text, size, &copy) && write.change.statement_count == 1);
	cr_assert(write.change.statements->size == count);
	for (size_t i = 0; i < count; i++)
		cr_assert(((const char *)write.change.statements->data)[i] == '\n');
	dbwrite_done(&write);
	free(copy);
	free(text);
}

/* As many statements, and as long ones, as come; those with escapes stay where they are. */
Test(dbwrite, of_many_statements)
{
	struct dbwrite write;
	struct bk_buf text;
	struct bk_slice slice;

	bk_buf_init(&text, 1 << 24);
	ok(bk_buf_append(&text, HEAD "{\"data_version\":1,\"writes\":[",
		strlen(HEAD "{\"data_version\":1,\"writes\":["), why()));
	for (unsigned i = 0; i < 5000; i++) {
		char one[64];
		int size = sprintf(one, "%s\"%s%u\"", i ? "," : "", i % 3 ? "" : "\\\\", i);

		ok(bk_buf_append(&text, one, (size_t)size, why()));
	}
	ok(bk_buf_append(&text, "]}}", 3, why()));
	slice = (struct bk_slice){text.data, text.size};
	dbwrite_init(&write);
	for (unsigned again = 0; again < 2; again++) {
		cr_assert(dbwrite_read(&write, &slice) && write.change.statement_count == 5000);
		for (unsigned i = 0; i < 5000; i++) {
			char want[64];
			int size = sprintf(want, "%s%u", i % 3 ? "" : "\\", i);

			cr_assert(write.change.statements[i].size == (size_t)size &&
				  memcmp(write.change.statements[i].data, want, (size_t)size) == 0);
		}
	}
	dbwrite_done(&write);
	bk_buf_done(&text);
}
