/* simfs_impl.h - what the files of the simulated file system are made of. */
#ifndef SIMFS_IMPL_H
#define SIMFS_IMPL_H

#include "simfs.h"
#include <pthread.h>

#define SIM_FILES_MAX 64
#define SIM_NAMES_MAX 64
#define SIM_PATH_MAX  128
#define SIM_FDS_MAX   64
#define SIM_FD_FIRST  1000 /* so that a mistaken real handle shows */

struct bytes {
	uint8_t *data; /* capacity bytes, zeros behind size */
	size_t size, capacity;
};

/* Something done to a file since it was synced last. */
struct pending {
	bool is_truncate;
	uint64_t offset; /* or the new size */
	uint8_t *data;
	size_t size;
};

struct inode {
	uint64_t number;
	struct bytes now, disk;
	struct bytes stale; /* what stood in blocks that were given back: it may show again */
	struct pending *pending;
	size_t pending_count, pending_capacity;
	unsigned users;  /* open handles */
	int lock;        /* the handle that holds it; 0: nobody */
	unsigned errors; /* syncs that lost what was pending: each handle is told of each once */
};

struct name {
	char path[SIM_PATH_MAX];
	struct inode *inode;
};

struct names {
	struct name list[SIM_NAMES_MAX];
	size_t count;
};

/* A change of names that its directory does not have on the disk yet. */
struct name_change {
	char from[SIM_PATH_MAX]; /* "" where a name is made */
	char to[SIM_PATH_MAX];   /* "" where a name is removed */
	struct inode *inode;
};

struct handle {
	struct inode *inode; /* NULL: free */
	bool can_write;
	unsigned errors; /* of its inode, that it was told of */
};

struct simfs {
	struct bk_io io;
	pthread_mutex_t mutex;
	struct rng rng;
	int64_t now_us;
	struct inode *inodes[SIM_FILES_MAX];
	uint64_t inode_next;
	struct names now, disk;
	struct name_change changes[SIM_NAMES_MAX];
	size_t change_count;
	struct handle handles[SIM_FDS_MAX];
	char dirs[8][SIM_PATH_MAX];
	size_t dir_count;
	sim_hook_fn *hook;
	void *hook_ctx;
	sim_sync_fn *sync;
	void *sync_ctx;
	bool is_dead;
	uint64_t calls[SIM_CALLS];
	struct {
		bool is_set, was_met, was_short;
		enum sim_call call;
		uint64_t at;
		enum sim_fault fault;
		int error;
	} fail;
};

void bytes_write(struct bytes *bytes, uint64_t offset, const void *data, size_t size);
void bytes_resize(struct bytes *bytes, uint64_t size);
void bytes_copy(struct bytes *to, const struct bytes *from);
void bytes_done(struct bytes *bytes);

void pending_apply(const struct pending *pending, struct bytes *bytes);

struct inode *sim_inode_new(struct simfs *fs);
struct name *names_find(struct names *names, const char *path);
void names_set(struct names *names, const char *path, struct inode *inode);
void names_remove(struct names *names, const char *path);

/* Applies CHANGE to NAMES, as far as it still fits there. */
void names_apply(struct names *names, const struct name_change *change);

extern const struct bk_io_ops sim_ops;

#endif
