/* simfs.c - the calls of the simulated file system. */
#include "simfs_impl.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const sim_call_names[SIM_CALLS] = {
	[SIM_OPEN] = "open",
	[SIM_OPEN_TEMP] = "open_temp",
	[SIM_PREAD] = "pread",
	[SIM_PWRITE] = "pwrite",
	[SIM_DATASYNC] = "datasync",
	[SIM_TRUNCATE] = "truncate",
	[SIM_STAT] = "stat",
	[SIM_STAT_PATH] = "stat_path",
	[SIM_LOCK] = "lock",
	[SIM_RENAME] = "rename",
	[SIM_RENAME_NEW] = "rename_new",
	[SIM_UNLINK] = "unlink",
	[SIM_SYNC_DIR] = "sync_dir",
	[SIM_FREE_SPACE] = "free_space",
	[SIM_RANDOM] = "random",
};

void simfs_lock(struct simfs *fs)
{
	pthread_mutex_lock(&fs->mutex);
}

void simfs_unlock(struct simfs *fs)
{
	pthread_mutex_unlock(&fs->mutex);
}

void simfs_set_hook(struct simfs *fs, sim_hook_fn *hook, void *ctx)
{
	simfs_lock(fs);
	fs->hook = hook;
	fs->hook_ctx = ctx;
	simfs_unlock(fs);
}

void simfs_set_sync(struct simfs *fs, sim_sync_fn *first, void *ctx)
{
	simfs_lock(fs);
	fs->sync = first;
	fs->sync_ctx = ctx;
	simfs_unlock(fs);
}

void simfs_fail(struct simfs *fs, enum sim_call call, uint64_t nth, enum sim_fault fault, int error)
{
	simfs_lock(fs);
	fs->fail.is_set = nth > 0;
	fs->fail.was_met = fs->fail.was_short = false;
	fs->fail.call = call;
	fs->fail.at = fs->calls[call] + nth;
	fs->fail.fault = fault;
	fs->fail.error = error;
	simfs_unlock(fs);
}

bool simfs_has_failed(const struct simfs *fs)
{
	return fs->fail.was_met;
}

uint64_t simfs_calls(const struct simfs *fs, enum sim_call call)
{
	return fs->calls[call];
}

void simfs_kill(struct simfs *fs)
{
	simfs_lock(fs);
	fs->is_dead = true;
	simfs_unlock(fs);
}

void simfs_revive(struct simfs *fs)
{
	simfs_lock(fs);
	fs->is_dead = false;
	simfs_unlock(fs);
}

static void run_hook(struct simfs *fs)
{
	if (fs->hook && !fs->is_dead)
		fs->hook(fs->hook_ctx, fs);
}

/* Locks FS for a call of kind CALL; 0, or how the call fails. SIZE may be halved. */
static int begin(struct simfs *fs, enum sim_call call, size_t *size)
{
	simfs_lock(fs);
	if (fs->is_dead)
		return -EIO;
	fs->calls[call]++;
	if (!fs->fail.is_set || fs->fail.call != call || fs->calls[call] != fs->fail.at)
		return 0;
	fs->fail.was_met = true;
	if (fs->fail.fault == SIM_FAULT_SHORT && size && *size > 1 && !fs->fail.was_short) {
		*size /= 2;
		fs->fail.was_short = true;
		fs->fail.at++;
		return 0;
	}
	fs->fail.is_set = false;
	return -fs->fail.error;
}

static int end(struct simfs *fs, int rc)
{
	simfs_unlock(fs);
	return rc;
}

/* The file of handle FD. Core never uses a handle that is closed. */
static struct inode *inode_of(struct simfs *fs, int fd)
{
	assert(fd >= SIM_FD_FIRST && fd < SIM_FD_FIRST + SIM_FDS_MAX);
	assert(fs->handles[fd - SIM_FD_FIRST].inode);
	return fs->handles[fd - SIM_FD_FIRST].inode;
}

