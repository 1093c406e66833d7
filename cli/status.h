/* status.h - what the parts of backup-cli status share. */
#ifndef STATUS_H
#define STATUS_H

#include "faults.h"

/* Prints what was seen and what is wrong with it, for people. */
void status_print(const struct look *look, const struct faults *faults);

#endif
