/* io.h - the one seam between the library and the world.
 *
 * Every file, lock, sync and clock that core uses itself goes through a table of
 * operations that the program hands down from main. Tests hand down another one, which
 * fails, cuts or reorders each call. (Only SQLite's reading of the node's own live
 * database does not pass here: it is SQLite's own.)
 *
 * Each operation returns 0 or a count on success and -errno on failure, never sets
 * errno, and is called with a context of its own as first argument.
 *
 * Threads: the operations may be called from any thread. */
#ifndef BK_IO_H
#define BK_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a file is opened. */
enum bk_io_open {
	BK_IO_READ,   /* must exist; reading only */
	BK_IO_WRITE,  /* must exist; reading and writing */
	BK_IO_CREATE, /* must not exist; reading and writing; mode 0600 */
};

struct bk_io_stat {
	uint64_t size;
	uint64_t device, inode; /* together the file's identity */
	bool is_directory;
	/* When its content or its size changed last, by its file system's clock, in a unit of that:
	 * only to be compared. 0: not known. */
	int64_t changed;
	unsigned mode; /* who may do what: the permission bits */
};

struct bk_io_range {
	uint64_t offset;
	uint64_t size;
};

struct bk_io_ops {
	/* -EOPNOTSUPP for what is neither file nor directory, without waiting for it; -ELOOP where
	 * a link that another user made leads to a file that is not that user's. */
	int (*open)(void *ctx, const char *path, enum bk_io_open how);
	int (*open_temp)(void *ctx, const char *dir); /* an unlinked file, mode 0600 */
	int (*close)(void *ctx, int fd);
	/* Count of bytes, as the system call of the name has it: may be fewer than asked for,
	 * may be -EINTR. Core goes on where it stopped. */
	int64_t (*pread)(void *ctx, int fd, void *data, size_t size, uint64_t offset);
	int64_t (*pwrite)(void *ctx, int fd, const void *data, size_t size, uint64_t offset);
	int (*datasync)(void *ctx, int fd);
	/* Begins to write out what was written there, without waiting: a hint, that fails in
	 * silence. May be NULL. */
	void (*write_behind)(void *ctx, int fd, uint64_t offset, uint64_t size);
	int (*truncate)(void *ctx, int fd, uint64_t size);
	/* A hint: the image of a VERSION of the log FD is going to be read. 1 where what that takes
	 * comes by itself now. May be NULL: 0. */
	int (*foresee)(void *ctx, int fd, uint32_t version);
	/* A hint: COUNT ranges of FD (0: none yet) are going to be read, in this order, and may be
	 * brought meanwhile, several at a time. 1 where they are; 0 where reading costs no more
	 * than saying so. May be NULL: 0. */
	int (*want)(void *ctx, int fd, const struct bk_io_range *ranges, size_t count);
	/* The first offset at or behind OFFSET that is in no hole of the file, INT64_MAX if there
	 * is none; fails where the system cannot tell. May be NULL. */
	int64_t (*next_data)(void *ctx, int fd, uint64_t offset);
	/* 1 where the file system writes over the bytes of a file in the blocks where they stand,
	 * so that a sync has nothing to carry but them, as was counted (docs/testing.md); 0 where
	 * it does not, or where nobody has looked. May be NULL: 0. */
	int (*overwrites_in_place)(void *ctx, int fd);
	int (*stat)(void *ctx, int fd, struct bk_io_stat *out);
	int (*stat_path)(void *ctx, const char *path, struct bk_io_stat *out);
	int (*lock)(void *ctx, int fd); /* exclusive, at once or -EWOULDBLOCK; dies with FD */
	/* Whether somebody holds a lock on a file in DIR whose name begins with PREFIX and ends
	 * with SUFFIX: 1, with that NAME and the process, 0 where it cannot be named; 0 if nobody
	 * does; -errno where a file (NAME; empty: DIR itself) cannot be looked at. */
	int (*find_locked)(void *ctx, const char *dir, const char *prefix, const char *suffix,
		char *name, size_t size, int *pid);
	/* Gives EACH the name of each file in DIR whose name begins with PREFIX, until it returns
	 * other than 0, which is then returned. May be NULL. */
	int (*list)(void *ctx, const char *dir, const char *prefix,
		int (*each)(void *each_ctx, const char *name), void *each_ctx);
	int (*rename)(void *ctx, const char *from, const char *to);     /* replaces what is there */
	int (*rename_new)(void *ctx, const char *from, const char *to); /* -EEXIST over a file */
	int (*unlink)(void *ctx, const char *path);
	int (*sync_dir)(void *ctx, const char *dir); /* makes the names in DIR durable */
	/* Runs the command ARGV (argv[0] is looked for as a shell does) without a shell, and sets
	 * *STREAM to what talks with its stdin and stdout. This and the next three may be NULL:
	 * there are no commands. */
	int (*run)(void *ctx, char *const argv[], void **stream);
	/* As read and write do, 0 at the end; -ETIMEDOUT where nothing moved for so long. */
	int64_t (*receive)(void *ctx, void *stream, void *data, size_t size, unsigned timeout_ms);
	int64_t (*send)(
		void *ctx, void *stream, const void *data, size_t size, unsigned timeout_ms);
	/* Ends STREAM and the command; SAID, SIZE bytes, is the last line of its stderr. */
	void (*hang_up)(void *ctx, void *stream, char *said, size_t size);
	int (*free_space)(void *ctx, int fd, uint64_t *bytes_out);
	int64_t (*now_us)(void *ctx); /* microseconds since 1970, UTC */
	int (*random)(void *ctx, void *data, size_t size);
};

struct bk_keyring;
struct bk_http;

struct bk_io {
	const struct bk_io_ops *ops;
	void *ctx;
	struct bk_keyring
		*keys; /* what opens sealed logs (bk/keyring.h); borrowed; NULL: nothing */
	const struct bk_http *http; /* how stores are asked (bk/http.h); NULL: as they really are */
	/* Told what was read of each file, from the thread that did; NULL: nobody. */
	void (*saw)(void *saw_ctx, const char *path, uint64_t offset, size_t size);
	void *saw_ctx;
};

/* The real world. Never fails; lives for ever. */
const struct bk_io *bk_io_posix(void);

#endif
