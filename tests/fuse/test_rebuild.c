/* test_rebuild.c - one flipped bit in a frame of each kind: what core can rebuild past it, the
 * mount gives; what core cannot is EIO and named. */
#include "logkit.h"
#include "mountkit.h"
#include <bk/listing.h>
#include <bk/rebuild.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

SUITE(rebuild);

#define VERSIONS 450

/* Of a frame (docs/format.md, 2 and 3). */
enum { HEADER_BYTES = 128, FRAME_BYTES = 48, KIND_AT = 12, SIZE_AT = 16 };
enum { CHANGE = 1, PAGES, MAP, KEYFRAME };

struct frame {
	off_t offset;
	uint32_t size; /* of the payload */
};

/* The frames of KIND, in their order; how many there are. */
static size_t find_frames(unsigned kind, struct frame *out, size_t max)
{
	size_t size, count = 0;
	uint8_t *bytes = read_whole(log_path(), (size_t)1 << 20, &size);
	uint32_t payload;

	for (size_t at = HEADER_BYTES; at + FRAME_BYTES <= size; at += FRAME_BYTES + payload) {
		memcpy(&payload, bytes + at + SIZE_AT, sizeof payload);
		if (bytes[at + KIND_AT] == kind && count < max)
			out[count++] = (struct frame){(off_t)at, payload};
	}
	free(bytes);
	return count;
}

/* A whole database. */
struct whole {
	uint8_t *bytes;
	size_t size;
};

static enum bk_code read_whole_image(void *ctx, struct bk_image *image, struct bk_error *err)
{
	struct whole *whole = ctx;
	size_t size = (size_t)bk_image_size(image);
	enum bk_code code;

	whole->bytes = malloc(size);
	cr_assert(whole->bytes);
	code = bk_image_read(image, whole->bytes, size, 0, &whole->size, err);
	if (code) {
		free(whole->bytes);
		whole->bytes = NULL;
	}
	return code;
}

/* The database of VERSION as restore puts it together, which the caller frees; NULL: it cannot. */
static uint8_t *rebuild(struct bk_log *log, uint32_t version, size_t *size)
{
	struct whole whole = {0};

	if (!bk_rebuild_do(log, version, NULL, read_whole_image, &whole, why()))
		*size = whole.size;
	return whole.bytes;
}

/* Reads VERSION through the mount in parts of PART bytes; 0 if it is WANT, else why it cannot be
 * read. */
static int read_version(uint32_t version, const uint8_t *want, size_t size, size_t part)
{
	int fd = open(mnt_version(version), O_RDONLY | O_CLOEXEC), rc = fd < 0 ? errno : 0;
	uint8_t *bytes = malloc(part);
	size_t at = 0;
	ssize_t n = 1;

	while (!rc && n) {
		n = pread(fd, bytes, part, (off_t)at);
		rc = n < 0 ? errno : 0;
		cr_assert(rc || !want || (at + (size_t)n <= size && (n || at == size)),
			"version %" PRIu32 ": its size is not right", version);
		cr_assert(rc || !want || memcmp(bytes, want + at, (size_t)n) == 0,
			"version %" PRIu32 " is not what core gives", version);
		at += rc ? 0 : (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	free(bytes);
	return rc;
}

/* Compares all versions; how many cannot be rebuilt. */
static unsigned compare_all(struct bk_log *log)
{
	static bool is_bad[VERSIONS + 1];
	unsigned bad = 0;
	const char *ranges;

	for (uint32_t version = 1; version <= VERSIONS; version++) {
		struct bk_entry entry;
		enum bk_code found = bk_log_find(log, version, &entry, why());
		size_t size = 0;
		uint8_t *want = found ? NULL : rebuild(log, version, &size);
		int rc = read_version(version, want, size, version % 3 ? 1 << 20 : 4096);

		cr_assert(!want == !!rc, "version %" PRIu32 ": core %s it, the mount says %s",
			version, want ? "gives" : "does not give", strerror(rc));
		cr_assert(!rc || rc == EIO, "version %" PRIu32 ": %s", version, strerror(rc));
		is_bad[version] = rc != 0;
		bad += rc != 0;
		free(want);
	}
	ranges = status_member("damaged_versions");
	for (uint32_t version = 1; version <= VERSIONS; version++)
		cr_assert(!is_bad[version] || status_names(ranges, version),
			"version %" PRIu32 " is not named: %s", version, ranges);
	return bad;
}

static void damage_frame(const char *name, unsigned kind)
{
	static struct frame frames[VERSIONS * 2];
	static const char *const places[] = {"first", "middle", "last"};
	size_t count;

	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(VERSIONS, 1000);
	log_close();
	count = find_frames(kind, frames, COUNT_OF(frames));
	cr_assert(count >= 3, "%zu frames of kind %u", count, kind);
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		const struct frame *frame = &frames[i * (count - 1) / 2];
		off_t at = frame->offset + FRAME_BYTES + frame->size / 2;
		struct bk_log *log;

		log_flip(at);
		log = log_reader();
		mount_start(NULL);
		printf("%s %s, byte %lld: ", places[i], name, (long long)at);
		printf("%u versions damaged\n", compare_all(log));
		mount_stop();
		bk_log_close(log);
		log_flip(at);
	}
}

Test(rebuild, past_a_change)
{
	damage_frame("CHANGE", CHANGE);
}

Test(rebuild, past_pages)
{
	damage_frame("PAGES", PAGES);
}

Test(rebuild, past_a_map)
{
	damage_frame("MAP", MAP);
}

Test(rebuild, past_a_keyframe)
{
	damage_frame("KEYFRAME", KEYFRAME);
}
