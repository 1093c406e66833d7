/* remote.c - an I/O seam whose open takes URLs of other computers, too. */
#include "afar.h"
#include "objecturl.h"
#include "sshurl.h"
#include <bk/remote.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOGS_MAX 8

/* A handle of ours is this and the log's number: none of the system's is so large. */
#define FD_FIRST (1 << 28)

struct bk_remote {
	struct bk_io io;
	const struct bk_io *base;
	pthread_mutex_t mutex;
	struct afar *logs[LOGS_MAX]; /* stay connected until the end */
};

bool bk_remote_is(const char *url)
{
	return bk_sshurl_is(url) || bk_objecturl_is(url);
}

/* The log at URL, connected to if it is not yet. */
static enum bk_code find(
	struct bk_remote *remote, const char *url, size_t *number, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	size_t i = 0;

	pthread_mutex_lock(&remote->mutex);
	while (i < LOGS_MAX && remote->logs[i] && strcmp(remote->logs[i]->line.url, url) != 0)
		i++;
	if (i == LOGS_MAX)
		code = bk_fail(err, BK_E_LIMIT, 0, "more than %d logs from afar", LOGS_MAX);
	else if (!remote->logs[i])
		code = bk_afar_open(&remote->logs[i], remote->base, url, err);
	pthread_mutex_unlock(&remote->mutex);
	*number = i;
	return code;
}

enum bk_code bk_remote_connect(struct bk_remote *remote, const char *url, struct bk_error *err)
{
	size_t number;

	return find(remote, url, &number, err);
}

static struct afar *log_of(struct bk_remote *remote, int fd)
{
	return fd >= FD_FIRST && fd < FD_FIRST + LOGS_MAX ? remote->logs[fd - FD_FIRST] : NULL;
}

static int remote_open(void *ctx, const char *path, enum bk_io_open how)
{
	struct bk_remote *remote = ctx;
	struct bk_error err;
	enum bk_code code;
	size_t number;

	if (!bk_remote_is(path))
		return remote->base->ops->open(remote->base->ctx, path, how);
	if (how != BK_IO_READ)
		return -EROFS;
	code = find(remote, path, &number, &err);
	if (code)
		return code == BK_E_MISSING ? -ENOENT : code == BK_E_NOMEM ? -ENOMEM : -EIO;
	return FD_FIRST + (int)number;
}

static int remote_open_temp(void *ctx, const char *dir)
{
	struct bk_remote *remote = ctx;

	return remote->base->ops->open_temp(remote->base->ctx, dir);
}

static int remote_close(void *ctx, int fd)
{
	struct bk_remote *remote = ctx;

	return log_of(remote, fd) ? 0 : remote->base->ops->close(remote->base->ctx, fd);
}

static int64_t remote_pread(void *ctx, int fd, void *data, size_t size, uint64_t offset)
{
	struct bk_remote *remote = ctx;
	struct afar *log = log_of(remote, fd);

	return log ? bk_afar_read(log, data, size, offset)
		   : remote->base->ops->pread(remote->base->ctx, fd, data, size, offset);
}

static int64_t remote_pwrite(void *ctx, int fd, const void *data, size_t size, uint64_t offset)
{
	struct bk_remote *remote = ctx;

	return log_of(remote, fd)
		       ? -EROFS
		       : remote->base->ops->pwrite(remote->base->ctx, fd, data, size, offset);
}

static int remote_datasync(void *ctx, int fd)
{
	struct bk_remote *remote = ctx;

	return log_of(remote, fd) ? -EROFS : remote->base->ops->datasync(remote->base->ctx, fd);
}

static void remote_write_behind(void *ctx, int fd, uint64_t offset, uint64_t size)
{
	struct bk_remote *remote = ctx;

	if (!log_of(remote, fd) && remote->base->ops->write_behind)
		remote->base->ops->write_behind(remote->base->ctx, fd, offset, size);
}

static int remote_foresee(void *ctx, int fd, uint32_t version)
{
	struct afar *log = log_of(ctx, fd);

	return log && bk_afar_foresee(log, version);
}

static int remote_want(void *ctx, int fd, const struct bk_io_range *ranges, size_t count)
{
	struct afar *log = log_of(ctx, fd);

	if (log)
		bk_afar_want(log, ranges, count);
	return log != NULL;
}

static int remote_truncate(void *ctx, int fd, uint64_t size)
{
	struct bk_remote *remote = ctx;

	return log_of(remote, fd) ? -EROFS
				  : remote->base->ops->truncate(remote->base->ctx, fd, size);
}

static int64_t remote_next_data(void *ctx, int fd, uint64_t offset)
{
	struct bk_remote *remote = ctx;

	return log_of(remote, fd) || !remote->base->ops->next_data
		       ? -EOPNOTSUPP
		       : remote->base->ops->next_data(remote->base->ctx, fd, offset);
}

