/* faults_add.h - a fault in words, and the command that mends it. */
#ifndef FAULTS_ADD_H
#define FAULTS_ADD_H

#include "fault.h"

/* Adds a fault of KIND, in words, with what MENDS it. */
void faults_add(struct faults *out, const char *kind, const char *mend, const char *fmt, ...)
	BK_PRINTF(4, 5);

/* The same, mended by COMMAND of backup-cli, for what LOOK is of. */
void faults_command(struct faults *out, const struct look *look, const char *kind,
	const char *command, const char *fmt, ...) BK_PRINTF(5, 6);

/* The same, mended by COMMAND on NAME, which is quoted. */
void faults_on(struct faults *out, const char *kind, const char *command, const char *name,
	const char *fmt, ...) BK_PRINTF(5, 6);

#endif
