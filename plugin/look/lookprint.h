/* lookprint.h - the look by a process of its own, which the plugin starts of itself: it prints what
 * backup-cli status --json would, in one line. */
#ifndef LOOKPRINT_H
#define LOOKPRINT_H

/* The argument that has the plugin do this and nothing else. */
#define LOOKPRINT_ARGUMENT "--status"

/* Looks at the lightning directory DIR. Returns the program's exit status: 0 also where not all is
 * well, 1 where it cannot be told; then what is printed says why, as "error". */
int look_print(const char *dir);

#endif
