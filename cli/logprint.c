/* logprint.c - how a version of a log is printed. */
#include "logprint.h"
#include "colour.h"
#include "common.h"
#include "json.h"
#include <bk/listing.h>
#include <bk/moment.h>
#include <bk/version.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Whether ITEM is a snapshot that closes a gap, or was kept without those before it: these are in
 * no log. */
static bool closes_gap(const struct logitem *item)
{
	return item->has_before && (item->entry.flags & BK_ENTRY_SNAPSHOT) &&
	       bk_version_distance(item->entry.version, item->before) > 1;
}

static void print_tables(const struct bk_tally_table *tables, size_t count)
{
	struct shown shown;

	for (size_t i = 0; i < count; i++) {
		printf("  %s", shown_of(&shown, tables[i].name));
		if (tables[i].inserts)
			printf(" +%" PRIu32, tables[i].inserts);
		if (tables[i].updates)
			printf(" ~%" PRIu32, tables[i].updates);
		if (tables[i].deletes)
			printf(" -%" PRIu32, tables[i].deletes);
	}
}

static void add_tables(cJSON *object, const char *key, const char *const *names,
	const struct bk_tally_table *tables, size_t count)
{
	cJSON *all = cJSON_AddObjectToObject(object, key);

	for (size_t i = 0; i < count; i++) {
		cJSON *one = cJSON_AddObjectToObject(all, tables[i].name);

		json_add_count(one, names[0], tables[i].inserts);
		json_add_count(one, names[1], tables[i].updates);
		json_add_count(one, names[2], tables[i].deletes);
	}
}

/* Gaps among the versions that are not kept before one that is. */
struct gaps {
	uint32_t (*list)[2]; /* from, to; oldest first */
	size_t count;
	bool no_memory;
};

/* A bk_gap_between_fn. */
static void take_gap(void *ctx, uint32_t from, uint32_t to)
{
	struct gaps *gaps = ctx;
	uint32_t(*list)[2] = realloc(gaps->list, (gaps->count + 1) * sizeof *list);

	gaps->no_memory |= !list;
	if (!list)
		return;
	list[gaps->count][0] = from;
	list[gaps->count++][1] = to;
	gaps->list = list;
}

/* Those before ITEM; the caller frees the list. What damage hides is verify's to tell. */
static enum bk_code find_gaps(struct gaps *gaps, const struct logprint *print,
	const struct logitem *item, struct bk_error *err)
{
	enum bk_code code;

	*gaps = (struct gaps){.list = NULL};
	code = bk_log_gaps_before(print->log, &item->entry, take_gap, gaps, err);
	if (code == BK_E_DAMAGE)
		code = BK_OK;
	return !code && gaps->no_memory ? bk_fail(err, BK_E_NOMEM, 0, "no memory for gaps") : code;
}

static void add_gaps(cJSON *object, const struct gaps *gaps)
{
	cJSON *all = gaps->count ? cJSON_AddArrayToObject(object, "unwatched") : NULL;

	for (size_t i = 0; i < gaps->count; i++) {
		cJSON *one = cJSON_CreateObject();

		json_add_count(one, "from", gaps->list[i][0] + 1);
		json_add_count(one, "to", gaps->list[i][1] - 1);
		cJSON_AddItemToArray(all, one);
	}
}

static void add_gap(cJSON *object, const struct logitem *item)
{
	cJSON *missing = cJSON_AddObjectToObject(object, "missing");

	json_add_count(missing, "from", item->before + 1);
	json_add_count(missing, "to", item->entry.version - 1);
	cJSON_AddStringToObject(missing, "why",
		item->entry.flags & BK_ENTRY_KEPT ? "not kept" : "the node moved on unwatched");
}

