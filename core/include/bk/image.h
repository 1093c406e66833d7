/* image.h - the database as it was at one version: the one mechanism that everything which
 * reads the past goes through (docs/decisions.md, "One mechanism").
 *
 * An image is the newest keyframe not after the version, and the changes in between replayed
 * into an overlay of pages. Opening it replays at most one interval, whatever the log's length.
 *
 * Calling sequence: bk_image_open, any bk_image_read, bk_image_close.
 *
 * Invariants: an image never changes. A page that it gives passed its checksum, or came from
 * statements that follow, by their history, from such pages.
 *
 * Threads: any number may read one image. */
#ifndef BK_IMAGE_H
#define BK_IMAGE_H

#include <bk/error.h>
#include <bk/log.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bk_image;
struct bk_toll;

/* Zeros mean the defaults. */
struct bk_image_options {
	size_t memory_max;     /* bytes of replayed pages in memory; more go to a temporary file */
	const char *spill_dir; /* where that file goes, unlinked; by default $TMPDIR or /var/tmp */
	bool past_damage;      /* where damage hit keyframes, stand on an older one and replay all
				* changes since, however many */
	uint64_t older;        /* with past_damage: pass over so many more keyframes, since pages of
				* a nearer one turned out to be damaged (rebuild.h knows how many) */
	bool (*is_cancelled)(void *ctx); /* asked now and then while changes are replayed: whether
					  * nobody waits any more; may be NULL */
	void *ctx;
	struct bk_toll *toll; /* core's own: what SQL costs over this and other images together */
};

/* Opens the image of VERSION. LOG must outlive it. Fails with BK_E_MISSING if the log does not
 * hold that version, BK_E_SQL if a statement fails in replay, BK_E_CANCELLED, BK_E_DAMAGE,
 * BK_E_LIMIT, BK_E_IO, BK_E_NOMEM. OPTIONS may be NULL. */
BK_MUST_CHECK enum bk_code bk_image_open(struct bk_image **out, struct bk_log *log,
	uint32_t version, const struct bk_image_options *options, struct bk_error *err);

void bk_image_close(struct bk_image *image); /* takes NULL */

uint32_t bk_image_version(const struct bk_image *image);

/* Whether damage had to be passed over (bk_image_options.past_damage). */
bool bk_image_is_past_damage(const struct bk_image *image);

/* Why the image may not be what the node had, with the version of the first change that drew on
 * chance or the clock; NULL if it is exact. */
const char *bk_image_inexact(const struct bk_image *image);

uint32_t bk_image_page_size(const struct bk_image *image); /* bytes; 0 in an empty database */
uint32_t bk_image_page_count(const struct bk_image *image);
uint64_t bk_image_size(const struct bk_image *image); /* bytes of the database file */

/* Bytes of memory that IMAGE holds for itself; the index of pages it shares with other images. */
size_t bk_image_memory(const struct bk_image *image);

/* Reads SIZE bytes at OFFSET of the database file into DST; *DONE is fewer only at its end.
 * Fails with BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_image_read(struct bk_image *image, void *dst, size_t size,
	uint64_t offset, size_t *done, struct bk_error *err);

/* Whose database LOG holds (bk_log_status.node), into OUT of BK_NODE_TEXT bytes: where its
 * keyframes do not say yet, what the database at the head says; "" if that does not either. Fails
 * as bk_image_open does. */
BK_MUST_CHECK enum bk_code bk_log_node(struct bk_log *log, char *out, struct bk_error *err);

/* Learns the page counts of the changes that no keyframe lists yet, by replaying them; later calls
 * replay only what came since. Entries fetched before keep their zeros. Of OPTIONS, which may be
 * NULL, only IS_CANCELLED is looked at, and CTX must live as long as LOG. Fails as bk_image_open
 * does. */
BK_MUST_CHECK enum bk_code bk_log_measure(
	struct bk_log *log, const struct bk_image_options *options, struct bk_error *err);

#endif
