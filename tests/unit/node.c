/* node.c - a node: a database that is changed as lightningd changes it, and the log of its changes.
 */
#include "node.h"
#include <bk/image.h>
#include <bk/snapshot.h>

#define STATEMENTS_MAX 64

static void keep_past(struct node *node)
{
	struct past *past;

	node->past = realloc(node->past, (node->past_count + 1) * sizeof *node->past);
	cr_assert(node->past);
	past = &node->past[node->past_count++];
	past->version = node->version;
	past->bytes = sqlite3_serialize(node->db, "main", &past->size, 0);
}

void node_restart(struct node *node)
{
	bk_writer_close(node->writer);
	ok(bk_writer_open(&node->writer, &node->io.io, node->path, &node->options, why()));
}

static void begin(struct node *node, unsigned interval)
{
	*node = (struct node){.path = scratch("log"),
		.database = scratch("node"),
		.options = {.program = "test", .interval_changes = interval}};
	test_io_init(&node->io);
	node->db = sql_open(node->database);
}

static void create_log(struct node *node, const char *database)
{
	const struct bk_io *io = &node->io.io;
	struct bk_seal *seal = NULL;
	uint32_t version;

	if (io->keys)
		ok(bk_seal_new(&seal, io->keys, io, why()));
	if (seal && strcmp(getenv("BK_TEST_SEALED"), "padded") == 0)
		bk_seal_pad(seal);
	ok(bk_log_create_sealed(io, node->path, database, seal, 1000, NULL, NULL, &version, why()));
	bk_seal_free(seal);
	cr_assert(version == node->version, "it begins with %u", version);
	ok(bk_writer_open(&node->writer, &node->io.io, node->path, &node->options, why()));
	keep_past(node);
}

void node_begin(struct node *node, unsigned interval)
{
	begin(node, interval);
	create_log(node, NULL);
	node_change(node,
		"CREATE TABLE vars (name VARCHAR(32), intval INTEGER, blobval BLOB, PRIMARY KEY "
		"(name))",
		"INSERT INTO vars (name, intval) VALUES ('data_version', 0);");
}

void node_begin_with(struct node *node, unsigned interval, uint32_t version, const char *sql)
{
	begin(node, interval);
	sql_run(node->db, "%s", sql);
	node->version = version;
	create_log(node, node->database);
}

void node_end(struct node *node)
{
	bk_writer_close(node->writer);
	sqlite3_close(node->db);
	while (node->past_count)
		sqlite3_free(node->past[--node->past_count].bytes);
	free(node->past);
}

static void append(struct node *node, const char *const *statements, size_t count, uint32_t version)
{
	struct bk_slice slices[STATEMENTS_MAX];
	struct bk_change change = {
		.version = version, .statements = slices, .statement_count = count};

	for (size_t i = 0; i < count; i++)
		slices[i] = (struct bk_slice){statements[i], strlen(statements[i])};
	ok(bk_writer_append(node->writer, &change, why()));
}

static void raise_version(char *sql, size_t size, uint32_t version)
{
	snprintf(sql, size,
		"UPDATE vars SET intval = %u WHERE name = 'data_version' AND intval = %u",
		version + 1, version);
}

void node_change_list(struct node *node, const char *const *statements)
{
	const char *all[STATEMENTS_MAX];
	char last[128];
	size_t count = 0;

	while (statements[count]) {
		cr_assert(count < STATEMENTS_MAX - 1);
		all[count] = statements[count];
		count++;
	}
	raise_version(last, sizeof last, node->version);
	all[count++] = last;
	sql_run(node->db, "BEGIN");
	for (size_t i = 0; i < count; i++)
		sql_run(node->db, "%s", all[i]);
	append(node, all, count, node->version + 1);
	sql_run(node->db, "COMMIT");
	node->version++;
	keep_past(node);
}

