/* mutate_image.c - a database changed page by page, or made anew with a schema that a stranger may
 * have chosen: no sum of SQLite's has to be made right. */
#include "mutate_image.h"
#include "fuzz.h"
#include "rng.h"
#include <sqlite3.h>
#include <string.h>

#define STEPS_MAX 5

struct image {
	struct rng rng;
	uint8_t *pages;
	uint32_t count; /* whole pages */
};

static uint8_t *any_page(struct image *image)
{
	return image->pages + (size_t)rng_below(&image->rng, image->count) * IMAGE_PAGE_SIZE;
}

/* Where a page's b-tree header begins: page 1 has the file's before it. */
static uint8_t *tree_of(const struct image *image, uint8_t *page)
{
	return page == image->pages ? page + 100 : page;
}

static void put_be(uint8_t *at, unsigned bytes, uint64_t value)
{
	while (bytes-- > 0) {
		at[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static uint64_t edge(struct image *image)
{
	static const uint64_t edges[] = {0, 1, 2, 3, 5, 10, 13, 127, 128, 255, 256, 511, 512, 513,
		1024, 32767, 32768, 65535, INT32_MAX, UINT32_MAX};

	if (rng_chance(&image->rng, 40))
		return 1 + rng_below(&image->rng, image->count + 2);
	return edges[rng_below(&image->rng, sizeof edges / sizeof *edges)];
}

/* A field of the file's header (https://sqlite.org/fileformat.html, 1.3). */
static void change_header(struct image *image)
{
	static const uint8_t fields[][2] = {{16, 2}, {18, 1}, {19, 1}, {20, 1}, {21, 1}, {24, 4},
		{28, 4}, {32, 4}, {36, 4}, {40, 4}, {44, 4}, {52, 4}, {56, 4}, {60, 4}, {64, 4},
		{92, 4}};
	const uint8_t *field = fields[rng_below(&image->rng, sizeof fields / sizeof *fields)];

	put_be(image->pages + field[0], field[1], edge(image));
}

/* A field of a page of a tree: its kind, free blocks, cells, where they begin, the right child. */
static void change_tree(struct image *image)
{
	static const uint8_t kinds[] = {2, 5, 10, 13};
	static const uint8_t fields[][2] = {{1, 2}, {3, 2}, {5, 2}, {7, 1}, {8, 4}};
	const uint8_t *field = fields[rng_below(&image->rng, 5)];
	uint8_t *tree = tree_of(image, any_page(image));

	if (rng_chance(&image->rng, 25))
		tree[0] = kinds[rng_below(&image->rng, 4)];
	else
		put_be(tree + field[0], field[1], edge(image));
}

/* The pointer to a cell, or the bytes that a cell begins with: sizes, rowids, the left child, the
 * types of its columns. */
static void change_cell(struct image *image)
{
	uint8_t *page = any_page(image), *tree = tree_of(image, page), *pointer;
	uint32_t count = (uint32_t)tree[3] << 8 | tree[4], at;

	if (!count || count > 100)
		return;
	pointer =
		tree + (tree[0] == 2 || tree[0] == 5 ? 12 : 8) + 2 * rng_below(&image->rng, count);
	at = (uint32_t)pointer[0] << 8 | pointer[1];
	if (rng_chance(&image->rng, 30) || at + 8 > IMAGE_PAGE_SIZE)
		put_be(pointer, 2, edge(image));
	else
		put_be(page + at + rng_below(&image->rng, 4), 1 + rng_below(&image->rng, 4),
			edge(image));
}

static void copy_page(struct image *image)
{
	uint8_t *from = any_page(image), *to = any_page(image);

	if (from != to && to != image->pages)
		memcpy(to, from, IMAGE_PAGE_SIZE);
}

static void change_bytes(struct image *image)
{
	LLVMFuzzerMutate(any_page(image), IMAGE_PAGE_SIZE, IMAGE_PAGE_SIZE);
}

/* What SQL stands in a page, the schema's too, for what else is as long. */
static void change_text(struct image *image)
{
	static const char *const pairs[][2] = {{"TABLE", "INDEX"}, {"CHECK", "CHEC "},
		{"vars", "sqli"}, {"INTEGER", "BLOB AS"}, {"PRIMARY KEY", "CHECK ( 1) "},
		{"CREATE", "WITH x"}, {"TEXT", "AS(1"}, {"table", "index"}, {"view", "vars"},
		{"name", "rowi"}, {"trigger", "view   "}};
	const char *const *pair = pairs[rng_below(&image->rng, sizeof pairs / sizeof *pairs)];
	uint8_t *page = any_page(image);
	uint8_t *at = memmem(page, IMAGE_PAGE_SIZE, pair[0], strlen(pair[0]));

	if (at)
		memcpy(at, pair[1], strlen(pair[0]));
}

static const char *const schemas[] = {
	"CREATE TABLE u (a CHECK (length(hex(zeroblob(a * 100000))) > 0))",
	"CREATE TABLE k (a CHECK (a NOT LIKE '%0%0%0%0%0%1'))",
	"INSERT INTO u VALUES (3); INSERT INTO k VALUES (hex(zeroblob(300)))",
	"INSERT INTO t (x) VALUES ('one'), (zeroblob(900)), (zeroblob(1700))",
	"CREATE TABLE g (a, b AS (hex(zeroblob(a))) STORED, c AS (a || a), UNIQUE (b))",
	"INSERT INTO g (a) VALUES (1), (30), (200)",
	"CREATE TABLE w (a PRIMARY KEY, b) WITHOUT ROWID",
	"INSERT INTO w WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r LIMIT 60) "
	"SELECT "
	"i, hex(i) FROM r",
	"CREATE TABLE f (a REFERENCES t(id) ON DELETE CASCADE, b REFERENCES nowhere(x))",
	"CREATE VIEW v AS SELECT a.x FROM t AS a, t AS b, t AS c",
	"CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO t (x) SELECT x FROM t; END",
	"CREATE TRIGGER td AFTER UPDATE ON vars BEGIN DELETE FROM vars; END",
	"CREATE INDEX i ON t (x)",
	"CREATE INDEX e ON t (hex(x), id) WHERE id > 1",
	"CREATE TABLE s (a INT, b ANY) STRICT",
	"CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT)",
	"INSERT INTO n DEFAULT VALUES",
	"ANALYZE",
	"DELETE FROM t WHERE id = 1",
	"CREATE TABLE d (a DEFAULT (hex(1)) COLLATE nocase)",
	"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE VIEW vars AS SELECT "
	"''data_version'' AS name, 5 AS intval, NULL AS blobval', type = 'view', rootpage = 0 "
	"WHERE "
	"name = 'vars'",
	"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 2",
	"PRAGMA user_version = -1",
};

/* Another database altogether. */
static void make_database(struct image *image, size_t pages_max)
{
	uint32_t count = 1 + rng_below(&image->rng, 8);
	sqlite3_int64 size = 0;
	unsigned char *bytes;
	sqlite3 *db;

	REQUIRE(sqlite3_open(":memory:", &db) == SQLITE_OK);
	REQUIRE(sqlite3_exec(db,
			"CREATE TABLE vars (name TEXT PRIMARY KEY, intval INTEGER, blobval BLOB);"
			"INSERT INTO vars VALUES ('data_version', 1, NULL);"
			"CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)",
			NULL, NULL, NULL) == SQLITE_OK);
	for (uint32_t i = 0; i < count; i++)
		/* Some of them need one that is not there. */
		sqlite3_exec(db, schemas[rng_below(&image->rng, sizeof schemas / sizeof *schemas)],
			NULL, NULL, NULL);
	bytes = sqlite3_serialize(db, "main", &size, 0);
	if (bytes && (size_t)size / IMAGE_PAGE_SIZE <= pages_max && size) {
		memcpy(image->pages, bytes, (size_t)size);
		image->count = (uint32_t)((size_t)size / IMAGE_PAGE_SIZE);
	}
	sqlite3_free(bytes);
	sqlite3_close(db);
}

static void (*const steps[])(struct image *image) = {change_header, change_tree, change_tree,
	change_cell, change_cell, change_cell, copy_page, change_bytes, change_bytes, change_text};

size_t mutate_image(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct image image = {.rng = rng_of(seed, 3), .pages = data + IMAGE_PICKS};
	uint32_t count;

	if (max < IMAGE_PICKS + IMAGE_PAGE_SIZE)
		return LLVMFuzzerMutate(data, size, max);
	if (size < IMAGE_PICKS) {
		memset(data + size, 1, IMAGE_PICKS - size);
		size = IMAGE_PICKS;
	}
	/* A page that is not whole is filled up. */
	image.count = (uint32_t)((size - IMAGE_PICKS + IMAGE_PAGE_SIZE - 1) / IMAGE_PAGE_SIZE);
	if (!image.count || (size_t)image.count * IMAGE_PAGE_SIZE > max - IMAGE_PICKS)
		image.count = 1;
	if (size < IMAGE_PICKS + (size_t)image.count * IMAGE_PAGE_SIZE)
		memset(data + size, 0, IMAGE_PICKS + (size_t)image.count * IMAGE_PAGE_SIZE - size);
	if (rng_chance(&image.rng, 30))
		LLVMFuzzerMutate(data, IMAGE_PICKS, IMAGE_PICKS);
	if (rng_chance(&image.rng, 4))
		make_database(&image, (max - IMAGE_PICKS) / IMAGE_PAGE_SIZE);
	count = 1 + rng_below(&image.rng, STEPS_MAX);
	for (uint32_t i = 0; i < count; i++)
		steps[rng_below(&image.rng, sizeof steps / sizeof *steps)](&image);
	return IMAGE_PICKS + (size_t)image.count * IMAGE_PAGE_SIZE;
}
