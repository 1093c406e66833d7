/* fuzz_jsonrpc.c - lightningd's stream: cut into the same messages however it arrives, and a change
 * in it is taken whole or refused; what is read without a tree is what the tree says. */
#include "dbwrite.h"
#include "framing.h"
#include "fuzz.h"
#include "message.h"
#include <string.h>

#define SMALL_MAX 512

struct sums {
	uint64_t messages, hash, too_large;
};

static void take_sum(struct sums *sums, const struct bk_slice *text)
{
	const uint8_t *data = text->data;

	sums->messages++;
	for (size_t i = 0; i < text->size; i++)
		sums->hash = (sums->hash ^ data[i]) * 1099511628211u;
	sums->hash = sums->hash * 31 + text->size;
}

static void check_same(const struct bk_change *one, const struct bk_change *other)
{
	REQUIRE(one->version == other->version);
	REQUIRE(one->statement_count == other->statement_count);
	for (size_t i = 0; i < one->statement_count; i++) {
		REQUIRE(one->statements[i].size == other->statements[i].size);
		REQUIRE(memcmp(one->statements[i].data, other->statements[i].data,
				one->statements[i].size) == 0);
	}
}

/* A db_write of PARAMS, as lightningd writes it, is read without a tree, and says CHANGE. */
static void check_plain(const char *params, const struct bk_change *change)
{
	static const char format[] = "{\"jsonrpc\":\"2.0\",\"id\":\"cln:db_write#1\",\"method\":"
				     "\"db_write\",\"params\":%s}";
	char *json = malloc(sizeof format + strlen(params));
	struct bk_slice text = {json, 0};
	struct dbwrite write;

	REQUIRE(json);
	text.size = (size_t)sprintf(json, format, params);
	dbwrite_init(&write);
	/* Characters without an escape of their own are left to the tree. */
	REQUIRE(dbwrite_read(&write, &text) || strstr(params, "\\u"));
	if (!strstr(params, "\\u"))
		check_same(&write.change, change);
	dbwrite_done(&write);
	free(json);
}

/* What CHANGE says, written as lightningd writes it, gives CHANGE again. */
static void check_again(const struct bk_change *change)
{
	cJSON *params = cJSON_CreateObject(), *writes = cJSON_AddArrayToObject(params, "writes");
	struct statements statements = {0};
	struct bk_slice text;
	struct bk_change again;
	struct bk_error err;
	cJSON *message;
	char *json;

	cJSON_AddNumberToObject(params, "data_version", change->version);
	for (size_t i = 0; i < change->statement_count; i++) {
		char *copy = strndup(change->statements[i].data, change->statements[i].size);

		REQUIRE(copy);
		cJSON_AddItemToArray(writes, cJSON_CreateString(copy));
		free(copy);
	}
	json = cJSON_PrintUnformatted(params);
	REQUIRE(json);
	text = (struct bk_slice){json, strlen(json)};
	REQUIRE(!message_parse(&message, &text, &err));
	REQUIRE(!message_change(&again, message, &statements, &err));
	check_same(&again, change);
	check_plain(json, change);
	free(statements.list);
	cJSON_Delete(message);
	cJSON_Delete(params);
	cJSON_free(json);
}

/* What is read without a tree is what MESSAGE, the tree of TEXT, says; CHANGE is NULL where that is
 * no db_write that can be taken. */
static void check_reader(
	const struct bk_slice *text, const cJSON *message, const struct bk_change *change)
{
	const char *method =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "method"));
	struct dbwrite write;
	char *id;

	dbwrite_init(&write);
	if (dbwrite_read(&write, text)) {
		REQUIRE(change && method && strcmp(method, "db_write") == 0);
		check_same(&write.change, change);
		id = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(message, "id"));
		REQUIRE(id && strlen(id) == write.id.size &&
			memcmp(id, write.id.data, write.id.size) == 0);
		cJSON_free(id);
	}
	dbwrite_done(&write);
}

static void check_message(const struct bk_slice *text)
{
	struct statements statements = {0};
	struct bk_change change;
	struct bk_error err = {0};
	cJSON *message = NULL;
	enum bk_code code = message_parse(&message, text, &err);

	cJSON_Delete(message_guess_id(text));
	if (code) {
		REQUIRE(code == BK_E_INVALID && *err.msg && !message);
		check_reader(text, NULL, NULL);
		return;
	}
	code = message_change(
		&change, cJSON_GetObjectItemCaseSensitive(message, "params"), &statements, &err);
	REQUIRE(!code || code == BK_E_INVALID);
	check_reader(text, message, code ? NULL : &change);
	if (!code) {
		REQUIRE(!bk_change_check(&change, &err));
		check_again(&change);
	}
	free(statements.list);
	cJSON_Delete(message);
}

/* Feeds DATA in parts of at most PART bytes. */
static struct sums feed(const uint8_t *data, size_t size, size_t part, size_t message_max)
{
	struct sums sums = {0};
	struct framing framing;
	struct bk_slice text;
	struct bk_error err;
	enum framing_event event;

	framing_init(&framing, message_max);
	while (size) {
		uint8_t *at;
		size_t room;

		REQUIRE(!framing_room(&framing, &at, &room, &err) && room);
		if (room > part)
			room = part;
		if (room > size)
			room = size;
		memcpy(at, data, room);
		framing_feed(&framing, room);
		data += room;
		size -= room;
		while ((event = framing_next(&framing, &text)) != FRAMING_MORE) {
			if (event == FRAMING_MESSAGE)
				take_sum(&sums, &text);
			else
				sums.too_large++;
			if (event == FRAMING_MESSAGE && part == SIZE_MAX)
				check_message(&text);
		}
		/* Memory stays within the limit and the room for one read. */
		REQUIRE(framing.buf.capacity <= message_max + 2 + 65536);
	}
	framing_done(&framing);
	return sums;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char next[] = "\n\n{\"last\":1}\n\n";
	struct sums whole, parts;
	uint8_t *more;

	if (!size || size > 65536)
		return 0;
	whole = feed(data + 1, size - 1, SIZE_MAX, size);
	parts = feed(data + 1, size - 1, 1 + data[0] % 16, size);
	REQUIRE(!whole.too_large && !parts.too_large);
	REQUIRE(whole.messages == parts.messages && whole.hash == parts.hash);
	/* Whatever came before, and however much of it was over the limit: the next one arrives. */
	more = malloc(size + sizeof next);
	REQUIRE(more);
	memcpy(more, data, size);
	memcpy(more + size, next, sizeof next - 1);
	whole = feed(more, size + sizeof next - 1, 1 + data[0] % 16, SMALL_MAX);
	REQUIRE(whole.messages >= 1);
	free(more);
	return 0;
}
