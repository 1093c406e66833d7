/* make.h - what the two parts of make_golden share. */
#ifndef MAKE_H
#define MAKE_H

#include "forge.h"
#include "node.h"

/* The file of NAME with SUFFIX that is under way. */
const char *draft(const char *name, const char *suffix);

/* A line: KEY, a version that the node went through, and the sum of its rows, by plain SQLite and
 * not by an image. */
void tell_past(FILE *text, const char *key, const struct past *past);

/* Copies NAME.bkp and NAME.txt to the folder that was asked for, and cleans up. */
void deliver(const char *name);

/* One damaged log for each rule of docs/format.md, 1, and others. */
void make_broken(void);

#endif
