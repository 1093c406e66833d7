/* model.c - what a log must hold. */
#include "model.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
		fprintf(stderr, "the model cannot run: %s: %s\n", sql, message);
		abort();
	}
}

static sqlite3 *open_memory(void)
{
	sqlite3 *db;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK)
		abort();
	return db;
}

static void mix(uint64_t *sum, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		*sum = (*sum ^ bytes[i]) * 1099511628211u;
	*sum = *sum * 31 + size;
}

/* All rows of what SELECT gives, with their types. */
static bool mix_rows(sqlite3 *db, uint64_t *sum, const char *select)
{
	sqlite3_stmt *statement;
	int rc;

	if (sqlite3_prepare_v2(db, select, -1, &statement, NULL) != SQLITE_OK)
		return false;
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			int type = sqlite3_column_type(statement, i);

			mix(sum, &type, sizeof type);
			mix(sum, sqlite3_column_blob(statement, i),
				(size_t)sqlite3_column_bytes(statement, i));
		}
	}
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE;
}

static bool mix_tables(sqlite3 *db, uint64_t *sum)
{
	sqlite3_stmt *tables;
	bool good = true;
	int rc;

	if (sqlite3_prepare_v2(db,
		    "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", -1,
		    &tables, NULL) != SQLITE_OK)
		return false;
	while (good && (rc = sqlite3_step(tables)) == SQLITE_ROW) {
		char select[200];

		sqlite3_snprintf(sizeof select, select,
			"SELECT rowid, * FROM \"%w\" ORDER BY rowid",
			(const char *)sqlite3_column_text(tables, 0));
		good = mix_rows(db, sum, select);
	}
	sqlite3_finalize(tables);
	return good && rc == SQLITE_DONE;
}

static uint64_t sum_of(sqlite3 *db)
{
	uint64_t sum = 14695981039346656037u;

	if (!mix_rows(db, &sum, "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name") ||
		!mix_tables(db, &sum))
		return 0;
	return sum ? sum : 1;
}

/* Makes DB a database of the given bytes. */
static bool load(sqlite3 *db, const uint8_t *bytes, size_t size, bool is_read_only)
{
	unsigned flags =
		SQLITE_DESERIALIZE_FREEONCLOSE |
		(is_read_only ? SQLITE_DESERIALIZE_READONLY : SQLITE_DESERIALIZE_RESIZEABLE);
	uint8_t *copy = sqlite3_malloc64(size + 1);

	assert(copy);
	if (size)
		memcpy(copy, bytes, size);
	return sqlite3_deserialize(db, "main", copy, (sqlite3_int64)size, (sqlite3_int64)size + 1,
		       flags) == SQLITE_OK;
}

uint64_t content_sum(sqlite3 *db, const uint8_t *bytes, size_t size)
{
	return load(db, bytes, size, true) ? sum_of(db) : 0;
}

/* Of a database without pages a newer SQLite's sqlite3_serialize makes one that has a page. */
static bool is_nothing(sqlite3 *db)
{
	sqlite3_stmt *count = NULL;
	bool is_nothing =
		sqlite3_prepare_v2(db, "PRAGMA page_count", -1, &count, NULL) == SQLITE_OK &&
		sqlite3_step(count) == SQLITE_ROW && !sqlite3_column_int64(count, 0);

	sqlite3_finalize(count);
	return is_nothing;
}

static void content_take(struct content *content, sqlite3 *db)
{
	sqlite3_int64 size = 0;
	uint8_t *bytes = is_nothing(db) ? NULL : sqlite3_serialize(db, "main", &size, 0);

	content->bytes = malloc((size_t)size + 1);
	assert(content->bytes);
	if (size)
		memcpy(content->bytes, bytes, (size_t)size);
	content->size = (size_t)size;
	content->sum = sum_of(db);
	sqlite3_free(bytes);
}

static void deed_done(struct deed *deed)
{
	sql_done(&deed->sql);
	free(deed->content.bytes);
}

static void drop_deeds(struct model *model)
{
	for (size_t i = model->borrowed; i < model->count; i++)
		deed_done(&model->deeds[i]);
	model->count = model->borrowed = 0;
}

void model_forget(struct model *model, size_t count)
{
	const struct content *last = &model->deeds[count - 1].content;

	while (model->count > count)
		deed_done(&model->deeds[--model->count]);
	load(model->db, last->bytes, last->size, false);
	model_restart(model);
}

struct model *model_new(uint32_t page_size)
{
	struct model *model = calloc(1, sizeof *model);
	char pragma[40];

	assert(model);
	model->db = open_memory();
	model->scratch = open_memory();
	snprintf(pragma, sizeof pragma, "PRAGMA page_size = %u", page_size);
	run(model->db, pragma);
	model_restart(model);
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	drop_deeds(model);
	sqlite3_close(model->db);
	sqlite3_close(model->scratch);
	free(model);
}

