/* stop.h - SIGINT, SIGTERM, SIGHUP: unmounting, at once or as soon as nobody is busy there.
 *
 * Calling sequence: stop_block before any thread is started, stop_start, stop_end. */
#ifndef STOP_H
#define STOP_H

#include <bk/error.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct stop {
	pthread_t thread;
	const char *mountpoint; /* borrowed */
	dev_t device;           /* of the mount */
	bool is_handed;         /* who has mounted takes it away again (handed.h) */
};

/* Has this thread and all that it starts leave those signals to the stop's own. */
void stop_block(void);

/* Waits for a signal, in a thread. The mount stands at MOUNTPOINT. Fails with BK_E_IO, BK_E_NOMEM.
 */
BK_MUST_CHECK enum bk_code stop_start(
	struct stop *stop, const char *mountpoint, struct bk_error *err);

/* The session is over: ends the thread. */
void stop_end(struct stop *stop);

#endif
