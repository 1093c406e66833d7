/* test_simfs.c - the simulated file system: what it promises to lose, and never to lose. */
#include "simfs.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define PATH   "/log/file"
#define LOSSES 400 /* power losses tried in each test */

struct place {
	struct simfs *fs;
	const struct bk_io *io;
	int fd;
};

static struct place new_file(void)
{
	struct place place = {.fs = simfs_new(1)};

	place.io = simfs_io(place.fs);
	place.fd = place.io->ops->open(place.io->ctx, PATH, BK_IO_CREATE);
	cr_assert_geq(place.fd, 0);
	return place;
}

static void write_at(struct place *place, const char *text, uint64_t offset)
{
	size_t size = strlen(text);

	cr_assert_eq(place->io->ops->pwrite(place->io->ctx, place->fd, text, size, offset),
		(int64_t)size);
}

static void sync_all(struct place *place)
{
	cr_assert_eq(place->io->ops->datasync(place->io->ctx, place->fd), 0);
	cr_assert_eq(place->io->ops->sync_dir(place->io->ctx, "/log"), 0);
}

/* In how many of LOSSES the file is there after a power loss and begins with TEXT. */
static unsigned count_begins(struct place *place, const char *text)
{
	unsigned count = 0;

	for (uint64_t seed = 0; seed < LOSSES; seed++) {
		struct rng rng = rng_of(seed, 0);
		struct simfs *disk = simfs_after_power_loss(place->fs, &rng);
		uint8_t *data;
		size_t size;

		count += simfs_peek(disk, PATH, &data, &size) && size >= strlen(text) &&
			 memcmp(data, text, strlen(text)) == 0;
		simfs_free(disk);
	}
	return count;
}

static void done(struct place *place)
{
	place->io->ops->close(place->io->ctx, place->fd);
	cr_assert_eq(simfs_open_files(place->fs), 0);
	simfs_free(place->fs);
}

Test(simfs, what_is_synced_is_never_lost)
{
	struct place place = new_file();

	write_at(&place, "synced", 0);
	sync_all(&place);
	cr_assert_eq(count_begins(&place, "synced"), LOSSES);
	write_at(&place, "more", 6);
	cr_assert_eq(count_begins(&place, "synced"), LOSSES);
	done(&place);
}

Test(simfs, what_is_not_synced_is_sometimes_lost)
{
	struct place place = new_file();
	unsigned kept;

	sync_all(&place);
	write_at(&place, "pending", 0);
	kept = count_begins(&place, "pending");
	cr_assert_gt(kept, 0);
	cr_assert_lt(kept, LOSSES);
	done(&place);
}

Test(simfs, a_name_is_lost_unless_its_directory_is_synced)
{
	struct place place = new_file();
	unsigned kept;

	write_at(&place, "x", 0);
	cr_assert_eq(place.io->ops->datasync(place.io->ctx, place.fd), 0);
	kept = count_begins(&place, "x");
	cr_assert_gt(kept, 0);
	cr_assert_lt(kept, LOSSES);
	sync_all(&place);
	cr_assert_eq(count_begins(&place, "x"), LOSSES);
	done(&place);
}

Test(simfs, a_write_of_many_sectors_can_be_torn)
{
	struct place place = new_file();
	char old[4 * SIM_SECTOR + 1], new[4 * SIM_SECTOR + 1];
	unsigned torn = 0;

	memset(old, 'o', sizeof old - 1);
	memset(new, 'n', sizeof new - 1);
	old[sizeof old - 1] = new[sizeof new - 1] = '\0';
	write_at(&place, old, 0);
	sync_all(&place);
	write_at(&place, new, 0);
	for (uint64_t seed = 0; seed < LOSSES; seed++) {
		struct rng rng = rng_of(seed, 0);
		struct simfs *disk = simfs_after_power_loss(place.fs, &rng);
		uint8_t *data;
		size_t size;

		cr_assert(simfs_peek(disk, PATH, &data, &size) && size == sizeof old - 1);
		for (size_t at = 0; at < size; at += SIM_SECTOR)
			cr_assert(memcmp(data + at, old, SIM_SECTOR) == 0 ||
				  memcmp(data + at, new, SIM_SECTOR) == 0);
		torn += memcmp(data, old, size) != 0 && memcmp(data, new, size) != 0;
		simfs_free(disk);
	}
	cr_assert_gt(torn, 0);
	done(&place);
}

