/* status_plot.c - a backup as one picture: how the log grew, versions a day, how long lightningd
 * waits, what is kept of which age. */
#include "common.h"
#include "status.h"
#include "svg.h"
#include <bk/moment.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define WIDTH  1200u
#define HEIGHT 820u

static const struct svg_area panels[] = {
	{90, 150, 470, 220}, {690, 150, 470, 220}, {90, 500, 470, 220}, {690, 500, 470, 220}};

static void heading(FILE *out, const struct svg_area *area, const char *text, const char *note)
{
	svg_text(out, area->x, area->y - 34, 16, SVG_INK, "start", text);
	svg_text(out, area->x, area->y - 15, 12, SVG_QUIET, "start", note);
}

static void label_bytes(char *out, double value)
{
	bytes_text(out, (uint64_t)value);
	if (value < 1)
		strcpy(out, "0");
}

static void label_count(char *out, double value)
{
	snprintf(out, SVG_LABEL, "%.6g", value);
}

static void plot_growth(FILE *out, const struct look *look, const struct plotdata *data)
{
	const struct svg_area *area = &panels[0];
	double step, top = svg_scale((double)data->bytes[PLOTDATA_POINTS - 1], &step);
	char note[160], size[32], day[32];

	bytes_text(size, look->log.status.log_bytes);
	bytes_text(day, look->log.health.day_bytes);
	if (look->log.health.observed_us)
		snprintf(note, sizeof note, "%s now, %s a day", size, day);
	else
		snprintf(note, sizeof note, "%s now", size);
	heading(out, area, "How the log grew", note);
	svg_scale_draw(out, area, top, step, label_bytes);
	fputs("<polygon fill=\"" SVG_PALE "\" stroke=\"none\" points=\"", out);
	fprintf(out, "%.1f,%.1f ", area->x, area->y + area->height);
	for (int i = 0; i < PLOTDATA_POINTS; i++)
		fprintf(out, "%.1f,%.1f ", area->x + area->width * i / (PLOTDATA_POINTS - 1),
			area->y + area->height * (1 - (double)data->bytes[i] / top));
	fprintf(out, "%.1f,%.1f\"/>\n", area->x + area->width, area->y + area->height);
	fputs("<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" SVG_BLUE "\" points=\"", out);
	for (int i = 0; i < PLOTDATA_POINTS; i++)
		fprintf(out, "%.1f,%.1f ", area->x + area->width * i / (PLOTDATA_POINTS - 1),
			area->y + area->height * (1 - (double)data->bytes[i] / top));
	fputs("\"/>\n", out);
	svg_times(out, area, data->begin_us, data->end_us);
}

static void plot_versions(FILE *out, const struct plotdata *data)
{
	const struct svg_area *area = &panels[1];
	double wide = area->width / (data->bars ? data->bars : 1), step, top;
	int64_t days = data->bar_us / (INT64_C(86400) * 1000000);
	uint64_t most = 0, all = 0;
	char head[64], note[96];

	for (unsigned i = 0; i < data->bars; i++) {
		most = data->versions[i] > most ? data->versions[i] : most;
		all += data->versions[i];
	}
	top = svg_scale((double)most, &step);
	if (days > 1)
		snprintf(head, sizeof head, "Versions each %" PRId64 " days", days);
	else
		snprintf(head, sizeof head, "Versions %s",
			days                                    ? "a day"
			: data->bar_us >= INT64_C(3600000000) ? "an hour"
			: data->bar_us >= INT64_C(600000000)  ? "each 10 minutes"
								: "a minute");
	snprintf(note, sizeof note, "%" PRIu64 " in all, %" PRIu64 " at most", all, most);
	heading(out, area, head, note);
	svg_scale_draw(out, area, top, step, label_count);
	for (unsigned i = 0; i < data->bars; i++) {
		double height = area->height * (double)data->versions[i] / top;

		svg_bar(out, area->x + wide * i + wide * 0.1, area->y + area->height - height,
			wide * 0.8, height, SVG_BLUE);
	}
	svg_times(out, area, data->bars_begin_us,
		data->bars_begin_us + data->bar_us * (int64_t)data->bars);
}

static void duration(char *out, int64_t us)
{
	if (us >= 1000000)
		snprintf(out, SVG_LABEL, "%g s", (double)us / 1e6);
	else if (us >= 1000)
		snprintf(out, SVG_LABEL, "%g ms", (double)us / 1e3);
	else
		snprintf(out, SVG_LABEL, "%" PRId64 " µs", us);
}

/* The buckets that hold anything. */
static void find_range(const struct hooktimes *times, int *from, int *to)
{
	*from = HOOKTIMES_BUCKETS;
	*to = 0;
	for (int i = 0; i < HOOKTIMES_BUCKETS; i++) {
		if (!times->buckets[i])
			continue;
		*from = i < *from ? i : *from;
		*to = i + 1;
	}
}

