/* simcut.c - what is on the disk when the power comes back. */
#include "simfs_impl.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* How much of what was pending got to the disk. */
enum policy {
	POLICY_ALL,
	POLICY_NONE,
	POLICY_FIRST,   /* some, in order, the last of them torn */
	POLICY_SECTORS, /* each sector by itself */
	POLICY_SIZES,   /* sizes, and few sectors */
	POLICIES
};

struct loss {
	enum policy policy;
	unsigned percent; /* of sectors that are kept */
	bool is_stale;    /* room without data shows what stood there before, else zeros */
	struct rng *rng;
};

static bool keeps_sector(const struct loss *loss)
{
	return rng_chance(loss->rng, loss->percent);
}

/* Writes to OUT, of PENDING, each sector or not. */
static void write_sectors(const struct loss *loss, struct bytes *out, const struct pending *pending)
{
	uint64_t at = pending->offset, end = pending->offset + pending->size;

	while (at < end) {
		uint64_t next = (at / SIM_SECTOR + 1) * SIM_SECTOR;

		if (next > end)
			next = end;
		if (keeps_sector(loss))
			bytes_write(out, at, pending->data + (at - pending->offset),
				(size_t)(next - at));
		at = next;
	}
}

/* What blocks hold that were given to the file and never written. */
static void fill_room(
	const struct loss *loss, const struct inode *inode, struct bytes *out, uint64_t from)
{
	for (uint64_t at = from; loss->is_stale && at < out->size; at++)
		out->data[at] = at < inode->stale.size ? inode->stale.data[at] : 0xa5;
}

/* The end of the file as it was at one moment since the last sync. */
static uint64_t some_size(const struct loss *loss, const struct inode *inode)
{
	uint64_t size = inode->disk.size;
	uint32_t steps = rng_below(loss->rng, (uint32_t)inode->pending_count + 1);

	if (loss->policy == POLICY_SIZES && rng_chance(loss->rng, 70))
		return inode->now.size;
	for (uint32_t i = 0; i < steps; i++) {
		const struct pending *pending = &inode->pending[i];
		uint64_t end = pending->offset + pending->size;

		if (pending->is_truncate || end > size)
			size = end;
	}
	return size;
}

static void lose_sectors(const struct loss *loss, const struct inode *inode, struct bytes *out)
{
	uint64_t size = some_size(loss, inode), most = inode->disk.size;

	for (size_t i = 0; i < inode->pending_count; i++)
		if (inode->pending[i].offset + inode->pending[i].size > most)
			most = inode->pending[i].offset + inode->pending[i].size;
	bytes_copy(out, &inode->disk);
	bytes_resize(out, most);
	fill_room(loss, inode, out, inode->disk.size);
	for (size_t i = 0; i < inode->pending_count; i++)
		if (!inode->pending[i].is_truncate)
			write_sectors(loss, out, &inode->pending[i]);
	bytes_resize(out, size);
}

static void lose_last(const struct loss *loss, const struct inode *inode, struct bytes *out)
{
	uint32_t kept = rng_below(loss->rng, (uint32_t)inode->pending_count + 1);

	bytes_copy(out, &inode->disk);
	for (size_t i = 0; i < kept; i++)
		pending_apply(&inode->pending[i], out);
	if (kept < inode->pending_count && !inode->pending[kept].is_truncate)
		write_sectors(loss, out, &inode->pending[kept]);
}

static void lose_content(const struct loss *loss, const struct inode *inode, struct bytes *out)
{
	switch (loss->policy) {
	case POLICY_ALL:
		bytes_copy(out, &inode->disk);
		for (size_t i = 0; i < inode->pending_count; i++)
			pending_apply(&inode->pending[i], out);
		break;
	case POLICY_FIRST:
		lose_last(loss, inode, out);
		break;
	case POLICY_SECTORS:
	case POLICY_SIZES:
		lose_sectors(loss, inode, out);
		break;
	case POLICY_NONE:
	case POLICIES:
		bytes_copy(out, &inode->disk);
		break;
	}
}

/* The names that are left: what directories have on the disk, and some of the changes behind. */
static void lose_names(const struct simfs *fs, const struct loss *loss, struct names *out)
{
	unsigned percent = loss->policy == POLICY_ALL ? 100 : loss->policy == POLICY_NONE ? 0 : 50;

	*out = fs->disk;
	for (size_t i = 0; i < fs->change_count; i++)
		if (rng_chance(loss->rng, percent))
			names_apply(out, &fs->changes[i]);
}

static struct inode *put_inode(struct simfs *out, const struct inode *from)
{
	struct inode *inode = sim_inode_new(out);

	inode->number = from->number;
	bytes_copy(&inode->stale, &from->now);
	return inode;
}

struct simfs *simfs_after_power_loss(const struct simfs *fs, struct rng *rng)
{
	static const unsigned percents[] = {5, 50, 50, 90};
	struct loss loss = {.policy = (enum policy)rng_below(rng, POLICIES), .rng = rng};
	struct simfs *out = simfs_new(rng_next(rng));
	struct names names;

	loss.percent = loss.policy == POLICY_SIZES ? 5 : percents[rng_below(rng, 4)];
	loss.is_stale = rng_chance(rng, 50);
	out->now_us = fs->now_us;
	out->inode_next = fs->inode_next;
	lose_names(fs, &loss, &names);
	for (size_t i = 0; i < names.count; i++) {
		struct inode *inode = put_inode(out, names.list[i].inode);

		lose_content(&loss, names.list[i].inode, &inode->disk);
		bytes_copy(&inode->now, &inode->disk);
		names_set(&out->now, names.list[i].path, inode);
	}
	out->disk = out->now;
	return out;
}

struct simfs *simfs_clone(const struct simfs *fs)
{
	struct simfs *out = simfs_new(fs->rng.state);

	out->now_us = fs->now_us;
	out->inode_next = fs->inode_next;
	for (size_t i = 0; i < fs->now.count; i++) {
		struct inode *inode = put_inode(out, fs->now.list[i].inode);

		bytes_copy(&inode->now, &fs->now.list[i].inode->now);
		bytes_copy(&inode->disk, &inode->now);
		names_set(&out->now, fs->now.list[i].path, inode);
	}
	out->disk = out->now;
	return out;
}
