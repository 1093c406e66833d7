/* slowdisk.h - a disk that is the same on each machine, behind core's seam: files are written where
 * they are, and each call takes as long as it would on a disk of so many bytes a second and so long
 * a flush.
 *
 * One queue: what is written waits for what was begun before it, whoever did that. A sync begins to
 * write what is not on its way yet of the file, waits for all of the file that is, and then for a
 * flush; for one more, and some blocks, if the file became longer than what was ever synced: the
 * file system's journal. What is only written is written back by nobody but by write_behind.
 *
 * Threads: any. There is one such disk in a process. */
#ifndef SLOWDISK_H
#define SLOWDISK_H

#include <bk/io.h>

/* With a flush of FLUSH_US and BYTES_S bytes a second. */
const struct bk_io *slowdisk_io(double flush_us, double bytes_s);

/* What was asked of the disk so far. */
struct slowdisk_count {
	uint64_t syncs, flushes, bytes;
};
void slowdisk_count(struct slowdisk_count *count);

#endif
