/* foresee.h - what a search and an image are going to read of a log that is read from afar, brought
 * in few rounds of many requests at once.
 *
 * All that is done here is to say in advance what will be read (bk_file_want). Of a log in a file
 * nothing is said. What is wrong costs a read.
 *
 * Threads: any. */
#ifndef BK_FORESEE_H
#define BK_FORESEE_H

#include "log.h"

/* VERSION is going to be searched, and its image opened. Leaves in LOG a keyframe not far above,
 * that the search may begin at. */
void bk_log_foresee(struct bk_log *log, uint32_t version);

/* Whether it is worth while to say which pages are going to be read. */
bool bk_log_foresees(struct bk_log *log);

#endif
