/* io_posix.c - the I/O seam over the real system. */
#include "io_command.h"
#include "io_open.h"
#include <bk/io.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

static int result(int rc)
{
	return rc < 0 ? -errno : rc;
}

static int posix_open(void *ctx, const char *path, enum bk_io_open how)
{
	(void)ctx;
	if (how == BK_IO_CREATE)
		return result(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600));
	return bk_posix_open(path, how == BK_IO_WRITE);
}

static int posix_open_temp(void *ctx, const char *dir)
{
	char path[PATH_MAX];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	(void)ctx;
	if (fd >= 0)
		return fd;
	/* Not every file system has O_TMPFILE. */
	if ((size_t)snprintf(path, sizeof path, "%s/backup-XXXXXX", dir) >= sizeof path)
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int posix_close(void *ctx, int fd)
{
	(void)ctx;
	return result(close(fd));
}

static int64_t posix_pread(void *ctx, int fd, void *data, size_t size, uint64_t offset)
{
	ssize_t n = pread(fd, data, size, (off_t)offset);

	(void)ctx;
	return n < 0 ? -errno : n;
}

static int64_t posix_pwrite(void *ctx, int fd, const void *data, size_t size, uint64_t offset)
{
	ssize_t n = pwrite(fd, data, size, (off_t)offset);

	(void)ctx;
	return n < 0 ? -errno : n;
}

static int posix_datasync(void *ctx, int fd)
{
	(void)ctx;
	return result(fdatasync(fd));
}

static void posix_write_behind(void *ctx, int fd, uint64_t offset, uint64_t size)
{
	(void)ctx;
	sync_file_range(fd, (off_t)offset, (off_t)size, SYNC_FILE_RANGE_WRITE);
}

static int posix_truncate(void *ctx, int fd, uint64_t size)
{
	(void)ctx;
	return result(ftruncate(fd, (off_t)size));
}

static int64_t posix_next_data(void *ctx, int fd, uint64_t offset)
{
	off_t at = lseek(fd, (off_t)offset, SEEK_DATA);

	(void)ctx;
	if (at < 0)
		return errno == ENXIO ? INT64_MAX : -errno;
	return at;
}

/* Those that were counted to gain by it: ext2 to ext4 have one number. What copies on write (btrfs,
 * bcachefs, ZFS, F2FS) gains nothing, of network and stacked file systems nobody can tell. */
static int posix_overwrites_in_place(void *ctx, int fd)
{
	struct statfs st;

	(void)ctx;
	if (fstatfs(fd, &st))
		return -errno;
	return st.f_type == EXT4_SUPER_MAGIC || st.f_type == XFS_SUPER_MAGIC;
}

static void stat_copy(const struct stat *st, struct bk_io_stat *out)
{
	out->size = (uint64_t)st->st_size;
	out->device = st->st_dev;
	out->inode = st->st_ino;
	out->is_directory = S_ISDIR(st->st_mode);
	out->changed = st->st_ctim.tv_sec * INT64_C(1000000000) + st->st_ctim.tv_nsec;
	out->mode = st->st_mode & 0777;
}

static int posix_stat(void *ctx, int fd, struct bk_io_stat *out)
{
	struct stat st;

	(void)ctx;
	if (fstat(fd, &st))
		return -errno;
	stat_copy(&st, out);
	return 0;
}

static int posix_stat_path(void *ctx, const char *path, struct bk_io_stat *out)
{
	struct stat st;

	(void)ctx;
	if (stat(path, &st))
		return -errno;
	stat_copy(&st, out);
	return 0;
}

/* flock, not fcntl: the lock belongs to the open file, so another handle of this process
 * that reads and closes the log does not drop it. */
static int posix_lock(void *ctx, int fd)
{
	(void)ctx;
	return result(flock(fd, LOCK_EX | LOCK_NB));
}

/* lightningd locks with fcntl, which tells who holds it; in another container, or behind a network
 * mount, it is a process without a number here. */
static int is_locked(int dir, const char *name, int *pid)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	rc = result(fcntl(fd, F_GETLK, &lock));
	close(fd);
	if (rc < 0 || lock.l_type == F_UNLCK)
		return rc;
	*pid = lock.l_pid > 0 ? lock.l_pid : 0;
	return 1;
}

