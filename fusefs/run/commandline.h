/* commandline.h - the command line, read. */
#ifndef COMMANDLINE_H
#define COMMANDLINE_H

#include "options.h"

enum options_kind {
	OPTIONS_MOUNT,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_WRONG, /* and a message was printed */
};

/* Reads the command line. The caller calls options_done, whatever is returned. */
enum options_kind options_read(struct options *options, int argc, char **argv);
void options_done(struct options *options);

/* Says that a URL is wanted. Returns OPTIONS_WRONG. */
enum options_kind options_no_url(void);

extern const char options_help[];

#endif