static int remote_stat(void *ctx, int fd, struct bk_io_stat *out)
{
	struct bk_remote *remote = ctx;
	struct afar *log = log_of(remote, fd);

	return log ? bk_afar_stat(log, out) : remote->base->ops->stat(remote->base->ctx, fd, out);
}

static int remote_stat_path(void *ctx, const char *path, struct bk_io_stat *out)
{
	struct bk_remote *remote = ctx;
	struct bk_error err;
	size_t number;

	if (!bk_remote_is(path))
		return remote->base->ops->stat_path(remote->base->ctx, path, out);
	if (find(remote, path, &number, &err))
		return err.code == BK_E_MISSING ? -ENOENT : -EIO;
	return bk_afar_stat(remote->logs[number], out);
}

/* Nobody writes through us; who writes there cannot be told from here. */
static int remote_lock(void *ctx, int fd)
{
	struct bk_remote *remote = ctx;

	return log_of(remote, fd) ? 0 : remote->base->ops->lock(remote->base->ctx, fd);
}

static int remote_free_space(void *ctx, int fd, uint64_t *bytes_out)
{
	struct bk_remote *remote = ctx;

	return log_of(remote, fd) ? -EROFS
				  : remote->base->ops->free_space(remote->base->ctx, fd, bytes_out);
}

/* What names no log of ours goes straight to the base. */
static int remote_find_locked(void *ctx, const char *dir, const char *prefix, const char *suffix,
	char *name, size_t size, int *pid)
{
	const struct bk_io *base = ((struct bk_remote *)ctx)->base;

	return base->ops->find_locked(base->ctx, dir, prefix, suffix, name, size, pid);
}

static int remote_list(void *ctx, const char *dir, const char *prefix,
	int (*each)(void *each_ctx, const char *name), void *each_ctx)
{
	const struct bk_io *base = ((struct bk_remote *)ctx)->base;

	return base->ops->list ? base->ops->list(base->ctx, dir, prefix, each, each_ctx) : -ENOSYS;
}

static int remote_rename(void *ctx, const char *from, const char *to)
{
	const struct bk_io *base = ((struct bk_remote *)ctx)->base;

	return base->ops->rename(base->ctx, from, to);
}

static int remote_rename_new(void *ctx, const char *from, const char *to)
{
	const struct bk_io *base = ((struct bk_remote *)ctx)->base;

	return base->ops->rename_new(base->ctx, from, to);
}

static int remote_unlink(void *ctx, const char *path)
{
	const struct bk_io *base = ((struct bk_remote *)ctx)->base;

	return base->ops->unlink(base->ctx, path);
}

static int remote_sync_dir(void *ctx, const char *dir)
{
	const struct bk_io *base = ((struct bk_remote *)ctx)->base;

	return base->ops->sync_dir(base->ctx, dir);
}

static int64_t remote_now_us(void *ctx)
{
	const struct bk_io *base = ((struct bk_remote *)ctx)->base;

	return base->ops->now_us(base->ctx);
}

static int remote_random(void *ctx, void *data, size_t size)
{
	const struct bk_io *base = ((struct bk_remote *)ctx)->base;

	return base->ops->random(base->ctx, data, size);
}

static const struct bk_io_ops remote_ops = {
	.open = remote_open,
	.open_temp = remote_open_temp,
	.close = remote_close,
	.pread = remote_pread,
	.pwrite = remote_pwrite,
	.datasync = remote_datasync,
	.write_behind = remote_write_behind,
	.foresee = remote_foresee,
	.want = remote_want,
	.truncate = remote_truncate,
	.next_data = remote_next_data,
	.stat = remote_stat,
	.stat_path = remote_stat_path,
	.lock = remote_lock,
	.find_locked = remote_find_locked,
	.list = remote_list,
	.rename = remote_rename,
	.rename_new = remote_rename_new,
	.unlink = remote_unlink,
	.sync_dir = remote_sync_dir,
	.free_space = remote_free_space,
	.now_us = remote_now_us,
	.random = remote_random,
};

enum bk_code bk_remote_new(struct bk_remote **out, const struct bk_io *base, struct bk_error *err)
{
	struct bk_remote *remote = calloc(1, sizeof *remote);

	if (!remote)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read from afar");
	pthread_mutex_init(&remote->mutex, NULL);
	remote->base = base;
	remote->io = (struct bk_io){
		.ops = &remote_ops, .ctx = remote, .keys = base->keys, .http = base->http};
	*out = remote;
	return BK_OK;
}

const struct bk_io *bk_remote_io(const struct bk_remote *remote)
{
	return &remote->io;
}

void bk_remote_free(struct bk_remote *remote)
{
	if (!remote)
		return;
	for (size_t i = 0; i < LOGS_MAX && remote->logs[i]; i++)
		bk_afar_close(remote->logs[i]);
	pthread_mutex_destroy(&remote->mutex);
	free(remote);
}
