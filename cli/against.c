/* against.c - backup-cli verify --against: whether a database is what the log has of it. */
#include "owner.h"
#include "verify.h"
#include <bk/version.h>
#include <inttypes.h>
#include <stdio.h>

#define BUSY_MS 10000

struct listening {
	bool json;
	cJSON *differing; /* with json */
	uint64_t count;
	struct progress progress;
};

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	progress_show(&((struct listening *)ctx)->progress, done, total);
}

static void count_json(cJSON *item, const char *key, uint64_t count)
{
	if (count)
		json_add_count(item, key, count);
}

static void on_difference_json(struct listening *listening, const struct bk_difference *difference)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "where", difference->where);
	count_json(item, "differ", difference->rows);
	count_json(item, "in_log_only", difference->in_log);
	count_json(item, "in_database_only", difference->in_database);
	cJSON_AddStringToObject(item, "first", difference->first);
	cJSON_AddItemToArray(listening->differing, item);
}

static void print_count(uint64_t count, const char *what)
{
	if (count)
		printf(" %" PRIu64 "%s;", count, what);
}

static void on_difference(void *ctx, const struct bk_difference *difference)
{
	struct listening *listening = ctx;
	struct shown shown;

	listening->count++;
	if (listening->json) {
		on_difference_json(listening, difference);
		return;
	}
	printf("%s:", shown_of(&shown, difference->where));
	print_count(difference->rows, difference->rows == 1 ? " differs" : " differ");
	print_count(difference->in_log, " in the log only");
	print_count(difference->in_database, " in the database only");
	printf(" the first: %s\n", shown_of(&shown, difference->first));
}

/* That the database is not the log's newest version, and what that means. */
static void print_distance(const struct verification *v, const struct bk_against_result *result)
{
	int32_t behind = bk_version_distance(result->head, result->version);

	if (result->is_empty)
		printf("NOT the newest: %s is empty, without any table, and the log is at version "
		       "%" PRIu32 ".\n",
			v->against, result->head);
	else if (behind > 0)
		printf("NOT the newest: %s is at version %" PRIu32 ", %" PRId32
		       " behind the log, which goes on to version %" PRIu32 ".\n",
			v->against, result->version, behind, result->head);
	else if (!result->is_held)
		printf("%s is at version %" PRIu32 ", newer than the log, which is at version "
		       "%" PRIu32 ": the node went on without its backup. The plugin heals that "
		       "when lightningd starts.\n",
			v->against, result->version, result->head);
	if (!result->is_held && !result->is_empty)
		printf("The log does not hold version %" PRIu32 ": nothing was compared.\n",
			result->version);
}

static void print_text(const struct verification *v, const struct bk_against_result *result,
	const struct listening *listening)
{
	if (result->is_held && result->differences)
		printf("DIFFERENT at version %" PRIu32 ": %" PRIu64 " difference%s in %" PRIu64
		       " place%s, between %s and the log.\n",
			result->version, result->differences, result->differences == 1 ? "" : "s",
			listening->count, listening->count == 1 ? "" : "s", v->against);
	else if (result->is_held)
		printf("The same at version %" PRIu32 ": %" PRIu64 " tables, %" PRIu64
		       " rows, of %s and of the log.\n",
			result->version, result->tables, result->rows, v->against);
	print_distance(v, result);
}

static enum bk_code print_json(const struct bk_against_result *result,
	const struct listening *listening, struct bk_error *err)
{
	cJSON *root = cJSON_CreateObject();

	json_add_count(root, "version", result->version);
	json_add_count(root, "head", result->head);
	cJSON_AddBoolToObject(root, "compared", result->is_held);
	cJSON_AddBoolToObject(root, "newest",
		!bk_version_after(result->head, result->version) && result->is_held);
	cJSON_AddBoolToObject(root, "same", bk_against_is_same(result));
	json_add_count(root, "tables", result->tables);
	json_add_count(root, "rows", result->rows);
	json_add_count(root, "differences", result->differences);
	cJSON_AddItemToObject(root, "differing", listening->differing);
	return json_print(root, err);
}

/* Compares with LOG, which is open. */
static enum bk_code compare(const struct verification *v, struct bk_log *log,
	struct bk_against_result *result, struct bk_error *err)
{
	struct listening listening = {.json = v->json,
		.differing = v->json ? cJSON_CreateArray() : NULL,
		.progress = progress_of("comparing")};
	struct bk_against_options options = {.busy_ms = BUSY_MS,
		.difference = on_difference,
		.progress = on_progress,
		.ctx = &listening};
	enum bk_code code = owner_enter_file(v->against, err);

	listening.progress.unit = "pages";
	if (!code)
		code = bk_verify_against(log, v->against, &options, result, err);
	progress_end(&listening.progress);
	if (code) {
		cJSON_Delete(listening.differing);
		return code;
	}
	if (v->json)
		return print_json(result, &listening, err);
	print_text(v, result, &listening);
	return BK_OK;
}

int verify_against(struct verification *v)
{
	struct bk_against_result result;
	struct bk_error err;
	struct bk_log *log;
	enum bk_code code = open_url(&log, v->url, &err);

	if (code)
		return report(&err);
	code = compare(v, log, &result, &err);
	bk_log_close(log);
	if (code)
		return report(&err);
	return bk_against_is_same(&result) ? EXIT_DONE : EXIT_DAMAGE;
}