static int new_handle(struct simfs *fs, struct inode *inode, bool can_write)
{
	for (int i = 0; i < SIM_FDS_MAX; i++) {
		if (fs->handles[i].inode)
			continue;
		fs->handles[i] = (struct handle){
			.inode = inode, .can_write = can_write, .errors = inode->errors};
		inode->users++;
		return i + SIM_FD_FIRST;
	}
	return -EMFILE;
}

static void change_names(struct simfs *fs, const char *from, const char *to, struct inode *inode)
{
	struct name_change *change = &fs->changes[fs->change_count++];

	assert(fs->change_count <= SIM_NAMES_MAX);
	strcpy(change->from, from);
	strcpy(change->to, to);
	change->inode = inode;
	names_apply(&fs->now, change);
}

static int open_path(struct simfs *fs, const char *path, enum bk_io_open how)
{
	struct name *name = names_find(&fs->now, path);
	struct inode *inode;

	if (how != BK_IO_CREATE)
		return name ? new_handle(fs, name->inode, how == BK_IO_WRITE) : -ENOENT;
	if (name)
		return -EEXIST;
	run_hook(fs);
	inode = sim_inode_new(fs);
	change_names(fs, "", path, inode);
	return new_handle(fs, inode, true);
}

static int sim_open(void *ctx, const char *path, enum bk_io_open how)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_OPEN, NULL);

	return end(fs, rc ? rc : open_path(fs, path, how));
}

static int sim_open_temp(void *ctx, const char *dir)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_OPEN_TEMP, NULL);

	(void)dir;
	return end(fs, rc ? rc : new_handle(fs, sim_inode_new(fs), true));
}

static int sim_close(void *ctx, int fd)
{
	struct simfs *fs = ctx;
	struct inode *inode;

	simfs_lock(fs);
	inode = inode_of(fs, fd);
	if (inode->lock == fd)
		inode->lock = 0;
	inode->users--;
	fs->handles[fd - SIM_FD_FIRST].inode = NULL;
	return end(fs, 0);
}

static int64_t sim_pread(void *ctx, int fd, void *data, size_t size, uint64_t offset)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_PREAD, &size);
	const struct bytes *now = &inode_of(fs, fd)->now;

	if (rc)
		return end(fs, rc);
	if (offset >= now->size)
		size = 0;
	else if (size > now->size - offset)
		size = (size_t)(now->size - offset);
	if (size)
		memcpy(data, now->data + offset, size);
	end(fs, 0);
	return (int64_t)size;
}

static struct pending *add_pending(struct inode *inode)
{
	if (inode->pending_count == inode->pending_capacity) {
		inode->pending_capacity = inode->pending_capacity ? inode->pending_capacity * 2 : 8;
		inode->pending =
			realloc(inode->pending, inode->pending_capacity * sizeof *inode->pending);
		assert(inode->pending);
	}
	inode->pending[inode->pending_count] = (struct pending){0};
	return &inode->pending[inode->pending_count++];
}

static void write_pending(struct inode *inode, const void *data, size_t size, uint64_t offset)
{
	struct pending *pending = add_pending(inode);

	pending->offset = offset;
	pending->size = size;
	pending->data = malloc(size + 1);
	assert(pending->data);
	memcpy(pending->data, data, size);
	bytes_write(&inode->now, offset, data, size);
}

void simfs_append(struct simfs *fs, const char *path, const void *data, size_t size)
{
	struct inode *inode = names_find(&fs->now, path)->inode;

	write_pending(inode, data, size, inode->now.size);
}

static int64_t sim_pwrite(void *ctx, int fd, const void *data, size_t size, uint64_t offset)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_PWRITE, &size);

	assert(fs->handles[fd - SIM_FD_FIRST].can_write);
	if (rc)
		return end(fs, rc);
	run_hook(fs);
	write_pending(inode_of(fs, fd), data, size, offset);
	end(fs, 0);
	return (int64_t)size;
}

