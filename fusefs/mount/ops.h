/* ops.h - the table of operations that libfuse calls. */
#ifndef OPS_H
#define OPS_H

#include "fs.h"
#include "lowlevel.h"

/* What they find in fuse_req_userdata is a struct fs. */
extern const struct fuse_lowlevel_ops ops_table;

#endif
