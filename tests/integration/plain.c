/* plain.c - a node whose every call is one statement of ours. */
#include "plain.h"
#include <stdio.h>
#include <stdlib.h>

void plain_make(struct world *world, uint32_t version, int cache_pages)
{
	world_make_fast(world);
	plain_set_up(world, version, cache_pages);
}

void plain_set_up(struct world *world, uint32_t version, int cache_pages)
{
	struct node_options options = {.cache_pages = cache_pages};
	char *sql;

	cr_assert_geq(asprintf(&sql,
			      "CREATE TABLE vars (name TEXT PRIMARY KEY, val TEXT, intval INTEGER, "
			      "blobval BLOB);"
			      "INSERT INTO vars (name, intval) VALUES ('data_version', %u);"
			      "CREATE TABLE big (data BLOB);"
			      "CREATE TRIGGER raise AFTER INSERT ON big BEGIN UPDATE vars SET "
			      "intval = intval "
			      "+ 1 WHERE name = 'data_version'; END;",
			      version),
		0);
	must(database_run(world->database, sql, &world->err), &world->err);
	free(sql);
	world_set_up(world);
	world_node(world, &options);
}

void plain_play(struct world *world, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct trace_call call = world_call(node_version(world->node) + 1, PLAIN_RAISE);
		enum node_answer answer;

		must(node_call(world->node, &call, &answer, &world->err), &world->err);
		cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world->node));
	}
}

void plain_play_unwatched(struct world *world, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct trace_call call = world_call(node_version(world->node) + 1, PLAIN_RAISE);

		must(node_call_unwatched(world->node, &call, &world->err), &world->err);
	}
}
