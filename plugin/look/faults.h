/* faults.h - what is not well with a backup that was looked at, and the command that mends it.
 *
 * A pure function of what was seen. Each fault is something to be done; what heals by itself, or is
 * only to be known, is none. */
#ifndef FAULTS_H
#define FAULTS_H

#include "fault.h"

void faults_find(struct faults *out, const struct look *look);

/* Days until the disk of the log is full, as it grew of late; -1: not known. */
double faults_days_left(const struct look_log *log);

#endif
