/* verify_print.c - what backup-cli verify says, in words or as JSON. */
#include "verify.h"
#include <bk/moment.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void on_finding(void *ctx, uint64_t offset, const char *what)
{
	struct verification *v = ctx;
	struct shown shown;

	if (v->json) {
		cJSON *item = cJSON_CreateObject();

		json_add_count(item, "offset", offset);
		cJSON_AddStringToObject(item, "what", what);
		cJSON_AddItemToArray(v->findings, item);
		return;
	}
	progress_end(&v->progress);
	printf("offset %" PRIu64 ": %s\n", offset, shown_of(&shown, what));
}

static cJSON *range(uint32_t from, uint32_t to)
{
	cJSON *item = cJSON_CreateObject();

	json_add_count(item, "from", from);
	json_add_count(item, "to", to);
	return item;
}

static void on_lost(void *ctx, uint32_t from, uint32_t to)
{
	struct verification *v = ctx;

	progress_end(&v->progress);
	if (v->json)
		cJSON_AddItemToArray(v->lost, range(from, to));
	else if (from == to)
		printf("version %" PRIu32 " cannot be rebuilt\n", from);
	else
		printf("versions %" PRIu32 " to %" PRIu32 " cannot be rebuilt\n", from, to);
}

static void on_own(void *ctx, enum bk_note_kind kind, const char *what, uint32_t from, uint32_t to)
{
	struct verification *v = ctx;
	char text[320];

	if (v->json) {
		cJSON *item = range(from, to);

		cJSON_AddStringToObject(item, "kind", own_kind(kind));
		cJSON_AddStringToObject(item, "what", what);
		cJSON_AddItemToArray(v->own_json, item);
		return;
	}
	if (from == to)
		snprintf(text, sizeof text, "version %" PRIu32 ": %s", from, what);
	else
		snprintf(text, sizeof text, "versions %" PRIu32 " to %" PRIu32 ": %s", from, to,
			what);
	own_add(&v->own, kind, text);
}

static void on_gap(void *ctx, enum bk_gap_kind kind, uint32_t from, uint32_t to)
{
	struct verification *v = ctx;
	char text[GAP_TEXT];

	gap_text(text, kind == BK_GAP_UNWATCHED, from, to);
	if (v->json) {
		cJSON *item = range(from, to);

		cJSON_AddStringToObject(
			item, "kind", kind == BK_GAP_UNWATCHED ? "unwatched" : "unreplayable");
		cJSON_AddStringToObject(item, "what", text);
		cJSON_AddItemToArray(v->gaps, item);
		return;
	}
	progress_end(&v->progress);
	printf("%s\n", text);
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	progress_show(&((struct verification *)ctx)->progress, done, total);
}

void verify_listen(struct verification *v)
{
	v->options.finding = on_finding;
	v->options.lost = on_lost;
	v->options.own = on_own;
	v->options.gap = on_gap;
	v->options.progress = on_progress;
	v->options.ctx = v;
	if (!v->json)
		return;
	v->findings = cJSON_CreateArray();
	v->lost = cJSON_CreateArray();
	v->gaps = cJSON_CreateArray();
	v->own_json = cJSON_CreateArray();
}

void verify_done(struct verification *v)
{
	own_done(&v->own);
	cJSON_Delete(v->findings);
	cJSON_Delete(v->lost);
	cJSON_Delete(v->gaps);
	cJSON_Delete(v->own_json);
	v->findings = v->lost = v->gaps = v->own_json = NULL;
}

static void print_verdict(const struct bk_verify_result *result)
{
	const struct bk_verdict *verdict = &result->verdict;
	char time[BK_MOMENT_TEXT];
	struct shown shown;

	shown_of(&shown, verdict->why.msg);
	bk_moment_text(time, result->head_time_us, true);
	switch (verdict->answer) {
	case BK_VERDICT_YES:
		printf("The newest version, %" PRIu32 " of %s, can be restored%s.\n", result->head,
			time, verdict->is_past_damage ? ", past the damage" : "");
		break;
	case BK_VERDICT_NOTHING:
		printf("There is nothing to restore yet: no database was ever written to the "
		       "log.\n");
		break;
	case BK_VERDICT_UNSURE:
		printf("Version %" PRIu32 " of %s can be restored by its number, but it may not be "
		       "the newest: %s.\n",
			result->head, time, shown.text);
		break;
	case BK_VERDICT_NO:
		printf("The newest version, %" PRIu32 " of %s, CANNOT be rebuilt: %s\n",
			result->head, time, shown.text);
		break;
	}
	if (*verdict->node)
		printf("It is the database of node %s.\n", verdict->node);
}

static void print_tail(const struct bk_verify_result *result)
{
	struct shown shown;

	if (result->copied_at)
		printf("A COPY taken while the log grew: it ends at offset %" PRIu64
		       ", in zeros, and frames stand behind them. What is before can be read. Copy "
		       "the log again, with backup-cli copy.\n",
			result->copied_at);
	if (result->tail_unsure)
		printf("The log ends in %" PRIu64 " bytes that are no valid frame, and may be a "
		       "change that was acknowledged: the newest may be lost, and the disk is "
		       "failing. After a power cut it can also be a write that never finished.\n",
			result->torn_bytes);
	else if (result->torn_bytes)
		printf("The log ends in %" PRIu64 " bytes that are no whole frame, as a crash or a "
		       "power cut leaves a write that was never acknowledged. The plugin cuts it "
		       "off when it starts.\n",
			result->torn_bytes);
	if (*result->doubt)
		printf("In doubt: log and node may differ, since %s. The plugin settles that, or "
		       "backup-cli verify --against the node's database.\n",
			shown_of(&shown, result->doubt));
}

