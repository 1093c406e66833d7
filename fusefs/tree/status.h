/* status.h - status.json: what the log holds, and how it is. */
#ifndef STATUS_H
#define STATUS_H

#include "fs.h"

/* The text, which the caller frees; NULL: no memory. */
char *status_text(struct fs *fs, struct source *source);

#endif
