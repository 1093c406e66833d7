/* zeros.h - zeros ahead of the log's end (docs/format.md, 1, rule 5): a frame that is written over
 * them makes the file no longer, so that its sync has nothing to carry but the frame.
 *
 * They reach up to log->file_end. They are laid in small steps at the end of the file, under the
 * log's mutex as frames are put: so nobody who puts a frame, or cuts the file, meets a step half
 * done. No frame counts on them: where there are none, or they are not synced yet, its own sync
 * carries more.
 *
 * They are synced without the mutex, through an open file of their own, by the rules of
 * bk_writer_sync_aside: no thread waits for another's sync, and what fails to sync is final, since
 * it may have been a frame. What fails to be written was zeros: it is tried again later. */
#ifndef BK_ZEROS_H
#define BK_ZEROS_H

#include "writer.h"

/* Ends the thread, if there is one. Nothing is laid afterwards. */
void bk_zeros_stop(struct bk_writer *writer);

/* Cuts off what was laid, as a log that nobody writes to has none; not durable before the next
 * sync. After bk_zeros_stop. */
void bk_zeros_cut(struct bk_writer *writer);

#endif
