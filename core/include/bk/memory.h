/* memory.h - what SQLite may take. */
#ifndef BK_MEMORY_H
#define BK_MEMORY_H

/* Limits what SQLite may take of memory to 2 GiB, unless that is limited already: opening an image
 * runs the log's SQL, and without this a statement of a hostile log may take all there is. The
 * limit is one for all of the process, so the program sets it, in main, before anything of SQLite
 * was used (or SQLite keeps the count itself, and threads wait for each other at it): a library
 * inside somebody else's does not. */
void bk_limit_sqlite_memory(void);

#endif
