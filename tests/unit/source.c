/* source.c - see source.h. */
#include "source.h"
#include "place_objects.h"
#include "support.h"

struct place *store_place(struct memstore *store)
{
	struct place *place;

	ok(bk_place_objects(&place, memstore_client(store, 0), false, why()));
	return place;
}

enum bk_code source_send(struct place *place, const struct source *log, uint64_t from, uint64_t to)
{
	return place->ops->append(
		place, log->header.id, from, log->bytes + from, (size_t)(to - from), true, why());
}

/* What a place gives unasked is what LOG has. */
static void take_unasked(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size)
{
	const struct source *log = ctx;

	cr_assert(offset % 1024 == 0 && offset + size <= log->size);
	cr_assert(memcmp(bytes, log->bytes + offset, size) == 0);
}

static struct place *place_to_read(struct memstore *store, struct source *log)
{
	struct place *place = store_place(store);

	place->take = take_unasked;
	place->take_ctx = log;
	return place;
}

/* The same for one who only reads, and reads parts beside each other. */
static void check_read(struct memstore *store, const struct source *log, uint64_t end)
{
	struct source copy = *log;
	struct place *place = place_to_read(store, &copy);
	struct place_head head;
	uint8_t *bytes = malloc((size_t)end + 100);
	uint64_t half = end / 2;
	struct place_part parts[] = {
		{half, bytes + half, (size_t)(end - half) + 100, 0}, {0, bytes, (size_t)half, 0}};
	enum bk_code code;

	ok(place->ops->head(place, &head, why()));
	cr_assert(head.now.is_there && head.now.end == end && head.now.durable == end,
		"%llu of %llu", (unsigned long long)head.now.end, (unsigned long long)end);
	code = place->ops->parts(place, log->header.id, parts, COUNT_OF(parts), why());
	for (size_t i = 0; code == BK_E_BUSY && i < COUNT_OF(parts); i++)
		ok(place->ops->read(place, log->header.id, parts[i].offset, parts[i].data,
			parts[i].size, &parts[i].got, why()));
	cr_assert(!code || code == BK_E_BUSY);
	cr_assert(parts[0].got == end - half && parts[1].got == half);
	cr_assert(memcmp(bytes, log->bytes, (size_t)end) == 0);
	free(bytes);
	place->ops->close(place);
}

void store_check(struct memstore *store, const struct source *log, uint64_t end)
{
	struct place *place = store_place(store);
	struct place_head head;
	uint8_t *bytes = malloc((size_t)end + 100);
	size_t got;

	ok(place->ops->head(place, &head, why()));
	cr_assert(head.now.is_there && head.now.end == end && head.now.durable == end,
		"%llu of %llu", (unsigned long long)head.now.end, (unsigned long long)end);
	ok(place->ops->read(place, log->header.id, 0, bytes, (size_t)end + 100, &got, why()));
	cr_assert(got == end && memcmp(bytes, log->bytes, got) == 0);
	if (got > 300) {
		ok(place->ops->read(place, log->header.id, 100, bytes, 200, &got, why()));
		cr_assert(got == 200 && memcmp(bytes, log->bytes + 100, got) == 0);
	}
	free(bytes);
	place->ops->close(place);
	check_read(store, log, end);
}

struct place *store_begin(struct memstore *store, const struct source *log)
{
	struct place *place = store_place(store);

	ok(place->ops->begin(place, log->bytes, PLACE_SUCCEEDS, why()));
	ok(source_send(place, log, LOG_HEADER_SIZE, log->size));
	return place;
}

struct place *store_begin_one(struct memstore *store, struct source *log)
{
	source_init(log, 1, 0);
	source_add(log, FRAME_PAGES, 100, 1);
	return store_begin(store, log);
}

void store_end(struct memstore *store, struct source *log, struct place *place)
{
	place->ops->close(place);
	memstore_done(store);
	free(log->bytes);
}

void source_grow(struct place *place, struct source *log, size_t size, uint8_t fill)
{
	uint64_t from = log->size;

	source_add(log, FRAME_CHANGE, size, fill);
	ok(source_send(place, log, from, log->size));
}

uint64_t source_part(struct source *log, struct source *other)
{
	uint64_t from = log->size;

	*other = source_copy(log);
	source_add(log, FRAME_CHANGE, 20, 'a');
	source_add(other, FRAME_CHANGE, 20, 'b');
	return from;
}

void store_tend(struct place *place)
{
	uint32_t wait_ms = 0;

	while (wait_ms == 0)
		ok(place->ops->tend(place, &wait_ms, why()));
}
