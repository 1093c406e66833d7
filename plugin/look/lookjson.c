/* lookjson.c - what was seen of a backup, as JSON. */
#include "lookjson.h"
#include "faults.h"
#include "jsonnumber.h"
#include <bk/moment.h>
#include <bk/version.h>
#include <stdio.h>
#include <string.h>

const char *look_place_state(const struct look_place *place)
{
	if (place->answer == LOOK_SILENT)
		return "silent";
	if (place->answer != LOOK_ANSWERED)
		return "away";
	if (!place->stands)
		return "unknown";
	switch (place->standing.kind) {
	case BK_STANDS_LEVEL:
		return "level";
	case BK_STANDS_BEHIND:
		return "behind";
	case BK_STANDS_AHEAD:
		return "ahead";
	case BK_STANDS_FORKED:
		return "forked";
	case BK_STANDS_PREDECESSOR:
		return "predecessor";
	case BK_STANDS_OTHER:
		return "other";
	case BK_STANDS_EMPTY:
		return "empty";
	}
	return "unknown";
}

uint32_t look_lag(const struct look *look)
{
	uint32_t head = look->log.status.is_empty ? 0 : look->log.status.version;

	return look->node.answer == LOOK_ANSWERED && look->log.answer == LOOK_ANSWERED &&
			       bk_version_after(look->node.before.version, head)
		       ? look->node.before.version - head
		       : 0;
}

/* A time as a text, and in microseconds. */
static void add_time(cJSON *object, const char *key, int64_t time_us)
{
	char text[BK_MOMENT_TEXT], name[64];

	bk_moment_text(text, time_us, false);
	cJSON_AddStringToObject(object, key, text);
	snprintf(name, sizeof name, "%s_us", key);
	jsonnumber_add(object, name, time_us);
}

static void add_faults(cJSON *root, const struct faults *faults)
{
	cJSON *list = cJSON_AddArrayToObject(root, "faults");

	for (unsigned i = 0; i < faults->count; i++) {
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "kind", faults->list[i].kind);
		cJSON_AddStringToObject(item, "text", faults->list[i].text);
		cJSON_AddStringToObject(item, "mend", faults->list[i].mend);
		cJSON_AddItemToArray(list, item);
	}
}

static void add_head(cJSON *root, const struct look *look)
{
	const struct bk_log_status *status = &look->log.status;
	cJSON *item = cJSON_AddObjectToObject(root, "head");

	jsonnumber_add(item, "version", status->version);
	add_time(item, "time", status->time_us);
	cJSON_AddBoolToObject(item, "seen_committed", status->is_seen);
	if (look->log.health.head != BK_HEAD_UNKNOWN)
		cJSON_AddBoolToObject(item, "opens", look->log.health.head == BK_HEAD_OPENS);
}

static void add_log(cJSON *root, const struct look_log *log)
{
	const struct bk_log_status *status = &log->status;
	double days = faults_days_left(log);
	cJSON *item = cJSON_AddObjectToObject(root, "log");

	cJSON_AddStringToObject(item, "path", log->path);
	if (log->answer != LOOK_ANSWERED)
		return;
	cJSON_AddStringToObject(item, "id", status->id);
	add_time(item, "created", status->created_us);
	jsonnumber_add(item, "bytes", (int64_t)status->log_bytes);
	jsonnumber_add(item, "changes", (int64_t)status->changes);
	jsonnumber_add(item, "unkeyframed", status->unkeyframed);
	if (log->health.observed_us) {
		jsonnumber_add(item, "day_bytes", (int64_t)log->health.day_bytes);
		jsonnumber_add(item, "day_versions", (int64_t)log->health.day_versions);
	}
	if (log->has_free)
		jsonnumber_add(item, "free_bytes", (int64_t)log->free_bytes);
	if (days >= 0)
		cJSON_AddNumberToObject(item, "days_left", (double)(int64_t)(days * 10) / 10);
	if (*status->doubt)
		cJSON_AddStringToObject(item, "doubt", status->doubt);
}

static void add_gaps(cJSON *root, const struct bk_health *health)
{
	cJSON *item = cJSON_AddObjectToObject(root, "gaps"), *newest;

	jsonnumber_add(item, "count", (int64_t)health->gaps);
	jsonnumber_add(item, "missing_versions", (int64_t)health->missing);
	if (!health->gaps)
		return;
	newest = cJSON_AddObjectToObject(item, "newest");
	jsonnumber_add(newest, "from", health->gap_from);
	jsonnumber_add(newest, "to", health->gap_to);
	add_time(newest, "time", health->gap_time_us);
}

