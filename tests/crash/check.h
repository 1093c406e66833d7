/* check.h - whether a log is what the model says, and whether it can be gone on with. */
#ifndef CHECK_H
#define CHECK_H

#include "model.h"
#include "simfs.h"
#include <bk/log.h>
#include <bk/writer.h>

#define LOG_PATH "/log/node.bkp"

#define RESTORES_MAX 16

/* A database that was or is being restored into the file system. */
struct restored {
	char path[64];
	uint32_t version;
	uint64_t sum;
	bool is_done;
};

/* What was counted, over all checks. */
struct counts {
	uint64_t points;  /* places where the power could go */
	uint64_t cuts;    /* power losses tried */
	uint64_t nested;  /* of them, during the recovery from another */
	uint64_t faults;  /* calls that failed */
	uint64_t acked;   /* acknowledged changes that were looked for and found */
	uint64_t images;  /* images compared */
	uint64_t appends; /* changes appended after a recovery */
};

/* Where a test is: printed when something does not hold. */
struct place {
	const char *program;
	uint64_t seed;
	uint64_t cut;  /* the place, from 1; 0: none */
	unsigned loss; /* which of the losses tried there */
	char what[64]; /* the fault, where there is one */
};

struct check {
	struct place place;
	struct counts *counts;
	struct restored *restores;
	size_t restore_count;
	unsigned interval_changes;
};

/* Prints what does not hold, and how to repeat it; ends the test. */
_Noreturn void check_fail(const struct check *check, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define CHECK(check, condition)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			check_fail(check, "%s:%d: %s", __FILE__, __LINE__, #condition);            \
	} while (0)

/* CODE of a call that must succeed. */
void check_ok(const struct check *check, enum bk_code code, const struct bk_error *err,
	const char *doing);

/* How many of MODEL's deeds LOG holds, from model->durable to model->count; fails if it is none of
 * them. Looks at every version and every statement. */
size_t check_log(const struct check *check, struct bk_log *log, const struct model *model);

/* The same, but the least that it may be: a change that was struck out and comes again alike cannot
 * be told from one that stayed. */
size_t check_log_least(const struct check *check, struct bk_log *log, const struct model *model);

/* That the image of a version is what MODEL's database was: at the head, and at one more by RNG. */
void check_images(const struct check *check, struct bk_log *log, const struct model *model,
	size_t deeds, struct rng *rng);

/* That what was restored is whole, or absent if it was not finished. */
void check_restored(const struct check *check, struct simfs *fs, const struct model *model);

/* Everything about DISK, which a machine came up with: read, recovered, recovered again with the
 * power going at a random moment of it, written to. */
void check_disk(const struct check *check, struct simfs *disk, const struct model *model,
	struct rng *rng, unsigned depth);

#endif
