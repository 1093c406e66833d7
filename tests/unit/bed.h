/* bed.h - a pagestore in memory, and a replay on it. */
#ifndef BED_H
#define BED_H

#include "frame.h"
#include "overlay.h"
#include "replay.h"
#include "sql.h"

struct bed {
	struct test_io io;
	struct overlay overlay;
	struct replay replay;
	struct budget budget;
	uint32_t version;
};

/* LIMITS NULL: the defaults. With IS_PROOF it fails at what it cannot do exactly. */
void bed_begin_as(struct bed *bed, const struct budget_limits *limits, bool is_proof);
void bed_begin(struct bed *bed);
void bed_end(struct bed *bed);

/* One change of the statements in a list that NULL ends. */
enum bk_code bed_run_list(
	struct bed *bed, uint32_t must, int64_t time_us, const char *const *statements);

#define run(bed, must, ...)                                                                        \
	bed_run_list(bed, must, TEST_NOW_US, (const char *const[]){__VA_ARGS__, NULL})

/* What SQL gives, in the database as it is. */
int64_t bed_value(struct bed *bed, const char *sql);

#endif
