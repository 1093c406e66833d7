/* follow.h - following the log: taking in what the writer appends, and telling the kernel what
 * became untrue.
 *
 * A directory that grows and latest.sqlite3 are asked for anew each time. What the kernel keeps for
 * long is made untrue by two things only: a rewind puts another change in the newest version's
 * place, or another log stands at the path.
 *
 * All notifications come from this thread, which holds no lock that an operation could want.
 *
 * Calling sequence: follow_start once the file system is mounted, follow_end when its session's
 * loop has ended. */
#ifndef FOLLOW_H
#define FOLLOW_H

#include "background.h"
#include "fs.h"
#include "lowlevel.h"

struct follow {
	struct fs *fs;
	struct fuse_session *session;
	const char *mountpoint;        /* borrowed */
	struct background *background; /* told once the mount answers */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t ending;
	bool is_ending;
	uint32_t head, head_identity; /* as of the last look */
	unsigned forget_again;        /* at so many further looks */
	bool is_told;                 /* that the log cannot be followed */
	bool has_failed;              /* the mount does not answer; to be read after follow_end */
};

/* Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code follow_start(struct follow *follow, struct bk_error *err);
void follow_end(struct follow *follow);

#endif
