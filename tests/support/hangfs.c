/* hangfs.c - a file system that hangs when it is told to: shows the directory BACKING at
 * MOUNTPOINT, and while the file CONTROL exists answers no write and no sync; once that is gone,
 * all of them. What a network mount does whose server went away and came back.
 *
 * It runs in the foreground, until it is unmounted or gets SIGTERM. */
#define FUSE_USE_VERSION 35
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define LOOK_AGAIN_NS 10000000L

struct hangfs {
	int backing; /* directory */
	const char *control;
};

static const struct hangfs *self(void)
{
	return fuse_get_context()->private_data;
}

/* A path below the mountpoint, seen from the backing directory. */
static const char *below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int result(int rc)
{
	return rc < 0 ? -errno : 0;
}

static void hang(void)
{
	const struct timespec pause = {.tv_nsec = LOOK_AGAIN_NS};

	while (access(self()->control, F_OK) == 0)
		nanosleep(&pause, NULL);
}

static int hang_getattr(const char *path, struct stat *st, struct fuse_file_info *file)
{
	if (file)
		return result(fstat((int)file->fh, st));
	return result(fstatat(self()->backing, below(path), st, AT_SYMLINK_NOFOLLOW));
}

static int hang_open(const char *path, struct fuse_file_info *file)
{
	int fd = openat(self()->backing, below(path), file->flags | O_CLOEXEC);

	file->fh = (uint64_t)fd;
	return result(fd);
}

static int hang_create(const char *path, mode_t mode, struct fuse_file_info *file)
{
	int fd = openat(self()->backing, below(path), file->flags | O_CREAT | O_CLOEXEC, mode);

	file->fh = (uint64_t)fd;
	return result(fd);
}

static int hang_read(
	const char *path, char *data, size_t size, off_t offset, struct fuse_file_info *file)
{
	ssize_t n = pread((int)file->fh, data, size, offset);

	(void)path;
	return n < 0 ? -errno : (int)n;
}

static int hang_write(
	const char *path, const char *data, size_t size, off_t offset, struct fuse_file_info *file)
{
	ssize_t n;

	(void)path;
	hang();
	n = pwrite((int)file->fh, data, size, offset);
	return n < 0 ? -errno : (int)n;
}

static int hang_fsync(const char *path, int data_only, struct fuse_file_info *file)
{
	(void)path;
	hang();
	return result(data_only ? fdatasync((int)file->fh) : fsync((int)file->fh));
}

static int hang_fsyncdir(const char *path, int data_only, struct fuse_file_info *file)
{
	(void)path;
	(void)data_only;
	(void)file;
	hang();
	return result(fsync(self()->backing));
}

static int hang_truncate(const char *path, off_t size, struct fuse_file_info *file)
{
	int fd = file ? (int)file->fh : openat(self()->backing, below(path), O_WRONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : result(ftruncate(fd, size));

	if (!file && fd >= 0)
		close(fd);
	return rc;
}

static int hang_release(const char *path, struct fuse_file_info *file)
{
	(void)path;
	close((int)file->fh);
	return 0;
}

static int hang_unlink(const char *path)
{
	return result(unlinkat(self()->backing, below(path), 0));
}

static int hang_rename(const char *from, const char *to, unsigned flags)
{
	int dir = self()->backing;

	return result(renameat2(dir, below(from), dir, below(to), flags));
}

static int hang_link(const char *from, const char *to)
{
	int dir = self()->backing;

	return result(linkat(dir, below(from), dir, below(to), 0));
}

static int hang_statfs(const char *path, struct statvfs *st)
{
	(void)path;
	return result(fstatvfs(self()->backing, st));
}

static int hang_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t offset,
	struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
	int fd = openat(self()->backing, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	(void)offset;
	(void)file;
	(void)flags;
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		fill(buf, entry->d_name, NULL, 0, 0);
	closedir(dir);
	return 0;
}

static const struct fuse_operations operations = {
	.getattr = hang_getattr,
	.open = hang_open,
	.create = hang_create,
	.read = hang_read,
	.write = hang_write,
	.fsync = hang_fsync,
	.fsyncdir = hang_fsyncdir,
	.truncate = hang_truncate,
	.release = hang_release,
	.unlink = hang_unlink,
	.rename = hang_rename,
	.link = hang_link,
	.statfs = hang_statfs,
	.readdir = hang_readdir,
};

int main(int argc, char **argv)
{
	struct hangfs hangfs = {0};
	char foreground[] = "-f";
	char *fuse_argv[] = {argv[0], foreground, argc == 4 ? argv[2] : NULL, NULL};

	if (argc != 4) {
		fprintf(stderr, "Usage: hangfs BACKING MOUNTPOINT CONTROL\n");
		return 2;
	}
	/* A test that fails does not leave a mount behind. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	hangfs.control = argv[3];
	hangfs.backing = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (hangfs.backing < 0) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	return fuse_main(3, fuse_argv, &operations, &hangfs);
}
