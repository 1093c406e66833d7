/* fs.h - what the operations of the mount share: the log, and what is open of it.
 *
 * Threads: libfuse calls the operations from many. */
#ifndef FS_H
#define FS_H

#include "handle.h"
#include "images.h"
#include "judge.h"
#include "options.h"
#include "scratch.h"
#include "source.h"
#include "texts.h"
#include <bk/error.h>
#include <bk/io.h>

struct fuse_session;

struct fs {
	const struct bk_io *io;
	const struct options *options;
	const char *url;              /* of the log, absolute */
	struct fuse_session *session; /* set once it is mounted */
	struct sources sources;
	struct judge judge;
	struct images images;
	struct handles handles;
	struct texts texts;
	struct scratch scratch; /* for what is read */
};

/* Bytes that the kernel may ask for at once, and should read ahead. */
#define READ_BYTES ((size_t)1 << 20)

/* So far ahead: several such reads are under way at once, and as many threads decode pages.
 * Measured on two cores, a cold version of 2 GB: 1.2 times as fast as with one. */
#define READAHEAD_BYTES (4 * READ_BYTES)

/* Opens the log at PATH, which is borrowed until fs_done. Fails as bk_log_open does, with
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code fs_init(struct fs *fs, const struct bk_io *io,
	const struct options *options, const char *path, const char *url, struct bk_error *err);
void fs_done(struct fs *fs);

/* Lets go of an open file. */
void fs_close(struct fs *fs, struct handle *handle);

#endif
