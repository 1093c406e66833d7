/* test_incoming.c - a database that comes in pieces: not without bound. */
#include "incoming.h"
#include "support.h"

SUITE(incoming);

Test(incoming, ends_at_its_limit)
{
	struct test_io io;
	struct incoming incoming = {.path = scratch("incoming"), .bytes_max = 10};

	test_io_init(&io);
	incoming.io = &io.io;
	ok(bk_incoming_begin(&incoming, why()));
	ok(bk_incoming_write(&incoming, "12345", 5, why()));
	ok(bk_incoming_write(&incoming, "67890", 5, why()));
	fails(BK_E_LIMIT, bk_incoming_write(&incoming, "1", 1, why()));
	says("more than the limit of 10 bytes");
	ok(bk_incoming_end(&incoming, why()));
	bk_incoming_remove(&incoming);
	cr_assert(!has_file(incoming.path));
}
