/* colour.c - colour on a terminal. */
#include "colour.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_wanted;

void colour_begin(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	is_wanted = isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

const char *colour_of(enum colour colour)
{
	static const char *const codes[] = {"\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[33m"};

	return is_wanted ? codes[colour] : "";
}

const char *colour_end(void)
{
	return is_wanted ? "\x1b[m" : "";
}
