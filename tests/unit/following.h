/* following.h - a follower beside a node, and what it tells. */
#ifndef FOLLOWING_H
#define FOLLOWING_H

#include "node.h"
#include <pthread.h>

struct told {
	pthread_mutex_t mutex;
	pthread_cond_t came;
	struct bk_error last;
	unsigned count;
};

struct told told_new(void);

/* Waits until so many failures were told. */
void told_wait(struct told *told, unsigned count);

enum bk_code follow(struct bk_follower **follower, struct node *node, struct told *told);
struct bk_follower_status follow_status(struct bk_follower *follower);

/* Waits until VERSION is proven. */
void follow_wait_proven(struct bk_follower *follower, uint32_t version);

uint64_t node_keyframes(struct node *node);

/* Waits until there are so many. */
void node_wait_keyframes(struct node *node, uint64_t count);

/* A change that the node's database does not see. */
enum bk_code node_append(struct node *node, uint32_t version, const char *sql);

#endif