void node_busy(struct node *node, unsigned count)
{
	uint64_t seed = node->version;

	if (!sql_int(node->db, "SELECT count(*) FROM sqlite_schema WHERE name = 'busy'"))
		node_change(node,
			"CREATE TABLE busy (id INTEGER PRIMARY KEY, peer INTEGER, note TEXT, data "
			"BLOB)",
			"CREATE INDEX busy_peer ON busy (peer)");
	while (count--) {
		char insert[160], update[160], delete[160];
		uint32_t r = (uint32_t)random_next(&seed);

		snprintf(insert, sizeof insert,
			"INSERT INTO busy (peer, note, data) VALUES (%u, hex(zeroblob(%u)), "
			"zeroblob(%u))",
			r % 17, r % 300, r % 23 ? r % 900 : 9000);
		snprintf(update, sizeof update,
			"UPDATE busy SET note = 'n%u' || id WHERE peer = %u AND id %% 3 = %u", r,
			r % 11, r % 3);
		snprintf(delete, sizeof delete, "DELETE FROM busy WHERE id %% 29 = %u", r % 29);
		node_change(node, insert, update, delete);
	}
}

void node_lone(struct node *node, const char *pragma)
{
	append(node, &pragma, 1, node->version);
	sql_run(node->db, "%s", pragma);
}

void node_lost(struct node *node, const char *statement)
{
	char last[128];

	raise_version(last, sizeof last, node->version);
	append(node, (const char *const[]){statement, last}, 2, node->version + 1);
}

void node_unwatched(struct node *node, const char *statement)
{
	sql_run(node->db, "BEGIN");
	sql_run(node->db, "%s", statement);
	sql_run(node->db, "UPDATE vars SET intval = %u WHERE name = 'data_version'",
		node->version + 1);
	sql_run(node->db, "COMMIT");
	node->version++;
}

void node_snapshot(struct node *node, enum bk_snapshot_reason reason)
{
	ok(bk_writer_snapshot(node->writer, node->database, reason, 1000, NULL, NULL, why()));
	if (!node->past_count || node->past[node->past_count - 1].version != node->version)
		keep_past(node);
}

static sqlite3 *open_past(const struct past *past)
{
	sqlite3 *db = NULL;

	cr_assert(sqlite3_open(":memory:", &db) == SQLITE_OK);
	if (past->size)
		cr_assert(sqlite3_deserialize(db, "main", past->bytes, past->size, past->size,
				  SQLITE_DESERIALIZE_READONLY) == SQLITE_OK);
	return db;
}

static void check_past(
	struct bk_log *log, const struct past *past, const struct bk_image_options *options)
{
	struct bk_image *image = NULL;
	sqlite3 *was = open_past(past), *is;
	char what[32];

	snprintf(what, sizeof what, "version %u", past->version);
	ok(bk_image_open(&image, log, past->version, options, why()));
	cr_assert(bk_image_version(image) == past->version);
	is = sql_image(image);
	sql_same(was, is, what);
	sqlite3_close(was);
	sqlite3_close(is);
	bk_image_close(image);
}

void node_check_all(struct node *node, struct bk_log *log, const struct bk_image_options *options)
{
	for (size_t i = 0; i < node->past_count; i++)
		check_past(log ? log : bk_writer_log(node->writer), &node->past[i], options);
}

const struct past *node_past(const struct node *node, uint32_t version)
{
	for (size_t i = 0; i < node->past_count; i++)
		if (node->past[i].version == version)
			return &node->past[i];
	return NULL;
}

void node_check(struct node *node, struct bk_log *log, uint32_t version,
	const struct bk_image_options *options)
{
	const struct past *past = node_past(node, version);

	cr_assert(past, "the node was never at version %u", version);
	check_past(log ? log : bk_writer_log(node->writer), past, options);
}

struct bk_log *node_log(struct node *node)
{
	struct bk_log *log = NULL;

	ok(bk_log_open(&log, &node->io.io, node->path, why()));
	return log;
}

enum bk_code log_open(struct node *node, const char *path, struct bk_log **log)
{
	return bk_log_open(log, &node->io.io, path, why());
}

struct bk_log_status log_status(struct bk_log *log)
{
	struct bk_log_status status;

	ok(bk_log_status(log, &status, why()));
	return status;
}

enum bk_log_news log_refresh(struct bk_log *log)
{
	enum bk_log_news news;

	ok(bk_log_refresh(log, &news, why()));
	return news;
}
