/* measure.h - sizes that only a replay can tell. */
#ifndef MEASURE_H
#define MEASURE_H

#include "images.h"

/* Makes sure that ENTRY, found before, tells the size of its file; that of the nearest version
 * below which has one, if damage is in the way: such a file is there, though it cannot be opened.
 */
int version_measure(struct images *images, struct source *source, struct bk_entry *entry);

#endif