void model_restart(struct model *model)
{
	run(model->db, "PRAGMA foreign_keys = ON");
	model->foreign_keys_off = false;
}

void model_copy(struct model *copy, const struct model *model, size_t count, size_t durable)
{
	const struct content *last = &model->deeds[count - 1].content;

	drop_deeds(copy);
	memcpy(copy->deeds, model->deeds, count * sizeof *copy->deeds);
	copy->count = copy->borrowed = count;
	copy->durable = durable;
	load(copy->db, last->bytes, last->size, false);
	model_restart(copy);
}

uint32_t model_version(const struct model *model)
{
	return model->count ? model->deeds[model->count - 1].version : 0;
}

static struct deed *add(struct model *model, enum deed_kind kind, uint32_t version)
{
	struct deed *deed = &model->deeds[model->count++];

	assert(model->count <= MODEL_DEEDS_MAX);
	*deed = (struct deed){.kind = kind, .version = version};
	return deed;
}

void model_create(struct model *model, uint32_t version)
{
	content_take(&add(model, DEED_CREATE, version)->content, model->db);
}

static void run_all(struct model *model, const struct sql *sql)
{
	run(model->db, "BEGIN");
	for (size_t i = 0; i < sql->count; i++)
		run(model->db, sql->text[i]);
	run(model->db, "COMMIT");
}

void model_change(struct model *model, uint32_t version, struct sql *sql)
{
	struct deed *deed = add(model, DEED_CHANGE, version);

	run_all(model, sql);
	deed->sql = *sql;
	content_take(&deed->content, model->db);
}

void model_lone(struct model *model, struct sql *sql)
{
	struct deed *deed = add(model, DEED_LONE, model_version(model));

	run(model->db, sql->text[0]);
	model->foreign_keys_off = strstr(sql->text[0], "OFF") != NULL;
	deed->sql = *sql;
	content_take(&deed->content, model->db);
}

/* The first deed behind which the database of the newest version was another: all of that version's
 * deeds go. */
static size_t deeds_before_head(const struct model *model)
{
	struct version_view *view = calloc(MODEL_DEEDS_MAX, sizeof *view);
	size_t count = model_view(model, model->count, view), at;

	assert(view && count >= 2);
	for (at = model->count; &model->deeds[at - 1].content != view[count - 2].content; at--)
		assert(at > 1);
	free(view);
	return at;
}

void model_rewind(struct model *model)
{
	const struct deed *before = &model->deeds[deeds_before_head(model) - 1];
	struct deed *deed = add(model, DEED_REWIND, before->version);

	load(model->db, before->content.bytes, before->content.size, false);
	model_restart(model);
	content_take(&deed->content, model->db);
}

/* vars.data_version of the node's database, which may be ahead of the log. */
static bool live_version(const struct model *model, uint32_t *version)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(model->db, "SELECT intval FROM vars WHERE name = 'data_version'", -1,
		    &statement, NULL) != SQLITE_OK)
		return false;
	sqlite3_step(statement);
	*version = (uint32_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return true;
}

bool model_has_schema(const struct model *model)
{
	uint32_t version;

	return live_version(model, &version);
}

void model_snapshot(struct model *model)
{
	uint32_t version = 0;

	live_version(model, &version);
	content_take(&add(model, DEED_SNAPSHOT, version)->content, model->db);
}

void model_unwatched(struct model *model, struct sql *sql)
{
	run_all(model, sql);
	sql_done(sql);
}

void model_save(const struct model *model, const char *path)
{
	sqlite3_int64 size = 0;
	uint8_t *bytes = sqlite3_serialize(model->db, "main", &size, 0);
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(bytes, 1, (size_t)size, file) != (size_t)size || fclose(file))
		abort();
	sqlite3_free(bytes);
}

/* Adds SQL to the changes that lead to VIEW. */
static void view_add(struct version_view *view, const struct sql *sql)
{
	size_t i = 0;

	while (view->sql[i])
		i++;
	assert(i + 1 < sizeof view->sql / sizeof *view->sql);
	view->sql[i] = sql;
}

size_t model_view(const struct model *model, size_t count, struct version_view *out)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct deed *deed = &model->deeds[i];

		switch (deed->kind) {
		case DEED_REWIND:
			n--;
			break;
		case DEED_LONE:
			view_add(&out[n - 1], &deed->sql);
			break;
		case DEED_SNAPSHOT:
			if (n && out[n - 1].version == deed->version)
				break;
			/* fall through */
		case DEED_CREATE:
		case DEED_CHANGE:
			out[n] = (struct version_view){.version = deed->version};
			if (deed->kind == DEED_CHANGE)
				view_add(&out[n], &deed->sql);
			out[n++].content = &deed->content;
			break;
		}
	}
	return n;
}
