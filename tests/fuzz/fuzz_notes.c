/* fuzz_notes.c - the small files that status reads: what is taken from them makes sense, or there
 * is nothing. */
#include "fuzz.h"
#include "hooktimes.h"
#include "lognotes.h"
#include <string.h>

#define ID "0123456789abcdef0123456789abcdef"

static void check_notes(const struct lognotes *notes)
{
	REQUIRE(strcmp(notes->log, ID) == 0);
	REQUIRE(notes->verify_us >= 0 && notes->drill_us >= 0);
	REQUIRE(notes->parts <= LOGNOTES_PARTS_MAX);
	for (unsigned i = 0; i < notes->parts; i++)
		REQUIRE(notes->part_us[i] >= 0);
	REQUIRE(memchr(notes->drill_why, '\0', sizeof notes->drill_why));
	REQUIRE(notes->drill_seconds >= 0 && notes->drill_seconds < 1e9);
	REQUIRE(lognotes_verified_us(notes) >= notes->verify_us);
	(void)lognotes_is_damaged(notes);
}

static void check_times(const struct hooktimes *times)
{
	uint64_t sum = 0;

	for (int i = 0; i < HOOKTIMES_BUCKETS; i++)
		sum += times->buckets[i];
	REQUIRE(sum == times->count);
	REQUIRE(hooktimes_within(times, 0.5) <= hooktimes_within(times, 0.99));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lognotes notes;
	struct hooktimes times;

	lognotes_parse(&notes, (const char *)data, size, ID);
	check_notes(&notes);
	hooktimes_parse(&times, (const char *)data, size);
	check_times(&times);
	return 0;
}
