/* fuzz_peeraddr.c - addresses of peers, out of a database that may be a stranger's. */
#include "fuzz.h"
#include "peeraddr.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	uint8_t *wire = malloc(PEERADDR_MAX);
	size_t length;

	REQUIRE(text && wire);
	memcpy(text, data, size);
	text[size] = '\0';
	if (bk_peeraddr_parse(text, wire, &length) == PEERADDR_WIRE) {
		REQUIRE(length <= PEERADDR_MAX && bk_peeraddr_is_wire(wire, length));
		/* The port is what it ends with, and not 0. */
		REQUIRE(wire[length - 2] || wire[length - 1]);
	}
	REQUIRE(!bk_peeraddr_is_wire(data, size) || size <= PEERADDR_MAX);
	free(wire);
	free(text);
	return 0;
}
