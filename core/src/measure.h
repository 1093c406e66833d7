/* measure.h - the page counts of the changes that no keyframe lists yet (history.h,
 * bk_history_measure): a replay that is kept open and follows the log's tail. */
#ifndef BK_MEASURE_H
#define BK_MEASURE_H

struct measure;

void measure_free(struct measure *measure); /* takes NULL */

#endif
