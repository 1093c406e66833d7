/* rebuild.h - opening the image of a version on the newest keyframe that serves: where pages of a
 * nearer one are damaged, on an older one, as bk_restore does it.
 *
 * The bytes are the same whatever keyframe an image stands on, since replay is exact to the page:
 * an open file may move from one to the other. Not so where the node's own database was copied at
 * that very version (a snapshot): that is laid out otherwise than what its changes lead to.
 *
 * Threads: any. */
#ifndef REBUILD_H
#define REBUILD_H

#include "source.h"
#include <bk/image.h>

struct rebuild {
	struct source *source;
	uint32_t version;
	uint32_t identity; /* the version must have, or it became another */
	size_t memory_max;
	uint64_t older; /* keyframes to pass over (bk_image_options) */
	bool is_last;   /* none older is to be tried */
};

/* Opens the image on the first keyframe that can be opened, from rebuild->older on, and sets that
 * to where it stands. Fails as bk_image_open does, with what was met first if that is damage, and
 * with BK_E_MISSING if the version became another. */
BK_MUST_CHECK enum bk_code rebuild_open(
	struct bk_image **out, struct rebuild *rebuild, struct bk_error *err);

/* Pages of the keyframe turned out to be damaged: goes to one that is older. False if that cannot
 * help. */
bool rebuild_step_back(struct rebuild *rebuild);

/* Whether the version is known by a snapshot, too. */
bool rebuild_is_of_snapshot(const struct rebuild *rebuild);

#endif