static void plot_hook(FILE *out, const struct hooktimes *times)
{
	const struct svg_area *area = &panels[2];
	char half[SVG_LABEL], most[SVG_LABEL], note[200] = "the plugin has noted nothing yet";
	double step, top, wide;
	uint64_t max = 0;
	int from, to;

	find_range(times, &from, &to);
	if (times->count) {
		int64_t p99 = hooktimes_within(times, 0.99);

		duration(half, hooktimes_within(times, 0.5));
		duration(most, p99);
		snprintf(note, sizeof note, "%" PRIu64 " calls: half within %s, 99 %% within %s",
			times->count, half, p99 == INT64_MAX ? "more than a minute" : most);
	}
	heading(out, area, "How long lightningd waits for a change to be safe", note);
	if (!times->count)
		return;
	for (int i = from; i < to; i++)
		max = times->buckets[i] > max ? times->buckets[i] : max;
	top = svg_scale((double)max, &step);
	svg_scale_draw(out, area, top, step, label_count);
	wide = area->width / (to - from);
	for (int i = from; i < to; i++) {
		double height = area->height * (double)times->buckets[i] / top;
		char text[SVG_LABEL] = "more";

		if (hooktimes_bounds_us[i] != INT64_MAX)
			duration(text, hooktimes_bounds_us[i]);
		svg_bar(out, area->x + wide * (i - from) + wide * 0.1,
			area->y + area->height - height, wide * 0.8, height, SVG_BLUE);
		svg_text(out, area->x + wide * (i - from) + wide / 2, area->y + area->height + 18,
			12, SVG_QUIET, "middle", text);
	}
}

static void plot_ages(FILE *out, const struct plotdata *data)
{
	const struct svg_area *area = &panels[3];
	double wide = area->width / PLOTDATA_AGES, step, top;
	uint64_t max = 0;

	for (int i = 0; i < PLOTDATA_AGES; i++) {
		uint64_t all = data->changes[i] + data->rest[i];

		max = all > max ? all : max;
	}
	top = svg_scale((double)max, &step);
	heading(out, area, "What the log holds, by age", "");
	svg_bar(out, area->x, area->y - 26, 12, 12, SVG_BLUE);
	svg_text(out, area->x + 18, area->y - 15, 12, SVG_QUIET, "start", "changes");
	svg_bar(out, area->x + 84, area->y - 26, 12, 12, SVG_PALE);
	svg_text(out, area->x + 102, area->y - 15, 12, SVG_QUIET, "start", "keyframes");
	svg_scale_draw(out, area, top, step, label_bytes);
	for (int i = 0; i < PLOTDATA_AGES; i++) {
		double x = area->x + wide * i + wide * 0.15, foot = area->y + area->height;
		double changes = area->height * (double)data->changes[i] / top;
		double rest = area->height * (double)data->rest[i] / top;

		svg_bar(out, x, foot - changes, wide * 0.7, changes, SVG_BLUE);
		svg_bar(out, x, foot - changes - rest, wide * 0.7, rest, SVG_PALE);
		svg_text(
			out, x + wide * 0.35, foot + 18, 12, SVG_QUIET, "middle", plotdata_ages[i]);
	}
}

static void plot_title(FILE *out, const struct look *look, const struct faults *faults)
{
	const struct bk_log_status *status = &look->log.status;
	char time[BK_MOMENT_TEXT], text[512];
	unsigned level = 1;

	for (unsigned i = 0; i < look->place_count; i++)
		level += look->places[i].stands && look->places[i].standing.kind == BK_STANDS_LEVEL;
	if (*status->node)
		snprintf(text, sizeof text, "Backup of node %.16s…", status->node);
	else
		snprintf(text, sizeof text, "Backup of a Lightning node");
	svg_text(out, 40, 50, 24, SVG_INK, "start", text);
	bk_moment_text(time, status->time_us, true);
	snprintf(text, sizeof text, "version %" PRIu32 " of %s, in %u place%s; %" PRIu64 " changes",
		status->version, time, level, level == 1 ? "" : "s", status->changes);
	svg_text(out, 40, 76, 14, SVG_QUIET, "start", text);
	svg_text(out, WIDTH - 40, 50, 16, faults->count ? SVG_RED : SVG_GREEN, "end",
		faults->count ? "NOT well" : "all is well");
	*text = '\0';
	for (unsigned i = 0; i < faults->count && i < 4; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? ", " : "",
			faults->list[i].kind);
	svg_text(out, WIDTH - 40, 76, 14, SVG_RED, "end", text);
}

void status_plot(FILE *out, const struct look *look, const struct faults *faults,
	const struct plotdata *data)
{
	char time[BK_MOMENT_TEXT], text[128];

	svg_begin(out, WIDTH, HEIGHT, "the backup of a Lightning node");
	plot_title(out, look, faults);
	plot_growth(out, look, data);
	plot_versions(out, data);
	plot_hook(out, &look->times);
	plot_ages(out, data);
	bk_moment_text(time, look->now_us, true);
	snprintf(text, sizeof text, "backup-cli " BK_RELEASE ", %s; times are UTC", time);
	svg_text(out, WIDTH - 40, HEIGHT - 24, 11, SVG_QUIET, "end", text);
	svg_end(out);
}
