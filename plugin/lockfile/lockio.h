/* lockio.h - how the log that a lightning directory has is read: with its key file. */
#ifndef LOCKIO_H
#define LOCKIO_H

#include <bk/error.h>
#include <bk/io.h>

/* Makes IO the real world, with the key file that backup.lock in DIR names, if it names one. What
 * is wrong with either is met where the log is opened. The caller calls lockio_done. */
void lockio(struct bk_io *io, const char *dir);
void lockio_done(struct bk_io *io);

#endif