static void add_node(cJSON *root, const struct look *look)
{
	static const char *const runs[] = {[BK_RUNNING_NO] = "stopped",
		[BK_RUNNING_YES] = "running",
		[BK_RUNNING_UNKNOWN] = "unknown"};
	static const char *const holds[] = {[LOOK_WRITER_UNKNOWN] = "unknown",
		[LOOK_WRITER_NONE] = "stopped",
		[LOOK_WRITER_HOLDS] = "running"};
	cJSON *item = cJSON_AddObjectToObject(root, "node");

	cJSON_AddStringToObject(item, "directory", look->dir);
	if (look->node.answer == LOOK_ANSWERED) {
		jsonnumber_add(item, "version", look->node.after.version);
		jsonnumber_add(item, "lag_versions", look_lag(look));
		if (*look->node.after.node)
			cJSON_AddStringToObject(item, "id", look->node.after.node);
	} else {
		cJSON_AddStringToObject(item, "why", look->node.why.msg);
	}
	cJSON_AddStringToObject(item, "lightningd", runs[look->running.answer]);
	cJSON_AddStringToObject(item, "plugin", holds[look->log.writer]);
}

static cJSON *place_of(const struct look_place *place)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "url", place->url);
	cJSON_AddStringToObject(item, "state", look_place_state(place));
	if (place->answer == LOOK_FAILED)
		cJSON_AddStringToObject(item, "why", place->why.msg);
	if (place->answer == LOOK_ANSWERED && place->stands) {
		jsonnumber_add(item, "bytes", (int64_t)place->told.bytes);
		jsonnumber_add(item, "lag_versions", (int64_t)place->standing.versions);
		jsonnumber_add(item, "lag_bytes", (int64_t)place->standing.bytes);
		if (place->standing.since_us)
			add_time(item, "behind_since", place->standing.since_us);
	}
	if (place->has_free)
		jsonnumber_add(item, "free_bytes", (int64_t)place->free_bytes);
	return item;
}

static void add_places(cJSON *root, const struct look *look)
{
	cJSON *list = cJSON_AddArrayToObject(root, "places"), *quorum;

	for (unsigned i = 0; i < look->place_count; i++)
		cJSON_AddItemToArray(list, place_of(&look->places[i]));
	quorum = cJSON_AddObjectToObject(root, "quorum");
	jsonnumber_add(quorum, "places", look->lock.places.quorum);
	cJSON_AddBoolToObject(
		quorum, "missed", look->log.status.quorum_missed && look->lock.places.quorum > 1);
	if (look->log.status.quorum_missed)
		jsonnumber_add(quorum, "from", look->log.status.missed_from);
}

static void add_notes(cJSON *root, const struct lognotes *notes)
{
	int64_t verified = lognotes_verified_us(notes);
	cJSON *item = cJSON_AddObjectToObject(root, "verify");
	unsigned read = 0;

	if (verified)
		add_time(item, "time", verified);
	cJSON_AddBoolToObject(item, "damaged", lognotes_is_damaged(notes));
	for (unsigned i = 0; i < notes->parts; i++)
		read += notes->part_us[i] != 0;
	if (notes->parts) {
		jsonnumber_add(item, "parts", notes->parts);
		jsonnumber_add(item, "parts_read", read);
	}
	item = cJSON_AddObjectToObject(root, "drill");
	if (!notes->drill_us)
		return;
	add_time(item, "time", notes->drill_us);
	cJSON_AddBoolToObject(item, "good", notes->drill_good);
	jsonnumber_add(item, "version", notes->drill_version);
	cJSON_AddBoolToObject(item, "compared", notes->drill_compared);
	cJSON_AddNumberToObject(item, "seconds", notes->drill_seconds);
	if (!notes->drill_good)
		cJSON_AddStringToObject(item, "why", notes->drill_why);
}

static void add_hook(cJSON *root, const struct hooktimes *times)
{
	cJSON *item, *list;
	uint64_t sum = 0;

	if (!times->count)
		return;
	item = cJSON_AddObjectToObject(root, "hook_seconds");
	add_time(item, "since", times->since_us);
	add_time(item, "time", times->at_us);
	jsonnumber_add(item, "count", (int64_t)times->count);
	cJSON_AddNumberToObject(item, "sum", (double)times->sum_us / 1e6);
	list = cJSON_AddArrayToObject(item, "buckets");
	for (int i = 0; i < HOOKTIMES_BUCKETS - 1; i++) {
		cJSON *bucket = cJSON_CreateObject();

		sum += times->buckets[i];
		cJSON_AddNumberToObject(bucket, "le", (double)hooktimes_bounds_us[i] / 1e6);
		jsonnumber_add(bucket, "count", (int64_t)sum);
		cJSON_AddItemToArray(list, bucket);
	}
}

cJSON *look_json(const struct look *look, const struct faults *faults)
{
	cJSON *root = cJSON_CreateObject();
	char policy[BK_POLICY_TEXT];

	cJSON_AddBoolToObject(root, "well", !faults->count);
	add_time(root, "time", look->now_us);
	add_faults(root, faults);
	if (look->log.answer == LOOK_ANSWERED)
		add_head(root, look);
	if (look->dir) {
		add_node(root, look);
		add_places(root, look);
		bk_policy_text(&look->lock.policy, policy);
		cJSON_AddStringToObject(
			root, "keeps", look->lock.has_policy ? policy : "every version");
		add_hook(root, &look->times);
	}
	add_log(root, &look->log);
	if (look->log.answer == LOOK_ANSWERED)
		add_gaps(root, &look->log.health);
	if (look->log.answer == LOOK_ANSWERED && look->log.has_notes)
		add_notes(root, &look->log.notes);
	return root;
}
