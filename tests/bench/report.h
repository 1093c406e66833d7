/* report.h - the figures of one run of the benchmark, as a table and as JSON. */
#ifndef REPORT_H
#define REPORT_H

#include "lane.h"
#include <stdio.h>

#define LANES 5

struct figures {
	const char *dir;
	struct lane lanes[LANES]; /* one of each kind, in the order of enum lane_kind */
	size_t floor_bytes;
	uint64_t sql_bytes, database_bytes;
	double restore_s;       /* from the log with keyframes */
	double restore_plain_s; /* from the one without */
	double replay_s;        /* of all changes, by plain SQLite */
	double copy_s;          /* of the restored file, synced */
};

void figures_print(struct figures *figures);
void figures_json(struct figures *figures, FILE *out);

#endif
