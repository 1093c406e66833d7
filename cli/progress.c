/* progress.c - how far long work is. */
#include "progress.h"
#include "common.h"
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIRST_US 1000000
#define NEXT_US  200000

/* Whether a line stands on the terminal. */
static atomic_bool line_is_shown;

struct progress progress_of(const char *doing)
{
	return (struct progress){.doing = doing, .began_us = now_us()};
}

/* SECONDS as "12 s", "3 min", "2 h". */
static void time_text(char *out, size_t size, double seconds)
{
	if (seconds < 120)
		snprintf(out, size, "%.0f s", seconds);
	else if (seconds < 7200)
		snprintf(out, size, "%.0f min", seconds / 60);
	else
		snprintf(out, size, "%.0f h", seconds / 3600);
}

static void rate_text(char *out, size_t size, const char *unit, double a_second)
{
	char bytes[32];

	if (unit) {
		snprintf(out, size, "%.0f %s/s", a_second, unit);
		return;
	}
	bytes_text(bytes, (uint64_t)a_second);
	snprintf(out, size, "%s/s", bytes);
}

void progress_line(
	char *out, const struct progress *progress, uint64_t done, uint64_t total, int64_t us)
{
	double a_second = us > 0 ? (double)done * 1e6 / (double)us : 0;
	char rate[64], left[32];
	int used = snprintf(out, PROGRESS_LINE, "%.60s: %d%%", progress->doing,
		done < total ? (int)((double)done * 100 / (double)total) : 100);

	if (a_second < 1 || done >= total)
		return;
	rate_text(rate, sizeof rate, progress->unit, a_second);
	time_text(left, sizeof left, (double)(total - done) / a_second);
	snprintf(out + used, PROGRESS_LINE - (size_t)used, ", %s, %s left", rate, left);
}

/* Whether TOTAL is that of other work than before: its rate begins anew. */
static void turn_to(struct progress *progress, uint64_t total, int64_t now)
{
	if (progress->total && progress->total != total && progress->then) {
		progress->unit = progress->then;
		progress->began_us = now;
	}
	progress->total = total;
}

void progress_show(void *ctx, uint64_t done, uint64_t total)
{
	struct progress *progress = ctx;
	int64_t now = now_us();
	char line[PROGRESS_LINE];

	turn_to(progress, total, now);
	if (now - progress->began_us < FIRST_US || now - progress->shown_us < NEXT_US ||
		!isatty(STDERR_FILENO))
		return;
	progress_line(line, progress, done, total, now - progress->began_us);
	progress->shown_us = now;
	line_is_shown = true;
	fprintf(stderr, "\r%-*s", progress->width, line); /* over a longer one */
	progress->width = (int)strlen(line);
	fflush(stderr);
}

void progress_interrupted(void)
{
	if (line_is_shown)
		fputc('\n', stderr);
}

void progress_end(struct progress *progress)
{
	line_is_shown = false;
	if (progress->shown_us)
		fprintf(stderr, "\r%*s\r", progress->width, "");
	progress->shown_us = 0;
}
