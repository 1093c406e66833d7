/* exercise.h - everything that can be done with a log, on one that may say anything. */
#ifndef EXERCISE_H
#define EXERCISE_H

#include "encoder.h"
#include "logbuild.h"

/* Puts BUILD's bytes into a file in memory and reads all of it that can be read, then writes to it.
 * Whatever it says: an error with a message, or answers that agree with each other. */
void exercise_log(const struct logbuild *build);

/* Appends a CHANGE frame of statements that PICKS choose from a list of harmless ones; *HISTORY
 * goes on. ENCODER may be used for any number of changes. */
struct encoder;
void exercise_change(struct logbuild *build, struct encoder *encoder, struct frame_head *head,
	const uint8_t *picks, size_t count, uint64_t *history);

#endif
