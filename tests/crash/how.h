/* how.h - how a crash test is run: what its arguments and the environment ask for. */
#ifndef HOW_H
#define HOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Whether BK_TORTURE=1 asks for the long run. */
static inline bool how_torture(void)
{
	const char *torture = getenv("BK_TORTURE");

	return torture && *torture == '1';
}

/* The number behind the argument NAME, as in "--seed 7"; 0 without it. */
static inline uint64_t how_number(int argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return strtoull(argv[i + 1], NULL, 10);
	return 0;
}

#endif
