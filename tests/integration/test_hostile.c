/* test_hostile.c - what lightningd never sends: each is refused with a reason, nothing of it is
 * written, and the plugin takes the next good call. And what it could send, however odd, which must
 * pass. */
#include "jsontext.h"
#include "plain.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_S 300
#define VERSION   10 /* of the log at first */

/* A db_write with PARAMS, the text between its braces. */
#define CALL(params)                                                                               \
	"{\"jsonrpc\":\"2.0\",\"id\":\"cln:db_write#7\",\"method\":\"db_write\",\"params\":"       \
	"{" params "}}"

static const struct hostile {
	const char *name, *message, *reason;
} hostile[] = {
	{"escaped zero", CALL("\"data_version\":11,\"writes\":[\"SELECT 'a\\u0000b'\"]"),
		"zero byte"},
	{"escaped zero behind a backslash",
		CALL("\"data_version\":11,\"writes\":[\"SELECT '\\\\\\u0000b'\"]"), "zero byte"},
	{"version -1", CALL("\"data_version\":-1,\"writes\":[\"SELECT 1\"]"), "data_version"},
	{"version 1.5", CALL("\"data_version\":11.5,\"writes\":[\"SELECT 1\"]"), "data_version"},
	{"version 2^32", CALL("\"data_version\":4294967296,\"writes\":[\"SELECT 1\"]"),
		"data_version"},
	{"version 2^32 + 11", CALL("\"data_version\":4294967307,\"writes\":[\"SELECT 1\"]"),
		"data_version"},
	{"a huge version", CALL("\"data_version\":1e400,\"writes\":[\"SELECT 1\"]"),
		"data_version"},
	{"version as text", CALL("\"data_version\":\"11\",\"writes\":[\"SELECT 1\"]"),
		"data_version"},
	{"version true", CALL("\"data_version\":true,\"writes\":[\"SELECT 1\"]"), "data_version"},
	{"version null", CALL("\"data_version\":null,\"writes\":[\"SELECT 1\"]"), "data_version"},
	{"no version", CALL("\"writes\":[\"SELECT 1\"]"), "data_version"},
	{"no writes", CALL("\"data_version\":11"), "list of writes"},
	{"writes null", CALL("\"data_version\":11,\"writes\":null"), "list of writes"},
	{"writes a text", CALL("\"data_version\":11,\"writes\":\"SELECT 1\""), "list of writes"},
	{"writes an object", CALL("\"data_version\":11,\"writes\":{\"a\":\"SELECT 1\"}"),
		"list of writes"},
	{"empty writes", CALL("\"data_version\":11,\"writes\":[]"), "PostgreSQL"},
	{"a number among writes", CALL("\"data_version\":11,\"writes\":[\"SELECT 1\",2]"),
		"number 2"},
	{"null among writes", CALL("\"data_version\":11,\"writes\":[null]"), "no text"},
	{"a list among writes", CALL("\"data_version\":11,\"writes\":[[\"SELECT 1\"]]"), "no text"},
	{"no params", "{\"jsonrpc\":\"2.0\",\"id\":\"cln:db_write#7\",\"method\":\"db_write\"}",
		"data_version"},
	{"params a list",
		"{\"jsonrpc\":\"2.0\",\"id\":\"cln:db_write#7\",\"method\":\"db_write\",\"params\":"
		"[11,[\"SELECT 1\"]]}",
		"data_version"},
	{"a version too far", CALL("\"data_version\":12,\"writes\":[\"SELECT 1\"]"),
		"Backup is out of date"},
	{"an old version", CALL("\"data_version\":3,\"writes\":[\"SELECT 1\"]"),
		"older than its backup"},
	{"the same version again", CALL("\"data_version\":9,\"writes\":[\"SELECT 1\"]"),
		"older than its backup"},
	{"no JSON", "hello", "no JSON object"},
	{"a list", "[1,2,3]", "no JSON object"},
	{"a JSON text", "\"db_write\"", "no JSON object"},
	{"a cut message", "{\"jsonrpc\":\"2.0\",\"id\":\"cln:db_write#7\",\"method\":\"db_write\"",
		"no JSON object"},
	{"two messages without a blank line",
		CALL("\"data_version\":11,\"writes\":[\"SELECT 1\"]")
			CALL("\"data_version\":12,\"writes\":[\"SELECT 1\"]"),
		"no JSON object"},
	{"bytes of no script", "\x80\xff\xfe\x01{}", "no JSON object"},
};

#define HOSTILE_COUNT (sizeof hostile / sizeof *hostile)

static void make(struct world *world)
{
	plain_make(world, VERSION, 0);
	world_start(world);
}

static void send_text(struct world *world, const char *text)
{
	must(node_send_raw(world->node, text, strlen(text), &world->err), &world->err);
}