/* Over zeros that were synced: nothing else can stand where a sector was lost. */
Test(simfs, a_write_over_zeros_can_be_half_zeros)
{
	struct place place = new_file();
	static const char zeros[4 * SIM_SECTOR];
	char new[4 * SIM_SECTOR + 1];
	unsigned half = 0, without_first = 0;

	memset(new, 'n', sizeof new - 1);
	new[sizeof new - 1] = '\0';
	cr_assert_eq(place.io->ops->pwrite(place.io->ctx, place.fd, zeros, sizeof zeros, 0),
		(int64_t)sizeof zeros);
	sync_all(&place);
	write_at(&place, new, 0);
	for (uint64_t seed = 0; seed < LOSSES; seed++) {
		struct rng rng = rng_of(seed, 0);
		struct simfs *disk = simfs_after_power_loss(place.fs, &rng);
		unsigned kept = 0;
		uint8_t *data;
		size_t size;

		cr_assert(simfs_peek(disk, PATH, &data, &size) && size == sizeof zeros);
		for (size_t at = 0; at < size; at += SIM_SECTOR) {
			bool is_new = memcmp(data + at, new, SIM_SECTOR) == 0;

			cr_assert(is_new || memcmp(data + at, zeros, SIM_SECTOR) == 0);
			kept += is_new;
		}
		half += kept && kept < 4;
		without_first += kept && !data[0];
		simfs_free(disk);
	}
	cr_assert_gt(half, 0);
	cr_assert_gt(without_first, 0, "they reach the disk in any order");
	done(&place);
}

Test(simfs, a_sync_that_drops_is_not_made_good_by_the_next)
{
	struct place place = new_file();

	sync_all(&place);
	write_at(&place, "dropped", 0);
	simfs_fail(place.fs, SIM_DATASYNC, 1, SIM_FAULT_SYNC_DROPS, EIO);
	cr_assert_eq(place.io->ops->datasync(place.io->ctx, place.fd), -EIO);
	sync_all(&place);
	cr_assert_eq(count_begins(&place, "dropped"), 0);
	write_at(&place, "dropped", 0);
	sync_all(&place);
	cr_assert_eq(count_begins(&place, "dropped"), LOSSES);
	done(&place);
}

Test(simfs, a_call_fails_once_and_a_short_write_writes_half)
{
	struct place place = new_file();

	simfs_fail(place.fs, SIM_PWRITE, 2, SIM_FAULT_SHORT, ENOSPC);
	write_at(&place, "1234", 0);
	cr_assert_eq(place.io->ops->pwrite(place.io->ctx, place.fd, "5678", 4, 4), 2);
	cr_assert_eq(place.io->ops->pwrite(place.io->ctx, place.fd, "78", 2, 6), -ENOSPC);
	cr_assert(simfs_has_failed(place.fs));
	write_at(&place, "78", 6);
	done(&place);
}

Test(simfs, one_handle_holds_a_lock)
{
	struct place place = new_file();
	int other = place.io->ops->open(place.io->ctx, PATH, BK_IO_WRITE);

	cr_assert_eq(place.io->ops->lock(place.io->ctx, place.fd), 0);
	cr_assert_eq(place.io->ops->lock(place.io->ctx, other), -EWOULDBLOCK);
	place.io->ops->close(place.io->ctx, place.fd);
	cr_assert_eq(place.io->ops->lock(place.io->ctx, other), 0);
	place.fd = other;
	done(&place);
}
