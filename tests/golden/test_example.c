/* test_example.c - the worked example of docs/format.md, 14: its bytes are a log that says what the
 * text says, and its table covers each byte once, with the right value. */
#include "sql.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/log.h>
#include <bk/verify.h>
#include <inttypes.h>
#include <xxhash.h>

SUITE(example);

#define EXAMPLE_MAX 4096
#define LINE_MAX_   2000

static uint8_t bytes[EXAMPLE_MAX];
static size_t size;
static char table[100][LINE_MAX_]; /* rows with an offset */
static size_t row_count;
static char section[20000]; /* the text before the bytes */

/* A line of the dump: its offset in hex, two blanks, bytes. */
static void take_bytes(const char *line)
{
	unsigned offset, byte;
	int used;

	cr_assert(sscanf(line, "%x%n", &offset, &used) == 1 && offset == size, "offset of \"%s\"",
		line);
	for (line += used; sscanf(line, "%x%n", &byte, &used) == 1; line += used) {
		cr_assert(size < EXAMPLE_MAX && byte < 256);
		bytes[size++] = (uint8_t)byte;
	}
}

/* Reads section 14. */
static void read_example(void)
{
	FILE *file = fopen(BK_FORMAT_MD, "r");
	char line[LINE_MAX_];
	bool is_in = false, is_dump = false;

	cr_assert(file, "cannot open %s", BK_FORMAT_MD);
	while (fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "## ", 3) == 0)
			is_in = strncmp(line, "## 14 ", 6) == 0;
		if (!is_in)
			continue;
		if (strcmp(line, "```") == 0)
			is_dump = !is_dump;
		else if (is_dump)
			take_bytes(line);
		else if (line[0] == '|' && line[1] == ' ' && line[2] >= '0' && line[2] <= '9')
			strcpy(table[row_count++], line);
		else if (strlen(section) + strlen(line) + 2 < sizeof section)
			strcat(strcat(section, line), "\n");
	}
	fclose(file);
	cr_assert(size > 0 && row_count > 0);
}

static struct bk_log *open_example(struct test_io *io)
{
	struct bk_log *log = NULL;

	read_example();
	test_io_init(io);
	put_file(scratch("example"), bytes, size);
	ok(bk_log_open(&log, &io->io, scratch("example"), why()));
	return log;
}

/* The text holds what FMT says. */
static void told(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void told(const char *fmt, ...)
{
	char text[300];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	cr_assert(strstr(section, text), "the text does not say \"%s\"", text);
}

Test(example, is_the_log_that_the_text_says)
{
	struct test_io io;
	struct bk_log *log = open_example(&io);
	struct bk_log_status status;
	struct bk_verify_options options = {.deep = true};
	struct bk_verify_result result;
	struct bk_buf sql;

	ok(bk_log_status(log, &status, why()));
	told("of %zu bytes", size);
	told("head is version %u", status.version);
	told("`0x%016" PRIx64 "`", status.history);
	cr_assert(status.version == 1 && status.changes == 1 && status.keyframes == 1 &&
		  status.torn_bytes == 0 && status.log_bytes == size && !status.is_closed);
	bk_buf_init(&sql, 1000);
	ok(bk_log_sql(log, 1, &sql, why()));
	told("    %.*s\n", (int)sql.size - BK_SQL_END, (const char *)sql.data);
	bk_buf_done(&sql);
	bk_log_close(log);
	ok(bk_verify(&io.io, scratch("example"), &options, &result, why()));
	cr_assert(result.findings == 0 && result.frames == 3 && result.changes == 1);
}

Test(example, has_the_images_that_the_text_says)
{
	struct test_io io;
	struct bk_log *log = open_example(&io);
	struct bk_image *image = NULL;
	sqlite3 *db;

	ok(bk_image_open(&image, log, 0, NULL, why()));
	cr_assert(bk_image_size(image) == 0);
	bk_image_close(image);
	ok(bk_image_open(&image, log, 1, NULL, why()));
	told("version 1 has %u pages of %u bytes", bk_image_page_count(image),
		bk_image_page_size(image));
	told("the one row `data_version|1`");
	db = sql_image(image);
	cr_assert(sql_int(db, "SELECT count(*) FROM vars") == 1);
	cr_assert(sql_int(db, "SELECT name || '|' || intval = 'data_version|1' FROM vars"));
	sqlite3_close(db);
	bk_image_close(image);
	bk_log_close(log);
}

/* The bytes of a field of TYPE: "u32", "16 bytes". */
static size_t size_of(const char *type)
{
	static const struct {
		const char *type;
		size_t size;
	} types[] = {{"u8", 1}, {"u16", 2}, {"u32", 4}, {"u64", 8}, {"i64", 8}};
	unsigned count;

	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (strcmp(type, types[i].type) == 0)
			return types[i].size;
	cr_assert(sscanf(type, "%u bytes", &count) == 1, "what is \"%s\"?", type);
	return count;
}

/* The field AT as the table writes it: a number, `bytes`, "text" or zeros. */
static void write_value(
	char *out, const char *type, const char *like, const uint8_t *at, size_t count)
{
	uint64_t number = 0;

	if (type[0] == 'u' || type[0] == 'i') {
		for (size_t i = count; i-- > 0;)
			number = number << 8 | at[i];
		if (strncmp(like, "0x", 2) == 0)
			sprintf(out, "0x%0*" PRIx64, (int)count * 2, number);
		else
			sprintf(out, type[0] == 'i' ? "%" PRId64 : "%" PRIu64, number);
		return;
	}
	if (*like == '`') {
		*out++ = '`';
		for (size_t i = 0; i < count; i++)
			out += sprintf(out, i ? " %02x" : "%02x", at[i]);
		strcpy(out, "`");
	} else if (*like == '"') {
		*out++ = '"';
		for (size_t i = 0; i < count; i++)
			out += sprintf(out, at[i] == '\n' ? "\\n" : "%c", at[i]);
		strcpy(out, "\"");
	} else {
		for (size_t i = 0; i < count; i++)
			cr_assert(at[i] == 0);
		strcpy(out, "zeros");
	}
}

/* "| offset | type | field | value | … |": each row begins where the one before ends. */
Test(example, table_covers_each_byte)
{
	size_t at = 0;

	read_example();
	for (size_t i = 0; i < row_count; i++) {
		char type[20], field[30], like[LINE_MAX_], value[LINE_MAX_];
		unsigned offset;
		size_t count;

		cr_assert(sscanf(table[i], "| %u | %19[^|] | %29[^|] | %1999[^|]", &offset, type,
				  field, like) == 4,
			"%s", table[i]);
		type[strcspn(type, "|")] = like[strlen(like) - 1] = '\0';
		while (type[strlen(type) - 1] == ' ')
			type[strlen(type) - 1] = '\0';
		count = size_of(type);
		cr_assert(offset == at && count <= size - at, "offset of %s", table[i]);
		write_value(value, type, like, bytes + at, count);
		cr_assert(strcmp(value, like) == 0, "%sis %s at offset %u, and not %s", field,
			value, offset, like);
		at += count;
	}
	cr_assert(at == size, "the table ends at %zu of %zu", at, size);
}

/* The seed that the table names is that of the id. */
Test(example, seed)
{
	char seed[30];
	size_t i = 0;

	read_example();
	snprintf(seed, sizeof seed, "0x%016" PRIx64, (uint64_t)XXH3_64bits(bytes + 32, 16));
	while (i < row_count && !strstr(table[i], seed))
		i++;
	cr_assert(i < row_count && strstr(table[i], "| id |"), "the seed is %s", seed);
}
