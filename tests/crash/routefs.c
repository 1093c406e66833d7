/* routefs.c - several simulated file systems behind one struct bk_io. */
#include "routefs.h"
#include <errno.h>
#include <string.h>

/* A handle is the file system's own and this, once for each before it. */
#define STRIDE 100000

static const struct bk_io *io_of(struct routefs *route, int number)
{
	return simfs_io(route->fs[number]);
}

static int number_of_path(const char *path)
{
	int number = path[0] == '/' ? path[1] - '0' : 0;

	return number > 0 && number < ROUTE_COUNT ? number : 0;
}

/* What a call on a handle goes to. */
#define ON_FD(call, ...)                                                                           \
	struct routefs *route = ctx;                                                               \
	const struct bk_io *io = io_of(route, fd / STRIDE);                                        \
                                                                                                   \
	return route->is_dead ? -EIO : io->ops->call(io->ctx, fd % STRIDE, __VA_ARGS__)

#define ON_PATH(call, path, ...)                                                                   \
	struct routefs *route = ctx;                                                               \
	const struct bk_io *io = io_of(route, number_of_path(path));                               \
                                                                                                   \
	return route->is_dead ? -EIO : io->ops->call(io->ctx, __VA_ARGS__)

static int with_number(int fd, int number)
{
	return fd < 0 ? fd : fd + number * STRIDE;
}

static int route_open(void *ctx, const char *path, enum bk_io_open how)
{
	struct routefs *route = ctx;
	int number = number_of_path(path);
	const struct bk_io *io = io_of(route, number);

	return route->is_dead ? -EIO : with_number(io->ops->open(io->ctx, path, how), number);
}

static int route_open_temp(void *ctx, const char *dir)
{
	struct routefs *route = ctx;
	const struct bk_io *io = io_of(route, 0);

	return route->is_dead ? -EIO : io->ops->open_temp(io->ctx, dir);
}

static int route_close(void *ctx, int fd)
{
	const struct bk_io *io = io_of(ctx, fd / STRIDE);

	return io->ops->close(io->ctx, fd % STRIDE);
}

static int64_t route_pread(void *ctx, int fd, void *data, size_t size, uint64_t offset)
{
	ON_FD(pread, data, size, offset);
}

static int64_t route_pwrite(void *ctx, int fd, const void *data, size_t size, uint64_t offset)
{
	ON_FD(pwrite, data, size, offset);
}

static int route_datasync(void *ctx, int fd)
{
	struct routefs *route = ctx;
	const struct bk_io *io = io_of(route, fd / STRIDE);

	return route->is_dead ? -EIO : io->ops->datasync(io->ctx, fd % STRIDE);
}

static int route_truncate(void *ctx, int fd, uint64_t size)
{
	ON_FD(truncate, size);
}

static int route_stat(void *ctx, int fd, struct bk_io_stat *out)
{
	ON_FD(stat, out);
}

static int route_stat_path(void *ctx, const char *path, struct bk_io_stat *out)
{
	ON_PATH(stat_path, path, path, out);
}

static int route_lock(void *ctx, int fd)
{
	struct routefs *route = ctx;
	const struct bk_io *io = io_of(route, fd / STRIDE);

	return route->is_dead ? -EIO : io->ops->lock(io->ctx, fd % STRIDE);
}

static int route_find_locked(void *ctx, const char *dir, const char *prefix, const char *suffix,
	char *name, size_t size, int *pid)
{
	ON_PATH(find_locked, dir, dir, prefix, suffix, name, size, pid);
}

static int route_list(void *ctx, const char *dir, const char *prefix,
	int (*each)(void *each_ctx, const char *name), void *each_ctx)
{
	ON_PATH(list, dir, dir, prefix, each, each_ctx);
}

static int route_rename(void *ctx, const char *from, const char *to)
{
	ON_PATH(rename, from, from, to);
}

static int route_rename_new(void *ctx, const char *from, const char *to)
{
	ON_PATH(rename_new, from, from, to);
}

static int route_unlink(void *ctx, const char *path)
{
	ON_PATH(unlink, path, path);
}

static int route_sync_dir(void *ctx, const char *dir)
{
	ON_PATH(sync_dir, dir, dir);
}

static int route_free_space(void *ctx, int fd, uint64_t *bytes_out)
{
	ON_FD(free_space, bytes_out);
}

static int64_t route_now_us(void *ctx)
{
	const struct bk_io *io = io_of(ctx, 0);

	return io->ops->now_us(io->ctx);
}

static int route_random(void *ctx, void *data, size_t size)
{
	const struct bk_io *io = io_of(ctx, 0);

	return io->ops->random(io->ctx, data, size);
}

static const struct bk_io_ops route_ops = {
	.open = route_open,
	.open_temp = route_open_temp,
	.close = route_close,
	.pread = route_pread,
	.pwrite = route_pwrite,
	.datasync = route_datasync,
	.truncate = route_truncate,
	.stat = route_stat,
	.stat_path = route_stat_path,
	.lock = route_lock,
	.find_locked = route_find_locked,
	.list = route_list,
	.rename = route_rename,
	.rename_new = route_rename_new,
	.unlink = route_unlink,
	.sync_dir = route_sync_dir,
	.free_space = route_free_space,
	.now_us = route_now_us,
	.random = route_random,
};

void routefs_init(struct routefs *route)
{
	*route = (struct routefs){.io = {.ops = &route_ops, .ctx = route}};
}