/* Receives an answer and returns whether it is one that lightningd goes on with. */
static bool receive_continue(struct world *world)
{
	struct bk_slice answer;

	must(node_receive_raw(world->node, &answer, &world->err), &world->err);
	cr_assert(answer.size, "the plugin ended");
	return memmem(answer.data, answer.size, "{\"result\":\"continue\"}", 21);
}

/* The log must be whole, and stand at VERSION. */
static void check_log(struct world *world, uint32_t version)
{
	const char *verify[] = {"verify", world->log, NULL};
	struct run run;

	cr_assert_eq(world_cli(world, verify, &run), 0, "%s%s", run_out(&run), run_err(&run));
	run_done(&run);
	cr_assert_eq(world_head(world), version);
}

Test(hostile, refused, .timeout = TIMEOUT_S)
{
	struct world world;

	make(&world);
	for (size_t i = 0; i < HOSTILE_COUNT; i++) {
		node_forget_logs(world.node);
		send_text(&world, hostile[i].message);
		send_text(&world, "\n\n");
		cr_assert_not(receive_continue(&world), "%s: not refused", hostile[i].name);
		cr_assert(node_has_logged(world.node, "unusual", hostile[i].reason), "%s: %s",
			hostile[i].name, node_logs(world.node));
		cr_assert(node_has_logged(world.node, "unusual", "stops before it commits") &&
				  node_has_logged(world.node, "unusual", "To go on: "),
			"%s: %s", hostile[i].name, node_logs(world.node));
		check_log(&world, VERSION);
	}
	plain_play(&world, 3);
	world_stop(&world);
	world_check_restore(&world, world.database);
	check_log(&world, VERSION + 3);
	world_done(&world);
}

/* The refusal carries the id of the call, and its reason, which lightningd prints. */
Test(hostile, answer_is_to_the_call, .timeout = TIMEOUT_S)
{
	struct bk_slice answer;
	struct world world;

	make(&world);
	send_text(&world, CALL("\"data_version\":11,\"writes\":[]") "\n\n");
	must(node_receive_raw(world.node, &answer, &world.err), &world.err);
	cr_assert(memmem(answer.data, answer.size, "\"id\":\"cln:db_write#7\"", 21));
	cr_assert(memmem(answer.data, answer.size, "PostgreSQL", 10));
	cr_assert(memmem(answer.data, answer.size, "\"jsonrpc\":\"2.0\"", 15));
	world_done(&world);
}

Test(hostile, zero_byte, .timeout = TIMEOUT_S)
{
	static const char message[] =
		CALL("\"data_version\":11,\"writes\":[\"SELECT '\0'\"]") "\n\n";
	struct world world;

	make(&world);
	must(node_send_raw(world.node, message, sizeof message - 1, &world.err), &world.err);
	cr_assert_not(receive_continue(&world));
	check_log(&world, VERSION);
	plain_play(&world, 1);
	world_done(&world);
}

/* Deeper than any JSON that is meant well. */
Test(hostile, nesting, .timeout = TIMEOUT_S)
{
	const size_t depth = 1000000;
	char *brackets = malloc(depth);
	struct world world;

	cr_assert(brackets);
	memset(brackets, '[', depth);
	make(&world);
	must(node_send_raw(world.node, brackets, depth, &world.err), &world.err);
	send_text(&world, "\n\n");
	cr_assert_not(receive_continue(&world));
	free(brackets);
	plain_play(&world, 1);
	world_done(&world);
}

/* What looks like an escaped zero and is none, all that JSON can escape, and scripts of the world.
 */
Test(hostile, odd_texts_pass, .timeout = TIMEOUT_S)
{
	static const char *const texts[] = {
		"UPDATE vars SET intval = intval + 1, val = 'a\\\\u0000b' WHERE name = "
		"'data_version'",
		"UPDATE vars SET intval = intval + 1, val = '\\\\\\\\u0000' WHERE name = "
		"'data_version'",
		"UPDATE vars SET intval = intval + 1, val = '\\u0001\\b\\f\\n\\r\\t\\/\\\"\\u00e9' "
		"WHERE "
		"name = 'data_version'",
		"UPDATE vars SET intval = intval + 1, val = '\\ud83d\\ude00 \xf0\x9f\x98\x80' "
		"WHERE name "
		"= 'data_version';",
		"  \\n\\tUPDATE vars SET intval = intval + 1 WHERE name = 'data_version' ; -- end",
	};
	struct world world;
	char message[512];

	make(&world);
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
		snprintf(message, sizeof message,
			CALL("\"data_version\":%u,\"writes\":[\"%s\"]") "\n\n", VERSION + 1 + i,
			texts[i]);
		send_text(&world, message);
		cr_assert(receive_continue(&world), "%s", texts[i]);
	}
	world_stop(&world);
	check_log(&world, VERSION + 5);
	world_done(&world);
}

