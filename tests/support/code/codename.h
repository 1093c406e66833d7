/* codename.h - the names of the library's error codes, as golden files and failing tests write
 * them. */
#ifndef CODENAME_H
#define CODENAME_H

#include <bk/error.h>

/* "damage", "busy", ... */
const char *code_name(enum bk_code code);

#endif