static void forget_pending(struct inode *inode)
{
	for (size_t i = 0; i < inode->pending_count; i++)
		free(inode->pending[i].data);
	inode->pending_count = 0;
}

static int sim_datasync(void *ctx, int fd)
{
	struct simfs *fs = ctx;
	int rc = fs->sync ? fs->sync(fs->sync_ctx, fd) : 0;
	struct handle *handle;
	struct inode *inode;
	bool is_told;

	if (rc)
		return rc;
	rc = begin(fs, SIM_DATASYNC, NULL);
	inode = inode_of(fs, fd);
	handle = &fs->handles[fd - SIM_FD_FIRST];
	if (rc && !fs->is_dead && fs->fail.fault == SIM_FAULT_SYNC_DROPS) {
		forget_pending(inode);
		inode->errors++;
		handle->errors++;
	}
	if (rc)
		return end(fs, rc);
	is_told = handle->errors == inode->errors;
	handle->errors = inode->errors;
	run_hook(fs);
	/* What was pending goes to the disk, and not what is seen: a failed sync may have let
	 * the two part. */
	for (size_t i = 0; i < inode->pending_count; i++)
		pending_apply(&inode->pending[i], &inode->disk);
	bytes_resize(&inode->disk, inode->now.size);
	forget_pending(inode);
	run_hook(fs);
	return end(fs, is_told ? 0 : -EIO);
}

static int sim_truncate(void *ctx, int fd, uint64_t size)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_TRUNCATE, NULL);
	struct inode *inode = inode_of(fs, fd);
	struct pending *pending;

	assert(fs->handles[fd - SIM_FD_FIRST].can_write);
	if (rc)
		return end(fs, rc);
	run_hook(fs);
	if (size < inode->now.size)
		bytes_copy(&inode->stale, &inode->now);
	pending = add_pending(inode);
	pending->is_truncate = true;
	pending->offset = size;
	bytes_resize(&inode->now, size);
	return end(fs, 0);
}

static int sim_overwrites_in_place(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 1;
}

static void fill_stat(const struct inode *inode, struct bk_io_stat *out)
{
	*out = (struct bk_io_stat){.size = inode->now.size, .device = 1, .inode = inode->number};
}

static int sim_stat(void *ctx, int fd, struct bk_io_stat *out)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_STAT, NULL);

	if (!rc)
		fill_stat(inode_of(fs, fd), out);
	return end(fs, rc);
}

static int sim_stat_path(void *ctx, const char *path, struct bk_io_stat *out)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_STAT_PATH, NULL);
	struct name *name = names_find(&fs->now, path);

	if (rc)
		return end(fs, rc);
	for (size_t i = 0; i < fs->dir_count; i++) {
		if (strcmp(fs->dirs[i], path) == 0) {
			*out = (struct bk_io_stat){.is_directory = true};
			return end(fs, 0);
		}
	}
	if (name)
		fill_stat(name->inode, out);
	return end(fs, name ? 0 : -ENOENT);
}

static int sim_lock(void *ctx, int fd)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_LOCK, NULL);
	struct inode *inode = inode_of(fs, fd);

	if (!rc && inode->lock && inode->lock != fd)
		rc = -EWOULDBLOCK;
	if (!rc)
		inode->lock = fd;
	return end(fs, rc);
}

static int sim_find_locked(void *ctx, const char *dir, const char *prefix, const char *suffix,
	char *name, size_t size, int *pid)
{
	(void)pid;
	(void)ctx;
	(void)dir;
	(void)prefix;
	(void)suffix;
	(void)name;
	(void)size;
	return 0; /* no lightningd runs here */
}

static bool is_in(const char *path, const char *dir)
{
	size_t length = strlen(dir);

	return strncmp(path, dir, length) == 0 && path[length] == '/' &&
	       !strchr(path + length + 1, '/');
}

