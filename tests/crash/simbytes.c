/* simbytes.c - contents and names of the simulated file system. */
#include "simfs_impl.h"
#include <assert.h>
#include <bk/keyring.h>
#include <bk/seal.h>
#include <bk/snapshot.h>
#include <stdlib.h>
#include <string.h>

void bytes_resize(struct bytes *bytes, uint64_t size)
{
	if (size > bytes->capacity) {
		size_t capacity = bytes->capacity ? bytes->capacity : 4096;

		while (capacity < size)
			capacity *= 2;
		bytes->data = realloc(bytes->data, capacity);
		assert(bytes->data);
		memset(bytes->data + bytes->capacity, 0, capacity - bytes->capacity);
		bytes->capacity = capacity;
	}
	if (size < bytes->size)
		memset(bytes->data + size, 0, bytes->size - (size_t)size);
	bytes->size = (size_t)size;
}

void bytes_write(struct bytes *bytes, uint64_t offset, const void *data, size_t size)
{
	if (!size)
		return;
	if (offset + size > bytes->size)
		bytes_resize(bytes, offset + size);
	memcpy(bytes->data + offset, data, size);
}

void bytes_copy(struct bytes *to, const struct bytes *from)
{
	bytes_resize(to, from->size);
	if (from->size)
		memcpy(to->data, from->data, from->size);
}

void bytes_done(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}

void pending_apply(const struct pending *pending, struct bytes *bytes)
{
	if (pending->is_truncate)
		bytes_resize(bytes, pending->offset);
	else
		bytes_write(bytes, pending->offset, pending->data, pending->size);
}

struct name *names_find(struct names *names, const char *path)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->list[i].path, path) == 0)
			return &names->list[i];
	return NULL;
}

void names_set(struct names *names, const char *path, struct inode *inode)
{
	struct name *name = names_find(names, path);

	if (!name) {
		assert(names->count < SIM_NAMES_MAX && strlen(path) < SIM_PATH_MAX);
		name = &names->list[names->count++];
		strcpy(name->path, path);
	}
	name->inode = inode;
}

void names_remove(struct names *names, const char *path)
{
	struct name *name = names_find(names, path);

	if (name)
		*name = names->list[--names->count];
}

void names_apply(struct names *names, const struct name_change *change)
{
	struct name *from = *change->from ? names_find(names, change->from) : NULL;

	if (from && from->inode == change->inode)
		names_remove(names, change->from);
	if (*change->to)
		names_set(names, change->to, change->inode);
}

static bool is_named(const struct names *names, const struct inode *inode)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->list[i].inode == inode)
			return true;
	return false;
}

static bool is_needed(const struct simfs *fs, const struct inode *inode)
{
	for (size_t i = 0; i < fs->change_count; i++)
		if (fs->changes[i].inode == inode)
			return true;
	return inode->users || is_named(&fs->now, inode) || is_named(&fs->disk, inode);
}

static void inode_free(struct inode *inode)
{
	for (size_t i = 0; i < inode->pending_count; i++)
		free(inode->pending[i].data);
	free(inode->pending);
	bytes_done(&inode->now);
	bytes_done(&inode->disk);
	bytes_done(&inode->stale);
	free(inode);
}

/* A file whose blocks are those of one that is gone, if there is one. */
struct inode *sim_inode_new(struct simfs *fs)
{
	struct inode *inode = calloc(1, sizeof *inode);
	size_t place = SIM_FILES_MAX;

	assert(inode);
	for (size_t i = 0; i < SIM_FILES_MAX; i++) {
		if (fs->inodes[i] && !is_needed(fs, fs->inodes[i])) {
			bytes_copy(&inode->stale, &fs->inodes[i]->now);
			inode_free(fs->inodes[i]);
			fs->inodes[i] = NULL;
		}
		if (!fs->inodes[i])
			place = i;
	}
	assert(place < SIM_FILES_MAX);
	inode->number = ++fs->inode_next;
	fs->inodes[place] = inode;
	return inode;
}

/* What opens the logs of simulated file systems, where they are to be sealed. */
static struct bk_keyring *sim_keys(void)
{
	static struct bk_keyring *keys;
	static const char digits[] =
		"7777777777777777777777777777777777777777777777777777777777777777";
	struct bk_error err;

	if (!keys && getenv("BK_TEST_SEALED") &&
		(bk_keyring_new(&keys, &err) ||
			bk_keyring_add_secret(keys, digits, sizeof digits - 1, &err)))
		abort();
	return keys;
}

struct simfs *simfs_new(uint64_t seed)
{
	struct simfs *fs = calloc(1, sizeof *fs);

	assert(fs);
	fs->io = (struct bk_io){.ops = &sim_ops, .ctx = fs};
	pthread_mutex_init(&fs->mutex, NULL);
	fs->rng = rng_of(seed, 1);
	fs->now_us = 1700000000000000 + (int64_t)rng_below(&fs->rng, 1000000);
	simfs_mkdir(fs, "/");
	simfs_mkdir(fs, "/log");
	simfs_mkdir(fs, "/out");
	fs->io.keys = sim_keys();
	return fs;
}

enum bk_code simfs_create(struct simfs *fs, const char *path, const char *database,
	uint32_t *version, struct bk_error *err)
{
	struct bk_seal *seal = NULL;
	enum bk_code code = fs->io.keys ? bk_seal_new(&seal, fs->io.keys, &fs->io, err) : BK_OK;

	if (!code)
		code = bk_log_create_sealed(
			&fs->io, path, database, seal, 100, NULL, NULL, version, err);
	bk_seal_free(seal);
	return code;
}

void simfs_free(struct simfs *fs)
{
	if (!fs)
		return;
	for (size_t i = 0; i < SIM_FILES_MAX; i++)
		if (fs->inodes[i])
			inode_free(fs->inodes[i]);
	pthread_mutex_destroy(&fs->mutex);
	free(fs);
}

const struct bk_io *simfs_io(struct simfs *fs)
{
	return &fs->io;
}

void simfs_mkdir(struct simfs *fs, const char *path)
{
	assert(fs->dir_count < sizeof fs->dirs / sizeof *fs->dirs && strlen(path) < SIM_PATH_MAX);
	strcpy(fs->dirs[fs->dir_count++], path);
}

bool simfs_peek(struct simfs *fs, const char *path, uint8_t **data, size_t *size)
{
	struct name *name = names_find(&fs->now, path);

	if (!name)
		return false;
	*data = name->inode->now.data;
	*size = name->inode->now.size;
	return true;
}

void simfs_put(struct simfs *fs, const char *path, const void *data, size_t size)
{
	struct name *name = names_find(&fs->now, path);
	struct inode *inode = name ? name->inode : sim_inode_new(fs);

	bytes_resize(&inode->now, size);
	bytes_write(&inode->now, 0, data, size);
	bytes_copy(&inode->disk, &inode->now);
	names_set(&fs->now, path, inode);
	names_set(&fs->disk, path, inode);
}

size_t simfs_open_files(const struct simfs *fs)
{
	size_t count = 0;

	for (size_t i = 0; i < SIM_FDS_MAX; i++)
		count += fs->handles[i].inode != NULL;
	return count;
}
