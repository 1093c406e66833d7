/* fault.h - one thing that is not well with a backup, and the command that mends it. */
#ifndef FAULT_H
#define FAULT_H

#include "lookparts.h"

#define FAULTS_MAX 64

struct fault {
	const char *kind; /* a word for programs: "place-away" */
	char text[1024];  /* what is wrong */
	char mend[1536];  /* what to do: a command where there is one */
};

struct faults {
	struct fault list[FAULTS_MAX]; /* the worst first */
	unsigned count;
};

/* A place that is further behind than so long is at fault: mirrors follow in moments. */
#define FAULT_BEHIND_US (INT64_C(60) * 1000000)
/* A clock that is further ahead than so. */
#define FAULT_CLOCK_US (INT64_C(60) * 1000000)
/* Each byte is verified, and a restore tried, within so long. */
#define FAULT_STALE_US (INT64_C(35) * 86400 * 1000000)
/* A gap is told for so long behind the snapshot that closed it. */
#define FAULT_GAP_US (INT64_C(86400) * 1000000)
/* A disk that is full in fewer days, or has less free, is nearly full. */
#define FAULT_DAYS  7
#define FAULT_BYTES ((uint64_t)8 << 20)
/* So many intervals without a keyframe, so many changes at least, and for so long: the follower
 * stands still. In a burst it can be as far behind for a while. */
#define FAULT_INTERVALS 8
#define FAULT_CHANGES   1024
#define FAULT_FOLLOW_US (INT64_C(600) * 1000000)

#endif
