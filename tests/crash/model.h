/* model.h - what a log must hold: a node's database in plain SQLite, and all that was done to the
 * log, in order. Knows nothing of the log's code.
 *
 * Each thing that was done is a *deed*. Deeds up to a point are durable; those behind it were
 * begun, and after a power loss a prefix of them may be there, never another set. */
#ifndef MODEL_H
#define MODEL_H

#include "rng.h"
#include <bk/change.h>
#include <sqlite3.h>
#include <stddef.h>

#define MODEL_DEEDS_MAX      1024
#define MODEL_STATEMENTS_MAX 12

/* SQL of one call. */
struct sql {
	char *text[MODEL_STATEMENTS_MAX]; /* owned */
	size_t count;
};

void sql_done(struct sql *sql);
void sql_add(struct sql *sql, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* SQL as core takes it; SLICES has MODEL_STATEMENTS_MAX of room. */
struct bk_change sql_change(const struct sql *sql, uint32_t version, struct bk_slice *slices);

/* Made-up changes, always possible after sql_schema. */
void sql_schema(struct sql *out, uint32_t version);
void sql_random(struct sql *out, struct rng *rng, uint32_t version);

/* Needs foreign keys off, or child rows vanish: what a migration sends between two lone pragmas. */
void sql_rebuild(struct sql *out, uint32_t version);

/* A database's bytes, and a sum of all its rows. */
struct content {
	uint8_t *bytes; /* owned */
	size_t size;
	uint64_t sum;
};

enum deed_kind {
	DEED_CREATE, /* the log was made */
	DEED_CHANGE,
	DEED_LONE,
	DEED_REWIND,
	DEED_SNAPSHOT,
};

struct deed {
	enum deed_kind kind;
	uint32_t version; /* that the log stands at afterwards */
	struct sql sql;
	struct content content; /* of the database afterwards */
};

struct model {
	sqlite3 *db;
	sqlite3 *scratch; /* to look at images */
	bool foreign_keys_off;
	struct deed deeds[MODEL_DEEDS_MAX];
	size_t count;
	size_t durable;  /* so many are there after any power loss */
	size_t borrowed; /* the first ones belong to the model that this is a copy of */
};

struct model *model_new(uint32_t page_size);
void model_free(struct model *model);

/* Makes COPY what MODEL was after COUNT deeds, DURABLE of them durable. MODEL must stay while COPY
 * is used. */
void model_copy(struct model *copy, const struct model *model, size_t count, size_t durable);

/* Forgets all deeds but the first COUNT: the others were refused, and are not in the log. */
void model_forget(struct model *model, size_t count);

/* Does each to the database, and notes it as begun. */
void model_create(struct model *model, uint32_t version);
void model_change(struct model *model, uint32_t version, struct sql *sql); /* takes SQL over */
void model_lone(struct model *model, struct sql *sql);                     /* takes SQL over */
void model_rewind(struct model *model);
void model_snapshot(struct model *model);

/* The same without a word to the log: the node moved on unwatched. */
void model_unwatched(struct model *model, struct sql *sql);

/* The node starts anew: its connection has foreign keys on. */
void model_restart(struct model *model);

uint32_t model_version(const struct model *model);

/* Whether the node's database has its tables yet. */
bool model_has_schema(const struct model *model);

/* Writes the node's database, as it is committed, to a real file. */
void model_save(const struct model *model, const char *path);

/* The sum of a database given as bytes; 0 if SQLite cannot read it. */
uint64_t content_sum(sqlite3 *db, const uint8_t *bytes, size_t size);

/* One version of those that a log stands for after its first COUNT deeds. */
struct version_view {
	uint32_t version;
	const struct sql *sql[8]; /* of the changes that lead to it, NULL behind the last */
	const struct content *content;
};

/* The versions after COUNT deeds, oldest first; returns how many. OUT has room for
 * MODEL_DEEDS_MAX. */
size_t model_view(const struct model *model, size_t count, struct version_view *out);

#endif
