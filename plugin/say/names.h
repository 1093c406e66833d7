/* names.h - what messages call the places by.
 *
 * The commands that they name are pasted into shells that stand elsewhere, as somebody else: so all
 * paths are absolute, and each name is quoted as a shell needs it. A relative one would make a
 * stray and empty backup there, and look like success. */
#ifndef NAMES_H
#define NAMES_H

#include "lockfile.h"

/* A name that is longer stands as a word in capitals: never cut, for it would name another place.
 */
#define NAMES_WORD_MAX 768

/* What the log calls us; another program that finds it locked prints as much of that. */
#define NAMES_PROGRAM_MAX 128

struct names {
	char program[NAMES_PROGRAM_MAX];    /* the plugin, and where that has room the directory */
	char dir[NAMES_WORD_MAX];           /* the lightning directory, which we run in */
	char lockfile[NAMES_WORD_MAX];      /* backup.lock in it */
	char database[NAMES_WORD_MAX];      /* the node's, where we look for it */
	char restore_to[NAMES_WORD_MAX];    /* where backup-cli restore is to put it */
	char url[NAMES_WORD_MAX];           /* of the log */
	char log[NAMES_WORD_MAX];           /* the log as a file */
	char init[2 * NAMES_WORD_MAX + 64]; /* backup-cli init for this node, without the URL */
};

/* Fills NAMES. LOCKFILE may be NULL where it was not read, LOG, the path, where that is not known.
 */
void names_fill(struct names *names, const struct lockfile *lockfile, const char *log);

#endif