/* What was not looked at, so that nobody takes it for looked at. */
static void print_left(const struct verification *v, const struct bk_verify_result *result)
{
	if (result->is_shut)
		printf("Not looked at: what is in the frames, and so whether anything can be "
		       "restored. The log is sealed, and no key was given: backup-cli key --help "
		       "tells how.\n");
	if (v->options.deep || !result->head_known)
		return;
	if (v->options.parts > 1)
		printf("Not looked at: the other parts of the log.\n");
	if (result->keyframes > 1)
		printf("Not looked at: the pages of older keyframes, and whether older versions "
		       "can be rebuilt. --deep does that.\n");
	if (result->is_quick)
		printf("Not run, for the database is large: SQLite's own checks. --deep runs "
		       "them.\n");
}

static void print_text(const struct verification *v, const struct bk_verify_result *result)
{
	char size[32];

	bytes_text(size, result->bytes);
	if (v->options.parts)
		printf("Part %u of %u: ", v->options.part, v->options.parts);
	printf("%s: %" PRIu64 " frame%s, %" PRIu64 " change%s, %" PRIu64 " keyframe%s\n", size,
		result->frames, result->frames == 1 ? "" : "s", result->changes,
		result->changes == 1 ? "" : "s", result->keyframes,
		result->keyframes == 1 ? "" : "s");
	if (v->options.deep && !result->is_shut)
		printf("%" PRIu64 " keyframe%s rebuilt and checked, %" PRIu64 " pages compared\n",
			result->rebuilt, result->rebuilt == 1 ? "" : "s", result->pages);
	if (result->head_known)
		print_verdict(result);
	own_print(&v->own);
	print_tail(result);
	print_left(v, result);
	if (result->findings && v->options.parts)
		printf("DAMAGED: %" PRIu64 " finding%s in this part. backup-cli verify, of all "
		       "parts, tells which versions cannot be rebuilt.\n",
			result->findings, result->findings == 1 ? "" : "s");
	else if (result->findings)
		printf("DAMAGED: %" PRIu64 " finding%s, %" PRIu64
		       " version%s cannot be rebuilt. Keep a copy of this file; begin a new backup "
		       "with backup-cli init while the node is well.\n",
			result->findings, result->findings == 1 ? "" : "s", result->lost,
			result->lost == 1 ? "" : "s");
	else if (!result->copied_at)
		printf("No damage found.\n");
}

static void add_head(cJSON *root, const struct bk_verify_result *result)
{
	const struct bk_verdict *verdict = &result->verdict;
	char time[BK_MOMENT_TEXT];

	bk_moment_text(time, result->head_time_us, false);
	json_add_count(root, "head", result->head);
	cJSON_AddStringToObject(root, "head_time", time);
	json_add_time(root, "head_time_us", result->head_time_us);
	cJSON_AddBoolToObject(root, "head_restorable", verdict->answer == BK_VERDICT_YES);
	if (verdict->answer != BK_VERDICT_YES)
		cJSON_AddStringToObject(root, "why_not", verdict->why.msg);
	if (*verdict->node)
		cJSON_AddStringToObject(root, "node", verdict->node);
	if (*result->doubt)
		cJSON_AddStringToObject(root, "doubt", result->doubt);
	cJSON_AddBoolToObject(root, "checked_by_sqlite", !result->is_quick);
}

static enum bk_code print_json(
	struct verification *v, const struct bk_verify_result *result, struct bk_error *err)
{
	cJSON *root = cJSON_CreateObject();

	json_add_count(root, "bytes", result->bytes);
	json_add_count(root, "frames", result->frames);
	json_add_count(root, "changes", result->changes);
	json_add_count(root, "keyframes", result->keyframes);
	json_add_count(root, "torn_bytes", result->torn_bytes);
	cJSON_AddBoolToObject(root, "tail_unsure", result->tail_unsure);
	if (result->copied_at)
		json_add_count(root, "copied_at", result->copied_at);
	if (v->options.parts) {
		json_add_count(root, "part", v->options.part);
		json_add_count(root, "parts", v->options.parts);
	}
	if (result->is_shut)
		cJSON_AddBoolToObject(root, "sealed_shut", true);
	if (v->options.deep) {
		json_add_count(root, "rebuilt", result->rebuilt);
		json_add_count(root, "pages", result->pages);
	}
	if (result->head_known)
		add_head(root, result);
	cJSON_AddItemToObject(root, "gaps", v->gaps);
	cJSON_AddItemToObject(root, "own", v->own_json);
	cJSON_AddItemToObject(root, "findings", v->findings);
	cJSON_AddItemToObject(root, "lost", v->lost);
	cJSON_AddBoolToObject(root, "damaged", result->findings > 0);
	v->findings = v->lost = v->gaps = v->own_json = NULL;
	return json_print(root, err);
}

enum bk_code verify_print(
	struct verification *v, const struct bk_verify_result *result, struct bk_error *err)
{
	if (v->json)
		return print_json(v, result, err);
	print_text(v, result);
	return BK_OK;
}
