/* slowdisk.c - a disk that is the same on each machine. */
#include "slowdisk.h"
#include "timing.h"
#include <pthread.h>
#include <time.h>

#define FILES         8
#define BLOCK         4096
#define JOURNAL_BYTES (3.0 * BLOCK)

struct slow_file {
	uint64_t inode;
	uint64_t size;    /* that the last sync made durable */
	uint64_t end;     /* that was written */
	double dirty;     /* bytes that are not on their way */
	double is_out_at; /* when those that are have come */
};

static struct {
	pthread_mutex_t mutex;
	struct bk_io_ops ops;
	struct bk_io io;
	double flush_s, bytes_s;
	double is_free_at; /* when all that was asked for is done */
	struct slow_file files[FILES];
	struct slowdisk_count count;
} disk = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct slow_file *find(int fd)
{
	struct bk_io_stat st = {0};
	unsigned i = 0;

	bk_io_posix()->ops->stat(bk_io_posix()->ctx, fd, &st);
	while (i < FILES - 1 && disk.files[i].inode && disk.files[i].inode != st.inode)
		i++;
	disk.files[i].inode = st.inode;
	return &disk.files[i];
}

/* Asks for BYTES and FLUSHES more; when they will be there. */
static double ask(double bytes, unsigned flushes)
{
	double now = seconds_now();

	if (disk.is_free_at < now)
		disk.is_free_at = now;
	disk.is_free_at += bytes / disk.bytes_s + flushes * disk.flush_s;
	disk.count.bytes += (uint64_t)bytes;
	disk.count.flushes += flushes;
	return disk.is_free_at;
}

static void begin_writing(struct slow_file *file)
{
	if (file->dirty > 0)
		file->is_out_at = ask(file->dirty, 0);
	file->dirty = 0;
}

/* Lets go of the mutex meanwhile. */
static void wait_until(double at)
{
	double left;

	while ((left = at - seconds_now()) > 0) {
		struct timespec pause = {.tv_sec = (time_t)left};

		pause.tv_nsec = (long)((left - (double)pause.tv_sec) * 1e9);
		pthread_mutex_unlock(&disk.mutex);
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&disk.mutex);
	}
}

static int64_t slow_pwrite(void *ctx, int fd, const void *data, size_t size, uint64_t offset)
{
	int64_t count = bk_io_posix()->ops->pwrite(ctx, fd, data, size, offset);

	if (count <= 0)
		return count;
	pthread_mutex_lock(&disk.mutex);
	struct slow_file *file = find(fd);
	uint64_t end = offset + (uint64_t)count;

	/* Whole blocks are written. */
	file->dirty += (double)((end + BLOCK - 1) / BLOCK * BLOCK - offset / BLOCK * BLOCK);
	if (file->end < end)
		file->end = end;
	pthread_mutex_unlock(&disk.mutex);
	return count;
}

static int slow_datasync(void *ctx, int fd)
{
	uint64_t end;
	struct slow_file *file;

	(void)ctx;
	pthread_mutex_lock(&disk.mutex);
	disk.count.syncs++;
	file = find(fd);
	end = file->end;
	begin_writing(file);
	while (file->is_out_at > seconds_now())
		wait_until(file->is_out_at);
	wait_until(end > file->size ? ask(JOURNAL_BYTES, 2) : ask(0, 1));
	if (end > file->size)
		file->size = end;
	pthread_mutex_unlock(&disk.mutex);
	return 0;
}

/* The hint is for all of the file: nobody asks for less than what is not on its way. */
static void slow_write_behind(void *ctx, int fd, uint64_t offset, uint64_t size)
{
	(void)ctx;
	(void)offset;
	(void)size;
	pthread_mutex_lock(&disk.mutex);
	begin_writing(find(fd));
	pthread_mutex_unlock(&disk.mutex);
}

static int slow_truncate(void *ctx, int fd, uint64_t size)
{
	int rc = bk_io_posix()->ops->truncate(ctx, fd, size);
	struct slow_file *file;

	pthread_mutex_lock(&disk.mutex);
	file = find(fd);
	if (file->end > size)
		file->end = size;
	if (file->size > size)
		file->size = size;
	pthread_mutex_unlock(&disk.mutex);
	return rc;
}

static int slow_overwrites_in_place(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 1;
}

const struct bk_io *slowdisk_io(double flush_us, double bytes_s)
{
	disk.ops = *bk_io_posix()->ops;
	disk.ops.pwrite = slow_pwrite;
	disk.ops.datasync = slow_datasync;
	disk.ops.write_behind = slow_write_behind;
	disk.ops.truncate = slow_truncate;
	disk.ops.overwrites_in_place = slow_overwrites_in_place;
	disk.io = (struct bk_io){.ops = &disk.ops, .ctx = bk_io_posix()->ctx};
	disk.flush_s = flush_us / 1e6;
	disk.bytes_s = bytes_s;
	return &disk.io;
}

void slowdisk_count(struct slowdisk_count *count)
{
	pthread_mutex_lock(&disk.mutex);
	*count = disk.count;
	pthread_mutex_unlock(&disk.mutex);
}
