/* fuzz_tally.c - what statements name: the same, however their pieces are cut. */
#include "fuzz.h"
#include <bk/tally.h>
#include <string.h>

static void feed(struct bk_tally *tally, const uint8_t *data, size_t size, size_t piece)
{
	bk_tally_init(tally);
	for (size_t at = 0; at < size; at += piece)
		bk_tally_feed(tally, data + at, size - at < piece ? size - at : piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bk_tally whole, cut;

	feed(&whole, data, size, size ? size : 1);
	feed(&cut, data, size, 1 + size % 7);
	REQUIRE(whole.count == cut.count && whole.schema == cut.schema);
	REQUIRE(whole.others == cut.others && whole.count <= BK_TALLY_TABLES);
	for (size_t i = 0; i < whole.count; i++) {
		REQUIRE(strlen(whole.tables[i].name) < BK_TALLY_NAME);
		REQUIRE(strcmp(whole.tables[i].name, cut.tables[i].name) == 0);
		REQUIRE(whole.tables[i].inserts == cut.tables[i].inserts);
		REQUIRE(whole.tables[i].updates == cut.tables[i].updates);
		REQUIRE(whole.tables[i].deletes == cut.tables[i].deletes);
	}
	return 0;
}