static int sim_list(void *ctx, const char *dir, const char *prefix,
	int (*each)(void *each_ctx, const char *name), void *each_ctx)
{
	struct simfs *fs = ctx;
	size_t length = strlen(dir);
	int rc = 0;

	simfs_lock(fs);
	for (size_t i = 0; !rc && i < fs->now.count; i++) {
		const char *path = fs->now.list[i].path;

		if (is_in(path, dir) && strncmp(path + length + 1, prefix, strlen(prefix)) == 0)
			rc = each(each_ctx, path + length + 1);
	}
	return end(fs, rc);
}

static int rename_name(struct simfs *fs, const char *from, const char *to, bool replaces)
{
	struct name *name = names_find(&fs->now, from);

	if (!name)
		return -ENOENT;
	if (!replaces && names_find(&fs->now, to))
		return -EEXIST;
	run_hook(fs);
	change_names(fs, from, to, name->inode);
	return 0;
}

static int sim_rename(void *ctx, const char *from, const char *to)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_RENAME, NULL);

	return end(fs, rc ? rc : rename_name(fs, from, to, true));
}

static int sim_rename_new(void *ctx, const char *from, const char *to)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_RENAME_NEW, NULL);

	return end(fs, rc ? rc : rename_name(fs, from, to, false));
}

static int sim_unlink(void *ctx, const char *path)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_UNLINK, NULL);
	struct name *name = names_find(&fs->now, path);

	if (!rc && !name)
		rc = -ENOENT;
	if (rc)
		return end(fs, rc);
	run_hook(fs);
	change_names(fs, path, "", name->inode);
	return end(fs, 0);
}

static int sim_sync_dir(void *ctx, const char *dir)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_SYNC_DIR, NULL);
	size_t kept = 0;

	if (rc)
		return end(fs, rc);
	run_hook(fs);
	for (size_t i = 0; i < fs->change_count; i++) {
		const struct name_change *change = &fs->changes[i];

		if (is_in(*change->to ? change->to : change->from, dir))
			names_apply(&fs->disk, change);
		else
			fs->changes[kept++] = *change;
	}
	fs->change_count = kept;
	run_hook(fs);
	return end(fs, 0);
}

static int sim_free_space(void *ctx, int fd, uint64_t *bytes_out)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_FREE_SPACE, NULL);

	(void)inode_of(fs, fd);
	if (!rc)
		*bytes_out = (uint64_t)1 << 30;
	return end(fs, rc);
}

/* Time goes on by a little at each look, and sometimes back: clocks are set. */
static int64_t sim_now_us(void *ctx)
{
	struct simfs *fs = ctx;
	int64_t now;

	simfs_lock(fs);
	fs->now_us += rng_below(&fs->rng, 2000000);
	if (rng_chance(&fs->rng, 2))
		fs->now_us -= 30000000;
	now = fs->now_us;
	simfs_unlock(fs);
	return now;
}

static int sim_random(void *ctx, void *data, size_t size)
{
	struct simfs *fs = ctx;
	int rc = begin(fs, SIM_RANDOM, NULL);

	for (size_t i = 0; i < size && !rc; i++)
		((uint8_t *)data)[i] = (uint8_t)rng_next(&fs->rng);
	return end(fs, rc);
}

const struct bk_io_ops sim_ops = {
	.open = sim_open,
	.open_temp = sim_open_temp,
	.close = sim_close,
	.pread = sim_pread,
	.pwrite = sim_pwrite,
	.datasync = sim_datasync,
	.truncate = sim_truncate,
	.overwrites_in_place = sim_overwrites_in_place,
	.stat = sim_stat,
	.stat_path = sim_stat_path,
	.lock = sim_lock,
	.find_locked = sim_find_locked,
	.list = sim_list,
	.rename = sim_rename,
	.rename_new = sim_rename_new,
	.unlink = sim_unlink,
	.sync_dir = sim_sync_dir,
	.free_space = sim_free_space,
	.now_us = sim_now_us,
	.random = sim_random,
};
