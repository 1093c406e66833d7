/* peeraddr.h - a peer's address, as peers.address of lightningd's database has it. */
#ifndef BK_PEERADDR_H
#define BK_PEERADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Type, length of a name, name, port. */
#define PEERADDR_MAX (1 + 1 + 255 + 2)

enum peeraddr_kind {
	PEERADDR_WIRE,  /* it has a form for the wire (BOLT 7) */
	PEERADDR_NONE,  /* it has none, as a socket on the node's own machine */
	PEERADDR_WRONG, /* nobody understands it */
};

/* Writes the wire's form of TEXT to OUT, of PEERADDR_MAX bytes, and its length to *SIZE. */
enum peeraddr_kind bk_peeraddr_parse(const char *text, uint8_t *out, size_t *size);

/* Whether SIZE bytes at WIRE are one address as it goes over the wire. */
bool bk_peeraddr_is_wire(const uint8_t *wire, size_t size);

#endif
