/* relocate.h - what stands in a frame and must follow when others move or change: offsets, sums of
 * pages, histories. */
#ifndef RELOCATE_H
#define RELOCATE_H

#include "pieces.h"

/* What an offset becomes. */
typedef uint64_t relocate_fn(void *ctx, uint64_t offset);

/* Rewrites each offset in PIECE, whose place is PIECE->at; numbers may then take more or fewer
 * bytes. What makes no sense is left as it is. */
void relocate(struct piece *piece, relocate_fn *fn, void *ctx);

/* Makes the sums right that stored pages keep of their content. COPIES are pieces in their places,
 * COUNT of them. */
void reseal_checks(struct piece *copies, size_t count);

/* Makes the histories right (docs/format.md, 4), and the sums over all pages of full keyframes. */
void reseal_histories(struct piece *copies, size_t count);

#endif
