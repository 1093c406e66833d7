/* owner_io.h - the I/O seam, each call done as root while we work as another user. */
#ifndef OWNER_IO_H
#define OWNER_IO_H

#include <bk/io.h>

/* Lives for ever. Only where the process was started by root. */
const struct bk_io *owner_io_root(void);

#endif
