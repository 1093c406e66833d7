/* status.c - status.json: what the log holds, and how it is. */
#include "status.h"
#include <bk/moment.h>
#include <bk/text.h>
#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

/* cJSON's numbers are doubles: exact for all counts below 2^53. */
static void add_number(cJSON *object, const char *name, uint64_t number)
{
	cJSON_AddNumberToObject(object, name, (double)number);
}

static void add_head(cJSON *root, const struct bk_log_status *status)
{
	char time[BK_MOMENT_TEXT];
	cJSON *head;

	if (status->is_empty) {
		cJSON_AddNullToObject(root, "head");
		return;
	}
	head = cJSON_AddObjectToObject(root, "head");
	bk_moment_text(time, status->time_us, 0);
	add_number(head, "version", status->version);
	cJSON_AddStringToObject(head, "time", time);
}

static void add_log(cJSON *root, const struct bk_log_status *status)
{
	char time[BK_MOMENT_TEXT];
	cJSON *log = cJSON_AddObjectToObject(root, "log");

	bk_moment_text(time, status->created_us, 1);
	cJSON_AddStringToObject(log, "id", status->id);
	cJSON_AddStringToObject(log, "created", time);
	add_number(log, "bytes", status->log_bytes);
	add_number(log, "torn_bytes", status->torn_bytes);
	add_number(log, "changes", status->changes);
	add_number(log, "keyframes", status->keyframes);
	add_number(log, "unkeyframed_changes", status->unkeyframed);
	add_number(log, "page_size", status->page_size);
	cJSON_AddBoolToObject(log, "closed", status->is_closed);
}

/* Damage met so far: by the versions that could not be given, and near the log's end. */
static bool add_damage(cJSON *root, struct fs *fs, const struct bk_log_status *status)
{
	cJSON *list = cJSON_AddArrayToObject(root, "damaged_versions");
	uint64_t more = damage_more(&fs->sources.health.damage);
	uint64_t past_damage = images_state(&fs->images).past_damage;
	struct damage_range range;
	size_t count = 0;

	while (damage_get(&fs->sources.health.damage, count, &range)) {
		cJSON *item = cJSON_CreateObject();

		add_number(item, "from", range.from);
		add_number(item, "to", range.to);
		cJSON_AddStringToObject(item, "error", range.what);
		cJSON_AddItemToArray(list, item);
		count++;
	}
	if (more)
		add_number(root, "damaged_versions_not_listed", more);
	if (status->damaged_at)
		add_number(root, "damaged_at", status->damaged_at);
	if (past_damage)
		add_number(root, "opened_past_damage", past_damage);
	if (status->copied_at)
		add_number(root, "copied_at", status->copied_at);
	if (status->header_damaged)
		cJSON_AddTrueToObject(root, "header_damaged");
	return count || past_damage || status->damaged_at || status->header_damaged;
}

/* What the verdict says of the newest version, or of one that was the newest when it was asked.
 * Returns whether that cannot be restored. */
static bool add_verdict(cJSON *root, struct fs *fs)
{
	static const char *const answers[] = {[BK_VERDICT_YES] = "yes",
		[BK_VERDICT_NOTHING] = "nothing to restore",
		[BK_VERDICT_UNSURE] = "unsure",
		[BK_VERDICT_NO] = "no"};
	cJSON *can = cJSON_AddObjectToObject(root, "can_be_restored");
	struct judgement last;
	char time[BK_MOMENT_TEXT];

	judge_last(&fs->judge, &last);
	if (!last.is_known) {
		cJSON_AddStringToObject(can, "answer", "not looked at yet");
		return false;
	}
	bk_moment_text(time, last.time_us, 0);
	cJSON_AddStringToObject(can, "answer", answers[last.verdict.answer]);
	add_number(can, "version", last.verdict.version);
	cJSON_AddStringToObject(can, "looked_at", time);
	if (last.verdict.answer != BK_VERDICT_YES)
		cJSON_AddStringToObject(can, "why", last.verdict.why.msg);
	return last.verdict.answer == BK_VERDICT_NO;
}

static void add_cache(cJSON *root, struct fs *fs)
{
	cJSON *cache = cJSON_AddObjectToObject(root, "cache");
	struct images_state state = images_state(&fs->images);

	add_number(cache, "images", state.count);
	add_number(cache, "bytes", state.bytes);
	add_number(cache, "texts", texts_bytes(&fs->texts));
	add_number(cache, "bytes_max", fs->options->cache_bytes);
}

static cJSON *make(struct fs *fs, const struct bk_log_status *status)
{
	char trouble[BK_ERROR_MESSAGE_MAX], passing[BK_ERROR_MESSAGE_MAX];
	char missing[BK_ERROR_MESSAGE_MAX];
	cJSON *root = cJSON_CreateObject();
	bool is_damaged;

	cJSON_AddStringToObject(root, "url", fs->url);
	add_head(root, status);
	add_log(root, status);
	is_damaged = add_damage(root, fs, status);
	is_damaged |= add_verdict(root, fs);
	sources_trouble(&fs->sources, trouble);
	trouble_get(&fs->sources.health.trouble, passing);
	health_missing(&fs->sources.health, missing);
	if (*missing)
		cJSON_AddStringToObject(root, "not_found", missing);
	if (*status->doubt)
		cJSON_AddStringToObject(root, "doubt", status->doubt);
	if (*trouble || *passing)
		cJSON_AddStringToObject(root, "trouble", *trouble ? trouble : passing);
	cJSON_AddStringToObject(root, "health",
		is_damaged ? "damaged"
		: *trouble ? "not followed"
		: *passing ? "failing"
			   : "ok");
	add_cache(root, fs);
	return root;
}

char *status_text(struct fs *fs, struct source *source)
{
	struct bk_log_status status;
	struct bk_error err;
	cJSON *root;
	char *text, *whole;

	/* Only its newest keyframe can be in the way; what can be said without it is said. */
	if (bk_log_status(source->log, &status, &err))
		memset(&status, 0, sizeof status);
	root = make(fs, &status);
	text = cJSON_Print(root);
	cJSON_Delete(root);
	whole = text ? bk_json_text(text, "\n") : NULL;
	cJSON_free(text);
	return whole;
}
