/* node.h - a made-up node and the plugin beside it: what a crash test does to a log. */
#ifndef NODE_H
#define NODE_H

#include "check.h"
#include <bk/follower.h>
#include <stdatomic.h>

struct node {
	struct simfs *fs;
	struct model *model;
	struct bk_writer *writer;
	struct bk_follower *follower;
	struct rng rng;
	struct check check;
	struct counts counts;
	struct restored restores[RESTORES_MAX];
	char database[64]; /* a real file: what SQLite reads for a snapshot */
	bool has_thread;
	atomic_bool is_dying;   /* killed: what its threads still say does not count */
	atomic_uint kills;      /* twice as many as it was killed; odd: it is being killed */
	bool expects_failures;  /* a call may fail: it is answered as the plugin would */
	unsigned failures;      /* calls that did */
	enum bk_code only_code; /* that a failure may have; BK_OK: any */
	void (*enter)(void);    /* around each call of core's; may be NULL */
	void (*leave)(void);
	bool failed_in_close; /* the fault was met where nobody can be told of it */
};

/* Everything that SEED decides: page size, first version, length of intervals. DIR is a real
 * folder. */
void node_init(struct node *node, uint64_t seed, const char *dir);
void node_done(struct node *node);

/* Makes the log and does STEPS things to it. */
void node_run(struct node *node, unsigned steps);

#endif
