/* test_lognotes.c - what is noted beside a log (plugin/look/lognotes.h). */
#include "lognotes.h"
#include "support.h"
#include <sys/stat.h>

SUITE(lognotes);

#define ID    "0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffff"

static struct lognotes read_notes(const char *path, const char *log)
{
	static struct lognotes notes;

	ok(lognotes_read(&notes, bk_io_posix(), path, log, why()));
	return notes;
}

Test(lognotes, come_back_as_they_were_written)
{
	struct lognotes notes = {.log = ID,
		.verify_us = TEST_NOW_US,
		.findings = 7,
		.verify_damaged = true,
		.parts = 3,
		.part_us = {TEST_NOW_US + 1, 0, TEST_NOW_US + 3},
		.part_damaged = {false, false, true},
		.drill_us = TEST_NOW_US + 4,
		.drill_version = UINT32_MAX,
		.drill_seconds = 1.25,
		.drill_compared = true,
		.drill_why = "no \"room\"\n"};
	struct lognotes again;
	struct stat st;

	ok(lognotes_write(bk_io_posix(), scratch("log"), &notes, why()));
	cr_assert(stat(scratch("log.state"), &st) == 0 && (st.st_mode & 0777) == 0600);
	again = read_notes(scratch("log"), ID);
	cr_assert(memcmp(&again, &notes, sizeof notes) == 0);
	again = read_notes(scratch("log"), OTHER);
	cr_assert_str_eq(again.log, OTHER);
	cr_assert(!again.verify_us && !again.parts && !again.drill_us, "another log's are none");
}

Test(lognotes, are_none_where_there_is_no_sense_in_them)
{
	static const char *const texts[] = {"", "{", "[]", "null", "{\"log\":\"" ID "\"}",
		"{\"log\":\"" ID "\",\"verify\":3,\"parts\":{\"of\":2,\"time_us\":[1],"
		"\"damaged\":[true,true]},\"drill\":{\"time_us\":-1}}",
		"{\"log\":\"" ID "\",\"parts\":{\"of\":367}}"};
	struct lognotes notes;

	notes = read_notes(scratch("nothing"), ID);
	cr_assert_str_eq(notes.log, ID);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		lognotes_parse(&notes, texts[i], strlen(texts[i]), ID);
		cr_assert(!notes.verify_us && !notes.parts && !notes.drill_us, "case %zu", i);
	}
}

/* All of the log is as old as its oldest part, or as the last time that it was verified whole. */
Test(lognotes, tell_when_all_was_verified)
{
	struct lognotes notes = {.parts = 2, .part_us = {50, 0}};

	cr_assert(lognotes_verified_us(&notes) == 0);
	notes.part_us[1] = 70;
	cr_assert(lognotes_verified_us(&notes) == 50);
	notes.verify_us = 60;
	cr_assert(lognotes_verified_us(&notes) == 60);
	notes.part_damaged[0] = true;
	cr_assert(!lognotes_is_damaged(&notes), "the whole was looked at since");
	notes.part_us[0] = 80;
	cr_assert(lognotes_is_damaged(&notes));
	notes.part_damaged[0] = false;
	notes.verify_damaged = true;
	cr_assert(lognotes_is_damaged(&notes));
}
