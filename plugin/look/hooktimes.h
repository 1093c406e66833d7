/* hooktimes.h - how long lightningd waited for the plugin at each change: a histogram of one run of
 * the plugin, which it keeps in backup.times in the lightning directory, a small JSON file.
 *
 *     {"since_us": 1795330800000000, "at_us": 1795330860000000, "count": 3, "sum_us": 912,
 *      "buckets": [0, 1, 2, 0, ...]}
 *
 * Bucket i counts what took no longer than hooktimes_bounds_us[i], and longer than the one before;
 * the last one all else. */
#ifndef HOOKTIMES_H
#define HOOKTIMES_H

#include <bk/error.h>
#include <bk/io.h>
#include <stddef.h>
#include <stdint.h>

#define HOOKTIMES_NAME    "backup.times"
#define HOOKTIMES_BUCKETS 18

/* In microseconds, ascending; INT64_MAX at last. */
extern const int64_t hooktimes_bounds_us[HOOKTIMES_BUCKETS];

struct hooktimes {
	int64_t since_us; /* when the plugin began, */
	int64_t at_us;    /* and when it wrote this; microseconds since 1970 */
	uint64_t count;
	uint64_t sum_us;
	uint64_t buckets[HOOKTIMES_BUCKETS];
};

void hooktimes_add(struct hooktimes *times, int64_t took_us);

/* The least bound that so large a SHARE of all (0 to 1) is within, in microseconds; 0: there are
 * none. */
int64_t hooktimes_within(const struct hooktimes *times, double share);

/* Reads what stands at PATH; zeros where nothing does, or what makes no sense. Fails with BK_E_IO,
 * BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code hooktimes_read(
	struct hooktimes *out, const struct bk_io *io, const char *path, struct bk_error *err);
void hooktimes_parse(struct hooktimes *out, const char *text, size_t size);

/* Puts TIMES to PATH. Fails with BK_E_BUSY, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code hooktimes_write(const struct bk_io *io, const char *path,
	const struct hooktimes *times, struct bk_error *err);

#endif