static enum bk_code print_json(
	const struct logitem *item, const struct gaps *gaps, struct bk_error *err)
{
	static const char *const statements[] = {"inserts", "updates", "deletes"};
	static const char *const changes[] = {"added", "changed", "removed"};
	const struct bk_entry *entry = &item->entry;
	cJSON *object = cJSON_CreateObject();
	char time[BK_MOMENT_TEXT];
	enum bk_code code;

	bk_moment_text(time, entry->time_us, false);
	json_add_count(object, "version", entry->version);
	cJSON_AddStringToObject(object, "time", time);
	json_add_time(object, "time_us", entry->time_us);
	json_add_count(object, "statements", entry->statements);
	json_add_count(object, "sql_bytes", entry->sql_bytes);
	json_add_count(object, "log_bytes", entry->log_bytes);
	if (entry->page_count)
		json_add_count(object, "page_count", entry->page_count);
	cJSON_AddStringToObject(object, "note", bk_entry_note(entry));
	if (closes_gap(item))
		add_gap(object, item);
	add_gaps(object, gaps);
	if (item->is_tallied) {
		add_tables(object, "tables", statements, item->tables, item->table_count);
		json_add_count(object, "schema", item->schema);
		json_add_count(object, "others", item->others);
	}
	if (item->is_unreadable)
		cJSON_AddTrueToObject(object, "unreadable");
	if (item->is_counted)
		add_tables(object, "rows", changes, item->rows, item->row_tables);
	code = json_print_line(object, err);
	putchar('\n');
	return code;
}

static void time_text(char *out, int64_t time_us, bool is_local)
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm tm;

	if (!is_local || !localtime_r(&seconds, &tm) ||
		!strftime(out, BK_MOMENT_TEXT, "%Y-%m-%d %H:%M:%S %z", &tm))
		bk_moment_text(out, time_us, true);
}

static void print_head(const struct logprint *print)
{
	int width = print->is_local ? 25 : 20;

	if (print->stat)
		printf("%10s  %-*s  %10s  %10s  %10s  %s\n", "version", width, "time", "statements",
			"SQL bytes", "log bytes", "rows");
	else
		printf("%10s  %-*s  %s\n", "version", width, "time", "statements");
}

static void print_text(const struct logprint *print, const struct logitem *item)
{
	const struct bk_entry *entry = &item->entry;
	char time[BK_MOMENT_TEXT];

	time_text(time, entry->time_us, print->is_local);
	printf("%s%10" PRIu32 "%s  %-20s", colour_of(COLOUR_VERSION), entry->version, colour_end(),
		time);
	if (print->stat)
		printf("  %10" PRIu32 "  %10" PRIu32 "  %10" PRIu32, entry->statements,
			entry->sql_bytes, entry->log_bytes);
	if (*bk_entry_note(entry))
		printf("  (%s)", bk_entry_note(entry));
	if (item->is_counted) {
		print_tables(item->rows, item->row_tables);
	} else if (!print->stat) {
		print_tables(item->tables, item->table_count);
		if (item->others)
			printf("  others %" PRIu32, item->others);
	}
	if (item->schema)
		printf("  schema %" PRIu32, item->schema);
	if (item->is_unreadable)
		fputs("  (statements cannot be read: damage)", stdout);
	putchar('\n');
}

static void print_gap(uint32_t from, uint32_t to)
{
	char gap[GAP_TEXT];

	gap_text(gap, true, from, to);
	printf("%10s  %s\n", "-", gap);
}

static void print_gaps(const struct logitem *item, const struct gaps *gaps, bool newest_first)
{
	if (closes_gap(item) && !(item->entry.flags & BK_ENTRY_KEPT))
		print_gap(item->before, item->entry.version);
	for (size_t i = 0; i < gaps->count; i++) {
		const uint32_t *gap = gaps->list[newest_first ? gaps->count - 1 - i : i];

		print_gap(gap[0], gap[1]);
	}
}

enum bk_code logprint(
	struct logprint *print, const struct logitem *item, bool newest_first, struct bk_error *err)
{
	struct gaps gaps;
	enum bk_code code = find_gaps(&gaps, print, item, err);

	if (!code && print->json) {
		code = print_json(item, &gaps, err);
	} else if (!code) {
		if (!print->any)
			print_head(print);
		if (!newest_first)
			print_gaps(item, &gaps, newest_first);
		print_text(print, item);
		if (newest_first)
			print_gaps(item, &gaps, newest_first);
	}
	free(gaps.list);
	print->any = true;
	return code;
}
