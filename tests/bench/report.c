/* report.c - the figures of one run of the benchmark, as a table and as JSON. */
#include "report.h"
#include <stdlib.h>

/* What is shown of one lane. */
struct row {
	double p50, p90, p99, max; /* microseconds */
	double cpu, cpu_own;       /* the same; and less the floor's */
	double memory_mb;
	uint64_t bytes;
	double of_sql; /* bytes, as a share of the SQL's */
};

static struct row row_of(struct figures *figures, enum lane_kind kind)
{
	struct lane *lane = &figures->lanes[kind];
	uint64_t bytes = lane_bytes(lane);

	return (struct row){
		.p50 = lane_quantile(lane, 0.5),
		.p90 = lane_quantile(lane, 0.9),
		.p99 = lane_quantile(lane, 0.99),
		.max = lane_quantile(lane, 1),
		.cpu = lane_cpu_us(lane),
		.cpu_own = lane_cpu_us(lane) - lane_cpu_us(&figures->lanes[LANE_FLOOR]),
		.memory_mb = (double)lane->peak_kb / 1024,
		.bytes = bytes,
		.of_sql = figures->sql_bytes ? (double)bytes / (double)figures->sql_bytes : 0,
	};
}

static void print_row(struct figures *figures, enum lane_kind kind)
{
	struct row row = row_of(figures, kind);

	printf("  %-25s %8.0f %8.0f %8.0f %8.0f %8.1f %8.1f %8.1f %10.2f %8.3f\n", lane_name(kind),
		row.p50, row.p90, row.p99, row.max, row.cpu, row.cpu_own, row.memory_mb,
		(double)row.bytes / 1e6, row.of_sql);
}

static double load(void)
{
	double average = 0;

	return getloadavg(&average, 1) == 1 ? average : 0;
}

void figures_print(struct figures *figures)
{
	struct row plugin = row_of(figures, LANE_PLUGIN), plain = row_of(figures, LANE_PLAIN);
	struct row floor_row = row_of(figures, LANE_FLOOR);
	struct row sealed = row_of(figures, LANE_SEALED);
	struct row sealed_plain = row_of(figures, LANE_SEALED_PLAIN);

	printf("%s: %zu calls, %.1f MB of SQL, load %.1f\n", figures->dir,
		figures->lanes[LANE_PLUGIN].count, (double)figures->sql_bytes / 1e6, load());
	printf("  %-25s %8s %8s %8s %8s %8s %8s %8s %10s %8s\n", "round trip, us", "p50", "p90",
		"p99", "max", "CPU", "own CPU", "RSS MB", "log MB", "of SQL");
	print_row(figures, LANE_PLUGIN);
	print_row(figures, LANE_PLAIN);
	print_row(figures, LANE_FLOOR);
	print_row(figures, LANE_SEALED);
	print_row(figures, LANE_SEALED_PLAIN);
	printf("  sealed: a call takes %.2f us of CPU more, with the follower's %.2f; the log is "
	       "%.2f %% larger, without keyframes %.2f %%\n",
		sealed_plain.cpu - plain.cpu, sealed.cpu - plugin.cpu,
		((double)sealed.bytes / (double)plugin.bytes - 1) * 100,
		((double)sealed_plain.bytes / (double)plain.bytes - 1) * 100);
	printf("  p50 is %.2f times the floor's; without keyframes %.2f times. p99 with keyframes "
	       "is "
	       "%.2f times that without\n",
		plugin.p50 / floor_row.p50, plain.p50 / floor_row.p50, plugin.p99 / plain.p99);
	printf("  restore %.3f s, without keyframes %.3f s; replay of all %.3f s (%.0f times), "
	       "synced "
	       "copy of the %.1f MB %.3f s (restore is %.1f times)\n",
		figures->restore_s, figures->restore_plain_s, figures->replay_s,
		figures->replay_s / figures->restore_s, (double)figures->database_bytes / 1e6,
		figures->copy_s, figures->restore_s / figures->copy_s);
}

static void json_row(struct figures *figures, enum lane_kind kind, FILE *out)
{
	struct row row = row_of(figures, kind);

	fprintf(out,
		", \"%s\": {\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": "
		"%.1f, "
		"\"cpu_us\": %.2f, \"own_cpu_us\": %.2f, \"peak_rss_mb\": %.1f, \"log_bytes\": "
		"%llu, "
		"\"of_sql\": %.4f}",
		lane_name(kind), row.p50, row.p90, row.p99, row.max, row.cpu, row.cpu_own,
		row.memory_mb, (unsigned long long)row.bytes, row.of_sql);
}

void figures_json(struct figures *figures, FILE *out)
{
	fprintf(out,
		"{\"dir\": \"%s\", \"calls\": %zu, \"sql_bytes\": %llu, \"floor_bytes\": %zu, "
		"\"load\": %.2f",
		figures->dir, figures->lanes[LANE_PLUGIN].count,
		(unsigned long long)figures->sql_bytes, figures->floor_bytes, load());
	json_row(figures, LANE_PLUGIN, out);
	json_row(figures, LANE_PLAIN, out);
	json_row(figures, LANE_FLOOR, out);
	json_row(figures, LANE_SEALED, out);
	json_row(figures, LANE_SEALED_PLAIN, out);
	fprintf(out,
		", \"database_bytes\": %llu, \"restore_s\": %.4f, \"restore_plain_s\": %.4f, "
		"\"replay_s\": %.4f, \"copy_s\": %.4f}",
		(unsigned long long)figures->database_bytes, figures->restore_s,
		figures->restore_plain_s, figures->replay_s, figures->copy_s);
}
