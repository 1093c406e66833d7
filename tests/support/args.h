/* args.h - the options of a program that serves tests: which there are, and where their values go.
 */
#ifndef ARGS_H
#define ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --NAME VALUE, into the one of these that is not NULL, where its default is already; --NAME alone,
 * where FLAG is that one. */
struct arg {
	const char *name;
	const char **text;
	uint64_t *number;
	unsigned *small;
	bool *flag;
};

/* Reads the options of ARGV; gives the index of the first argument that is none. --help prints HELP
 * and ends the program; so does what ARGS, up to one without a name, does not have, with status 2.
 */
int args_read(int argc, char **argv, const struct arg *args, const char *help);

/* Prints HELP where errors go, and ends the program with status 2. */
_Noreturn void args_refuse(const char *help);

#endif
