/* routefs.h - several simulated file systems (simfs.h) behind one struct bk_io, as several disks
 * and computers are: /0/… is on the first, /1/… on the second. All can be stopped at once, as a
 * process is that is killed. */
#ifndef ROUTEFS_H
#define ROUTEFS_H

#include "simfs.h"
#include <stdatomic.h>

#define ROUTE_COUNT 3

struct routefs {
	struct bk_io io; /* give &route->io */
	struct simfs *fs[ROUTE_COUNT];
	atomic_bool is_dead; /* every call fails but close */
};

/* FS[i] are the caller's, and may be exchanged while nothing is open. */
void routefs_init(struct routefs *route);

#endif