static bool is_called(const char *name, const char *prefix, const char *suffix)
{
	size_t length = strlen(name), tail = strlen(suffix);

	return strncmp(name, prefix, strlen(prefix)) == 0 && length >= tail &&
	       strcmp(name + length - tail, suffix) == 0;
}

/* A file that cannot be looked at does not hide one that is locked. */
static int posix_find_locked(void *ctx, const char *dir, const char *prefix, const char *suffix,
	char *name, size_t size, int *pid)
{
	DIR *entries = opendir(dir);
	struct dirent *entry;
	int found = 0;

	(void)ctx;
	*name = '\0';
	if (!entries)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while (found <= 0 && (entry = readdir(entries))) {
		int rc = is_called(entry->d_name, prefix, suffix)
				 ? is_locked(dirfd(entries), entry->d_name, pid)
				 : 0;

		if (!rc || (rc < 0 && found < 0))
			continue;
		found = rc;
		snprintf(name, size, "%s", entry->d_name);
	}
	closedir(entries);
	return found;
}

static int posix_list(void *ctx, const char *dir, const char *prefix,
	int (*each)(void *each_ctx, const char *name), void *each_ctx)
{
	DIR *entries = opendir(dir);
	struct dirent *entry;
	int rc = 0;

	(void)ctx;
	if (!entries)
		return -errno;
	while (!rc && (entry = readdir(entries)))
		if (is_called(entry->d_name, prefix, ""))
			rc = each(each_ctx, entry->d_name);
	closedir(entries);
	return rc;
}

static int posix_rename(void *ctx, const char *from, const char *to)
{
	(void)ctx;
	return result(rename(from, to));
}

/* Not every file system has RENAME_NOREPLACE (NFS has not); a hard link never replaces either.
 * Where there are no links (FAT, some network mounts) what is left is to look first. */
static int posix_rename_new(void *ctx, const char *from, const char *to)
{
	(void)ctx;
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (link(from, to) == 0) {
		unlink(from);
		return 0;
	}
	if (errno == EEXIST || access(to, F_OK) == 0)
		return -EEXIST;
	return result(rename(from, to));
}

static int posix_unlink(void *ctx, const char *path)
{
	(void)ctx;
	return result(unlink(path));
}

static int posix_sync_dir(void *ctx, const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	(void)ctx;
	if (fd < 0 && errno == EACCES) {
		/* One may write names into a directory that one may not list. What cannot be synced
		 * alone is synced with all else, which waits too. */
		sync();
		return 0;
	}
	if (fd < 0)
		return -errno;
	rc = result(fsync(fd));
	close(fd);
	/* Some file systems (network, FUSE) cannot sync a directory and say so. */
	return rc == -EINVAL || rc == -ENOSYS ? 0 : rc;
}

static int posix_free_space(void *ctx, int fd, uint64_t *bytes_out)
{
	struct statvfs st;

	(void)ctx;
	if (fstatvfs(fd, &st))
		return -errno;
	*bytes_out = (uint64_t)st.f_bavail * st.f_frsize;
	return 0;
}

static int64_t posix_now_us(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int posix_random(void *ctx, void *data, size_t size)
{
	(void)ctx;
	return getrandom(data, size, 0) == (ssize_t)size ? 0 : -EIO;
}

static const struct bk_io_ops posix_ops = {
	.open = posix_open,
	.open_temp = posix_open_temp,
	.close = posix_close,
	.pread = posix_pread,
	.pwrite = posix_pwrite,
	.datasync = posix_datasync,
	.write_behind = posix_write_behind,
	.truncate = posix_truncate,
	.next_data = posix_next_data,
	.overwrites_in_place = posix_overwrites_in_place,
	.stat = posix_stat,
	.stat_path = posix_stat_path,
	.lock = posix_lock,
	.find_locked = posix_find_locked,
	.list = posix_list,
	.rename = posix_rename,
	.rename_new = posix_rename_new,
	.unlink = posix_unlink,
	.sync_dir = posix_sync_dir,
	.run = bk_posix_run,
	.receive = bk_posix_receive,
	.send = bk_posix_send,
	.hang_up = bk_posix_hang_up,
	.free_space = posix_free_space,
	.now_us = posix_now_us,
	.random = posix_random,
};

const struct bk_io *bk_io_posix(void)
{
	static const struct bk_io io = {.ops = &posix_ops};

	return &io;
}