/* A message cut in two at each of its bytes. */
Test(hostile, every_split_point, .timeout = TIMEOUT_S)
{
	uint32_t version = VERSION;
	struct world world;
	char message[512];
	size_t size = 2;

	make(&world);
	for (size_t cut = 1; cut < size; cut++) {
		size = (size_t)snprintf(message, sizeof message,
			CALL("\"data_version\":%u,\"writes\":[\"%s\"]") "\n\n", ++version,
			PLAIN_RAISE);
		must(node_send_raw(world.node, message, cut, &world.err), &world.err);
		must(node_send_raw(world.node, message + cut, size - cut, &world.err), &world.err);
		cr_assert(receive_continue(&world), "cut at %zu", cut);
	}
	check_log(&world, version);
	world_done(&world);
}

#define RAISE(version) CALL("\"data_version\":" version ",\"writes\":[\"" PLAIN_RAISE "\"]")

/* All of it one byte at a time, and several messages in one write. */
Test(hostile, bytes_and_batches, .timeout = TIMEOUT_S)
{
	struct node_options options = {.split = SPLIT_BYTES};
	struct world world;

	make(&world);
	world_node(&world, &options);
	world_start(&world);
	plain_play(&world, 20);
	world_stop(&world);
	world_node(&world, NULL);
	world_start(&world);
	send_text(&world, RAISE("31") "\n\n\n\n" RAISE("32") "\n\n" RAISE("33") "\n\n");
	for (unsigned i = 0; i < 3; i++)
		cr_assert(receive_continue(&world));
	check_log(&world, 33);
	world_done(&world);
}

/* init in one write with the call before it. */
Test(hostile, call_and_init_in_one_write, .timeout = TIMEOUT_S)
{
	struct trace_call call = world_call(VERSION + 1, PLAIN_RAISE);
	enum node_answer answer;
	struct world world;

	make(&world);
	must(node_begin(world.node, &call, true, &world.err), &world.err);
	must(node_end(world.node, &answer, &world.err), &world.err);
	cr_assert_eq(answer, NODE_COMMITTED);
	plain_play(&world, 3);
	world_stop(&world);
	check_log(&world, VERSION + 4);
	world_done(&world);
}

/* What it does not know: requests get an error, notifications nothing. */
Test(hostile, unknown_methods, .timeout = TIMEOUT_S)
{
	struct bk_slice answer;
	struct world world;

	make(&world);
	send_text(&world, "{\"jsonrpc\":\"2.0\",\"method\":\"block_added\",\"params\":{}}\n\n"
			  "{\"jsonrpc\":\"2.0\",\"id\":\"x#1\",\"method\":\"backup-nothing\","
			  "\"params\":{}}\n\n");
	must(node_receive_raw(world.node, &answer, &world.err), &world.err);
	cr_assert(memmem(answer.data, answer.size, "-32601", 6));
	cr_assert(memmem(answer.data, answer.size, "\"id\":\"x#1\"", 10));
	plain_play(&world, 1);
	world_done(&world);
}

/* The end of stdin in the middle of a message. */
Test(hostile, cut_by_the_end, .timeout = TIMEOUT_S)
{
	static const char message[] = CALL("\"data_version\":11,\"writes\":[\"SELECT 1\"]");
	struct world world;
	int status;

	make(&world);
	plain_play(&world, 1);
	send_text(&world, message);
	must(node_hang_up(world.node, &status, &world.err), &world.err);
	cr_assert_eq(status, 0);
	check_log(&world, VERSION + 1);
	world_done(&world);
}

/* A call of COUNT statements of a megabyte each and one that raises the version. */
static void send_big_call(struct world *world, size_t count, enum node_answer *answer)
{
	const size_t size = (size_t)1 << 20;
	struct bk_slice *statements = calloc(count + 1, sizeof *statements);
	char *text = malloc(size);
	struct trace_call call = {.change = {.version = node_version(world->node) + 1,
					  .statements = statements,
					  .statement_count = count + 1}};

	cr_assert(statements && text);
	memset(text, 'x', size);
	memcpy(text, "SELECT '", 8);
	text[size - 1] = '\'';
	for (size_t i = 0; i < count; i++)
		statements[i] = (struct bk_slice){text, size};
	statements[count] = (struct bk_slice){PLAIN_RAISE, sizeof PLAIN_RAISE - 1};
	must(node_call(world->node, &call, answer, &world->err), &world->err);
	free(statements);
	free(text);
}

/* 256 MiB of statements pass; a message over the limit is refused, and the limit named; then the
 * next call is taken. */
Test(hostile, large_messages, .timeout = TIMEOUT_S)
{
	enum node_answer answer;
	struct world world;

	make(&world);
	send_big_call(&world, 256, &answer);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world.node));
	send_big_call(&world, 513, &answer);
	cr_assert_eq(answer, NODE_REFUSED);
	world_expect_log(&world, "unusual", "over the limit of 536870912 bytes");
	world_check_refusal(&world);
	plain_play(&world, 1);
	world_stop(&world);
	world_check_restore(&world, world.database);
	check_log(&world, VERSION + 2);
	world_done(&world);
}
