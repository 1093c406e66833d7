/* ring.h - what a keyring is made of. */
#ifndef BK_RING_H
#define BK_RING_H

#include "slot.h"
#include <bk/keyring.h>
#include <pthread.h>

/* One secret: in secret memory, with its text behind it. */
struct ring_item {
	struct ring_item *next;
	uint32_t kind;
	bool has_identity; /* not a recipient alone, nor a passphrase that is not drawn out yet */
	uint8_t identity[SECRET_SIZE];
	struct recipient who;
	size_t size; /* of a passphrase */
	char text[];
};

struct bk_keyring {
	struct ring_item *items; /* the one that was added last is the first */
	bool wants_sealed;
	pthread_mutex_t mutex; /* over items, once logs are opened */
};

/* An item with room for SIZE bytes of text; NULL: no memory. */
struct ring_item *bk_ring_item(struct bk_keyring *ring, uint32_t kind, size_t size);

/* Makes ITEM one of IDENTITY, SECRET_SIZE bytes. */
void bk_ring_take_identity(struct ring_item *item, const uint8_t *identity);

/* Adds an identity of KIND, SECRET_SIZE bytes. */
BK_MUST_CHECK enum bk_code bk_ring_identity(
	struct bk_keyring *ring, uint32_t kind, const uint8_t *identity, struct bk_error *err);

/* Whether a log in the clear is refused. NULL refuses none. */
bool bk_keyring_wants_sealed(const struct bk_keyring *ring);

#endif
