/* ring.c - what a keyring is made of. */
#include "ring.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum bk_code bk_keyring_new(struct bk_keyring **out, struct bk_error *err)
{
	struct bk_keyring *ring = calloc(1, sizeof *ring);

	if (!ring || sodium_init() < 0) {
		free(ring);
		return bk_secret_no_memory(err);
	}
	pthread_mutex_init(&ring->mutex, NULL);
	*out = ring;
	return BK_OK;
}

void bk_keyring_free(struct bk_keyring *ring)
{
	if (!ring)
		return;
	while (ring->items) {
		struct ring_item *next = ring->items->next;

		bk_secret_free(ring->items);
		ring->items = next;
	}
	pthread_mutex_destroy(&ring->mutex);
	free(ring);
}

bool bk_keyring_is_empty(const struct bk_keyring *ring)
{
	return !ring || !ring->items;
}

void bk_keyring_want_sealed(struct bk_keyring *ring, bool is_wanted)
{
	ring->wants_sealed = is_wanted;
}

bool bk_keyring_wants_sealed(const struct bk_keyring *ring)
{
	return ring && ring->wants_sealed;
}

struct ring_item *bk_ring_item(struct bk_keyring *ring, uint32_t kind, size_t size)
{
	struct ring_item *item = bk_secret_new(sizeof *item + size);

	if (!item)
		return NULL;
	item->kind = item->who.kind = kind;
	item->size = size;
	item->next = ring->items;
	ring->items = item;
	return item;
}

void bk_ring_take_identity(struct ring_item *item, const uint8_t *identity)
{
	memcpy(item->identity, identity, SECRET_SIZE);
	item->has_identity = true;
	bk_age_recipient(item->who.point, identity);
}

enum bk_code bk_ring_identity(
	struct bk_keyring *ring, uint32_t kind, const uint8_t *identity, struct bk_error *err)
{
	struct ring_item *item = bk_ring_item(ring, kind, 0);

	if (!item)
		return bk_secret_no_memory(err);
	bk_ring_take_identity(item, identity);
	return BK_OK;
}
