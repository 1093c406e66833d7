/* pageahead.h - pages that are going to be read from a log that stands afar, brought in few rounds of
 * many requests at once. Nothing is done where the log is in a file.
 *
 * Threads: any. */
#ifndef BK_PAGEAHEAD_H
#define BK_PAGEAHEAD_H

#include "pageindex.h"

/* All maps of INDEX are going to be read. */
void bk_pageahead_maps(struct pageindex *index);

/* The pages are going to be read that the changes up to ABOVE write, which stands on INDEX; those that a
 * schema stands on; all as they are in INDEX. ABOVE may be NULL: the keyframe of INDEX tells which are
 * written mostly. */
void bk_pageahead_open(struct pageindex *index, const struct keyframe *above);

/* The COUNT pages from FIRST on are going to be read: brings what is stored of them. */
void bk_pageahead_want(struct pageindex *index, uint32_t first, uint32_t count);

/* The same pages, when that is here: brings what they stand on, too. */
void bk_pageahead_down(struct pageindex *index, uint32_t first, uint32_t count);

#endif
