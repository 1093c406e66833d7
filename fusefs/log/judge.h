/* judge.h - whether the newest version can be restored, as core's verdict has it (bk/verdict.h),
 * for status.json.
 *
 * A verdict reads all pages of the database, so it is asked by a thread of its own, of the lowest
 * priority: when the mount begins, when another log stands at the path, and when a keyframe came,
 * but so seldom that it takes a twentieth of the time at most.
 *
 * Calling sequence: judge_init, judge_start once the mount serves, judge_end, judge_done. */
#ifndef JUDGE_H
#define JUDGE_H

#include "source.h"
#include <bk/verdict.h>

/* What is known of it. */
struct judgement {
	bool is_known;             /* false: it was not looked at yet */
	struct bk_verdict verdict; /* of a version that was the newest */
	int64_t time_us;           /* when it was looked at */
};

struct judge {
	struct sources *sources;
	pthread_t thread;
	bool is_running;
	pthread_mutex_t mutex; /* over: */
	pthread_cond_t ending;
	bool is_ending;
	struct judgement last;

	/* The thread's own: of what the last one was, and how long it took. */
	bool has_looked;
	uint32_t generation;
	uint64_t keyframes;
	int64_t rest_until_ms;
};

void judge_init(struct judge *judge, struct sources *sources);
void judge_done(struct judge *judge);

/* Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code judge_start(struct judge *judge, struct bk_error *err);
void judge_end(struct judge *judge); /* takes one that was not started */

void judge_last(struct judge *judge, struct judgement *out);

#endif
