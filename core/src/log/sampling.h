/* sampling.h - where in a log a version stands, found by looking at many places at once: for a log
 * that is read from afar, where each look takes long, and one after the other would take longest.
 *
 * A sample is the head of a frame, met somewhere in the log: it names a version, and the keyframe
 * before it. Nothing that is found so is relied on: who is told a wrong place reads in vain.
 *
 * Threads: one at a time. */
#ifndef BK_SAMPLING_H
#define BK_SAMPLING_H

#include "file.h"
#include <stdbool.h>

#define SAMPLES_MAX   512
#define SAMPLING_MOST 32 /* places that are looked at at once */

struct sample {
	uint64_t at; /* of the frame */
	uint64_t keyframe;
	uint32_t version;
};

/* One of zeros has none. */
struct sampling {
	struct sample all[SAMPLES_MAX]; /* by their offsets */
	size_t count;
};

/* Looks at COUNT places of FILE, at most SAMPLING_MOST, which end before END, at once. */
void bk_sampling_look(struct sampling *sampling, const struct file *file, const uint64_t *places,
	size_t count, uint64_t end);

void bk_sampling_add(struct sampling *sampling, const struct sample *sample);

/* Between which two samples VERSION stands; false where it is not between any. */
bool bk_sampling_bracket(
	const struct sampling *sampling, uint32_t version, struct sample *low, struct sample *high);

/* Where between two samples the change of VERSION stands, if all are as large. */
uint64_t bk_sampling_guess(const struct sample *low, const struct sample *high, uint32_t version);

/* Looks for VERSION in few rounds: until it is between two samples that are NEAR bytes from each
 * other. False as with bk_sampling_bracket. */
bool bk_sampling_search(struct sampling *sampling, const struct file *file, uint32_t version,
	uint64_t near, uint64_t end, struct sample *low, struct sample *high);

#endif
