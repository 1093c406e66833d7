/* owner_path.h - who may have had a hand in what a path leads to. */
#ifndef OWNER_PATH_H
#define OWNER_PATH_H

#include <stdbool.h>
#include <sys/stat.h>

/* Whether a link that leads on from PATH, or from a directory on the way, was made by another user
 * than root: *LINK is then what it is. */
bool owner_path_is_led(const char *path, struct stat *link);

#endif
