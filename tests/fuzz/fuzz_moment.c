/* fuzz_moment.c - times as people write them: whatever is read can be written, and read again. */
#include "fuzz.h"
#include <bk/moment.h>
#include <string.h>

#define NOW_US 1790000000000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), shown[BK_MOMENT_TEXT];
	int64_t time_us = 0, again_us = 0;
	struct bk_error err = {0};
	enum bk_code code;

	REQUIRE(text);
	memcpy(text, data, size);
	text[size] = '\0';
	code = bk_moment_parse(text, NOW_US, &time_us, &err);
	if (code) {
		REQUIRE(code == BK_E_INVALID && *err.msg && !time_us);
	} else {
		bk_moment_text(shown, time_us, false);
		REQUIRE(shown[0] != '?' && strlen(shown) < sizeof shown);
		REQUIRE(bk_moment_parse(shown, NOW_US, &again_us, &err) == BK_OK);
		REQUIRE(again_us == time_us);
		REQUIRE(bk_moment_parse_end(text, NOW_US, &again_us, &err) == BK_OK);
		REQUIRE(again_us >= time_us && again_us - time_us < 1000000);
		code = bk_moment_check_past(text, time_us, NOW_US, &err);
		REQUIRE(!code || (code == BK_E_INVALID && time_us > NOW_US));
		bk_moment_text(shown, time_us, true);
		bk_moment_age(shown, time_us, NOW_US);
		REQUIRE(strlen(shown) < sizeof shown);
	}
	if (size >= sizeof time_us) {
		memcpy(&time_us, data, sizeof time_us);
		bk_moment_text(shown, time_us, false);
		bk_moment_age(shown, time_us, NOW_US);
	}
	free(text);
	return 0;
}
