/* status.h - what the parts of backup-cli status share. */
#ifndef STATUS_H
#define STATUS_H

#include "fault.h"
#include "plotdata.h"
#include <stdio.h>

/* Prints what was seen and what is wrong with it, for people. */
void status_print(const struct look *look, const struct faults *faults);

/* The same as metrics, in Prometheus' text format. */
void status_metrics(FILE *out, const struct look *look, const struct faults *faults);

/* The same, and DATA, which is of that log, as a picture in SVG. */
void status_plot(FILE *out, const struct look *look, const struct faults *faults,
	const struct plotdata *data);

#endif
