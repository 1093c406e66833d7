/* silence.h - whether lightningd has fallen silent, so that we may leave.
 *
 * lightningd aborts if it meets our end while it asks us. It asks when it commits, so we must not
 * leave while it may be about to. */
#ifndef SILENCE_H
#define SILENCE_H

#include <stdbool.h>

/* Waits until lightningd, whose messages come on stdin, sends something or ends: false; or has sent
 * nothing for 100 ms and was not at work at their end: true. A lightningd that works on without a
 * word is waited for no longer than 2 s. */
bool silence_comes(void);

/* Whether process PID runs, would run if a processor were free, or waits for its disk; false where
 * that cannot be told. silence_comes' own; here for its test. */
bool silence_is_at_work(long pid);

#endif
