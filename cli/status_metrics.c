/* status_metrics.c - what backup-cli status saw, as metrics in Prometheus' text format. */
#include "common.h"
#include "faults_places.h"
#include "lookjson.h"
#include "status.h"
#include <inttypes.h>

#define PREFIX "lightning_backup_"

static void describe(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void gauge(FILE *out, const char *name, const char *help, double value)
{
	describe(out, name, "gauge", help);
	fprintf(out, PREFIX "%s %.0f\n", name, value);
}

static void timestamp(FILE *out, const char *name, const char *help, int64_t time_us)
{
	describe(out, name, "gauge", help);
	fprintf(out, PREFIX "%s %.3f\n", name, (double)time_us / 1e6);
}

/* A label's value, as the format quotes it: UTF-8, which a path need not be. Whoever reads the
 * figures refuses all of them for one byte that is none. */
static void label(FILE *out, const char *key, const char *text)
{
	struct shown shown;

	fprintf(out, "%s=\"", key);
	for (const char *value = shown_of(&shown, text); *value; value++) {
		if (*value == '"' || *value == '\\')
			fputc('\\', out);
		if (*value == '\n')
			fputs("\\n", out);
		else
			fputc(*value, out);
	}
	fputc('"', out);
}

static void print_info(FILE *out, const struct look *look)
{
	describe(out, "info", "gauge", "Which backup this is: always 1.");
	fputs(PREFIX "info{", out);
	label(out, "release", BK_RELEASE);
	fputc(',', out);
	label(out, "log", look->log.answer == LOOK_ANSWERED ? look->log.status.id : "");
	fputc(',', out);
	label(out, "node", look->log.answer == LOOK_ANSWERED ? look->log.status.node : "");
	fputs("} 1\n", out);
}

static void print_faults(FILE *out, const struct faults *faults)
{
	gauge(out, "well", "1 where nothing is at fault.", !faults->count);
	if (!faults->count)
		return;
	describe(out, "fault", "gauge", "1 for each kind of fault that is there.");
	for (unsigned i = 0; i < faults->count; i++) {
		bool is_again = false;

		for (unsigned j = 0; j < i; j++)
			is_again |= faults->list[j].kind == faults->list[i].kind;
		if (is_again)
			continue;
		fputs(PREFIX "fault{", out);
		label(out, "kind", faults->list[i].kind);
		fputs("} 1\n", out);
	}
}

static void print_log(FILE *out, const struct look_log *log)
{
	if (!log->status.is_empty) {
		gauge(out, "head_version", "The newest version in the log.", log->status.version);
		timestamp(out, "head_timestamp_seconds", "When it came.", log->status.time_us);
	}
	gauge(out, "log_bytes", "Size of the log.", (double)log->status.log_bytes);
	if (log->has_free)
		gauge(out, "free_bytes", "What is free on its disk.", (double)log->free_bytes);
	if (!log->has_notes)
		return;
	timestamp(out, "last_verify_timestamp_seconds",
		"When the byte that was not verified for longest was; 0: some never was.",
		lognotes_verified_us(&log->notes));
	timestamp(out, "last_drill_timestamp_seconds",
		"When a restore was tried last, with success; 0: never.",
		log->notes.drill_good ? log->notes.drill_us : 0);
}

static void print_node(FILE *out, const struct look *look)
{
	if (look->node.answer != LOOK_ANSWERED)
		return;
	gauge(out, "node_version", "The version of the node's own database.", look->node.after.version);
	if (look->log.answer == LOOK_ANSWERED)
		gauge(out, "lag_versions", "By how many the log is behind the node.",
			look_lag(look));
}

/* One line for the log, and one for each mirror. */
static void print_places(FILE *out, const struct look *look)
{
	describe(out, "place_up", "gauge",
		"1 where the place has all that it should, or is moments behind.");
	fputs(PREFIX "place_up{", out);
	label(out, "place", look->log.path);
	fprintf(out, "} %d\n", look->log.answer == LOOK_ANSWERED);
	for (unsigned i = 0; i < look->place_count; i++) {
		fputs(PREFIX "place_up{", out);
		label(out, "place", look->places[i].url);
		fprintf(out, "} %d\n", faults_place_is_well(look, &look->places[i]));
	}
	if (!look->place_count)
		return;
	describe(out, "place_lag_versions", "gauge", "How many versions a mirror lacks.");
	for (unsigned i = 0; i < look->place_count; i++) {
		if (!look->places[i].stands)
			continue;
		fputs(PREFIX "place_lag_versions{", out);
		label(out, "place", look->places[i].url);
		fprintf(out, "} %" PRIu64 "\n", look->places[i].standing.versions);
	}
}

static void print_hook(FILE *out, const struct hooktimes *times)
{
	uint64_t sum = 0;

	if (!times->count)
		return;
	describe(out, "hook_seconds", "histogram",
		"How long lightningd waited for the plugin at each change.");
	for (int i = 0; i < HOOKTIMES_BUCKETS - 1; i++) {
		sum += times->buckets[i];
		fprintf(out, PREFIX "hook_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
			(double)hooktimes_bounds_us[i] / 1e6, sum);
	}
	fprintf(out, PREFIX "hook_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", times->count);
	fprintf(out, PREFIX "hook_seconds_sum %.6f\n", (double)times->sum_us / 1e6);
	fprintf(out, PREFIX "hook_seconds_count %" PRIu64 "\n", times->count);
}

void status_metrics(FILE *out, const struct look *look, const struct faults *faults)
{
	print_info(out, look);
	print_faults(out, faults);
	if (look->log.answer == LOOK_ANSWERED)
		print_log(out, &look->log);
	print_node(out, look);
	print_places(out, look);
	print_hook(out, &look->times);
}
