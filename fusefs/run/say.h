/* say.h - messages to whoever runs the mount: on stderr, or in the background to the system's log.
 */
#ifndef SAY_H
#define SAY_H

#include <bk/error.h>
#include <stdbool.h>

/* Prints one line. */
void say(const char *fmt, ...) BK_PRINTF(1, 2);

/* From now on messages go to the system's log: nobody looks at stderr any more. */
void say_to_syslog(void);

/* Tells the service manager, if there is one ($NOTIFY_SOCKET): lines of NAME=value. */
void say_to_manager(const char *lines);

/* The same, and gives it the descriptor FD, where that is not -1. False: it was not told. */
bool say_with_fd(const char *lines, int fd);

#endif
