/* fileops.h - reading files: images, SQL, status.json. Operations as libfuse calls them (ops.h). */
#ifndef FILEOPS_H
#define FILEOPS_H

#include "fs.h"
#include "lowlevel.h"
#include "node.h"

void fileops_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fileops_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void fileops_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* Sets the size of the open file FI, which is no database. */
void fileops_size(const struct fuse_file_info *fi, struct stat *st);

#endif
