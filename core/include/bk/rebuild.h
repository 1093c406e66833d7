/* rebuild.h - the database of a version, past damage.
 *
 * An image stands on the newest keyframe not after its version (image.h). Where pages of that one
 * are damaged, an older one and all changes since give the same database, to the byte, as long as
 * these changes are whole. Older keyframes are tried in few steps, at last the first of all.
 *
 * bk_rebuild_do works on a whole image, and begins anew where it must. A struct bk_rebuild is read
 * piece by piece and stands on an older keyframe from one read to the next; but where the node's
 * own database was copied at that very version (a snapshot) it stays: that copy is laid out
 * otherwise than what its changes lead to.
 *
 * Who is cancelled (bk_image_options.is_cancelled) fails with BK_E_CANCELLED, and stops the work
 * that is done for all only if nobody else waits for it.
 *
 * Calling sequence: bk_rebuild_new, any bk_rebuild_load, bk_rebuild_read and bk_rebuild_unload,
 * bk_rebuild_free.
 *
 * Threads: any, until bk_rebuild_free. */
#ifndef BK_REBUILD_H
#define BK_REBUILD_H

#include <bk/entry.h>
#include <bk/error.h>
#include <bk/image.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens the image of VERSION and does WORK with it, which borrows it; as long as either fails with
 * BK_E_DAMAGE, again with an image that stands on an older keyframe, so WORK may be called several
 * times. Where nothing helps, it fails with the damage that was met first; else as bk_image_open
 * and WORK do. Of OPTIONS, which may be NULL, PAST_DAMAGE and OLDER are not looked at. */
BK_MUST_CHECK enum bk_code bk_rebuild_do(struct bk_log *log, uint32_t version,
	const struct bk_image_options *options,
	enum bk_code (*work)(void *ctx, struct bk_image *image, struct bk_error *err), void *ctx,
	struct bk_error *err);

struct bk_rebuild;

/* VERSION of LOG, which must outlive it; nothing is read yet. OPTIONS as in bk_rebuild_do; what
 * they point to is borrowed. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_rebuild_new(struct bk_rebuild **out, struct bk_log *log,
	uint32_t version, const struct bk_image_options *options, struct bk_error *err);
void bk_rebuild_free(struct bk_rebuild *rebuild); /* takes NULL */

/* No older keyframe is to be tried: it is known from before that none helps. Before any load. */
void bk_rebuild_give_up(struct bk_rebuild *rebuild);

/* Opens the image, unless it is open. Fails as bk_image_open does, with BK_E_DAMAGE or BK_E_SQL if
 * no older keyframe helps, and with BK_E_MISSING if another change was put in the version's place
 * since the first load. */
BK_MUST_CHECK enum bk_code bk_rebuild_load(struct bk_rebuild *rebuild, struct bk_error *err);

/* Lets go of the image, unless somebody works with it; the next read opens it anew, on the keyframe
 * that served last. */
void bk_rebuild_unload(struct bk_rebuild *rebuild);

/* As bk_image_read, loading what is not loaded: fails as both do. */
BK_MUST_CHECK enum bk_code bk_rebuild_read(struct bk_rebuild *rebuild, void *dst, size_t size,
	uint64_t offset, size_t *done, struct bk_error *err);

/* The version's entry, with its page count. After the first load, and the same ever after. */
const struct bk_entry *bk_rebuild_entry(const struct bk_rebuild *rebuild);

struct bk_rebuild_state {
	size_t memory;        /* bytes that the open image holds; 0: none is open */
	unsigned past_damage; /* how often an image was opened past damage */
};

struct bk_rebuild_state bk_rebuild_state(struct bk_rebuild *rebuild);

#endif
