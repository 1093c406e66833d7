/* memstore.c - a store of whole objects in memory. */
#include "memstore.h"
#include "support.h"

struct client {
	struct objects objects;
	struct memstore *store;
	int64_t off_ms;
};

void memstore_init(struct memstore *store, uint64_t seed)
{
	*store = (struct memstore){
		.mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP, .random = seed, .now_ms = 1000000};
}

void memstore_done(struct memstore *store)
{
	for (size_t i = 0; i < store->count; i++)
		free(store->list[i].data);
	free(store->list);
	for (size_t i = 0; i < store->pending_count; i++)
		free(store->pending[i].data);
	free(store->pending);
}

struct memobject *memstore_find(struct memstore *store, const char *name)
{
	for (size_t i = store->count; i; i--) {
		struct memobject *object = &store->list[i - 1];

		if (object->dead_ms == INT64_MAX && strcmp(object->name, name) == 0)
			return object;
	}
	return NULL;
}

size_t memstore_alive(const struct memstore *store)
{
	size_t count = 0;

	for (size_t i = 0; i < store->count; i++)
		count += store->list[i].dead_ms == INT64_MAX && !store->list[i].is_folder;
	return count;
}

static bool chance(struct memstore *store, unsigned of_100)
{
	return random_next(&store->random) % 100 < of_100;
}

static void make(struct memstore *store, const char *name, const void *data, size_t size)
{
	struct memobject *object;

	store->list = realloc(store->list, (store->count + 1) * sizeof *store->list);
	object = &store->list[store->count++];
	*object = (struct memobject){.data = malloc(size + 1),
		.size = size,
		.born_ms = store->now_ms,
		.dead_ms = INT64_MAX};
	snprintf(object->name, sizeof object->name, "%s", name);
	if (size)
		memcpy(object->data, data, size);
}

/* In the place of whatever is there. */
static void replace(struct memstore *store, const char *name, const void *data, size_t size)
{
	struct memobject *there = memstore_find(store, name);

	if (there)
		there->dead_ms = store->now_ms;
	make(store, name, data, size);
}

static void put_off(struct memstore *store, const char *name, const void *data, size_t size)
{
	struct mempending *pending;

	store->pending = realloc(store->pending, (store->pending_count + 1) * sizeof *pending);
	pending = &store->pending[store->pending_count++];
	*pending = (struct mempending){.data = malloc(size + 1), .size = size};
	snprintf(pending->name, sizeof pending->name, "%s", name);
	if (size)
		memcpy(pending->data, data, size);
}

static void land_one(struct memstore *store)
{
	struct mempending *pending = &store->pending[--store->pending_count];

	replace(store, pending->name, pending->data, pending->size);
	free(pending->data);
}

void memstore_land(struct memstore *store)
{
	while (store->pending_count)
		land_one(store);
}

/* While one is between the two halves of its put, or between two requests, others may do whatever
 * they do. */
static void let_others(struct memstore *store)
{
	void (*between)(void *ctx) = store->between;

	store->between = NULL;
	if (between)
		between(store->between_ctx);
	store->between = between;
}

/* Each request takes a moment, and may not be made at all. */
static enum bk_code arrive(struct memstore *store, struct bk_error *err)
{
	store->now_ms += 1 + (int64_t)(random_next(&store->random) % 50);
	if (store->between && chance(store, 20))
		let_others(store);
	if (store->pending_count && chance(store, 10))
		land_one(store);
	return chance(store, store->fails) ? bk_fail(err, BK_E_IO, 0, "the request was not made")
					   : BK_OK;
}

static enum bk_code answer(struct memstore *store, struct bk_error *err)
{
	return chance(store, store->loses) ? bk_fail(err, BK_E_IO, 0, "the answer was lost")
					   : BK_OK;
}

static enum bk_code race(struct memstore *store, const char *name, const void *data, size_t size,
	struct bk_error *err)
{
	if (chance(store, store->lates)) {
		put_off(store, name, data, size);
		return bk_fail(err, BK_E_IO, 0, "the answer was lost");
	}
	let_others(store);
	replace(store, name, data, size);
	return answer(store, err);
}

static enum bk_code mem_put(struct objects *objects, const char *name, const void *data,
	size_t size, bool *was_there, struct bk_error *err)
{
	struct memstore *store = ((struct client *)objects)->store;
	enum bk_code code = arrive(store, err);
	struct memobject *there;

	store->puts++;
	if (code)
		return code;
	there = memstore_find(store, name);
	*was_there = there && !store->ignores_conditions;
	if (!*was_there && store->halves && size > 1) {
		store->halves--;
		replace(store, name, data, size / 2);
		*was_there = true;
		return BK_OK;
	}
	if (!*was_there && store->is_racy)
		return race(store, name, data, size, err);
	if (!*was_there)
		replace(store, name, data, size);
	return answer(store, err);
}

static enum bk_code get(struct memstore *store, const char *name, uint64_t from, size_t size,
	struct bk_buf *out, bool *is_there, struct bk_error *err)
{
	enum bk_code code = arrive(store, err);
	struct memobject *there = code ? NULL : memstore_find(store, name);
	size_t left;

	store->gets++;
	*is_there = there;
	if (!there)
		return code;
	left = from < there->size ? there->size - (size_t)from : 0;
	if (size && left > size)
		left = size;
	code = answer(store, err);
	return code || !left ? code : bk_buf_append(out, there->data + from, left, err);
}

/* From several threads at once. */
static enum bk_code mem_get(struct objects *objects, const char *name, uint64_t from, size_t size,
	struct bk_buf *out, bool *is_there, struct bk_error *err)
{
	struct memstore *store = ((struct client *)objects)->store;
	enum bk_code code;

	pthread_mutex_lock(&store->mutex);
	code = get(store, name, from, size, out, is_there, err);
	pthread_mutex_unlock(&store->mutex);
	return code;
}

static enum bk_code list(struct memstore *store, const char *folder, const char *after,
	objects_each *each, void *ctx, struct bk_error *err)
{
	enum bk_code code = arrive(store, err);
	int64_t when_ms = store->now_ms;
	size_t length = strlen(folder);

	store->lists++;
	if (chance(store, store->stale))
		when_ms -= (int64_t)(random_next(&store->random) % (uint64_t)store->stale_ms);
	if (store->list_at_ms)
		when_ms = store->list_at_ms;
	for (size_t i = 0; i < store->count && !code; i++) {
		const struct memobject *object = &store->list[i];
		const char *rest = object->name + (length ? length + 1 : 0);
		struct object_entry entry = {.name = rest,
			.is_folder = object->is_folder,
			.size = store->tells_no_sizes ? OBJECT_UNTOLD : object->size,
			.changed_s = object->born_ms / 1000};

		if (object->born_ms > when_ms || object->dead_ms <= when_ms ||
			strncmp(object->name, folder, length) != 0 || strchr(rest, '/') ||
			(length && object->name[length] != '/') || strcmp(rest, after) <= 0)
			continue;
		code = each(ctx, &entry, err);
	}
	return code ? code : answer(store, err);
}

/* Beside get. */
static enum bk_code mem_list(struct objects *objects, const char *folder, const char *after,
	objects_each *each, void *ctx, struct bk_error *err)
{
	struct memstore *store = ((struct client *)objects)->store;
	enum bk_code code;

	pthread_mutex_lock(&store->mutex);
	code = list(store, folder, after, each, ctx, err);
	pthread_mutex_unlock(&store->mutex);
	return code;
}

/* With all that is in it. */
static void end(struct memstore *store, struct memobject *there)
{
	size_t length = strlen(there->name);

	there->dead_ms = store->now_ms;
	for (size_t i = 0; there->is_folder && i < store->count; i++) {
		struct memobject *object = &store->list[i];

		if (strncmp(object->name, there->name, length) == 0 &&
			object->name[length] == '/' && object->dead_ms == INT64_MAX)
			object->dead_ms = store->now_ms;
	}
}

static enum bk_code mem_remove(
	struct objects *objects, const char *name, bool *is_refused, struct bk_error *err)
{
	struct memstore *store = ((struct client *)objects)->store;
	enum bk_code code = arrive(store, err);
	struct memobject *there = code ? NULL : memstore_find(store, name);

	store->removes++;
	*is_refused = store->refuses_deletes;
	if (there && !*is_refused && !chance(store, store->forgets))
		end(store, there);
	return code ? code : answer(store, err);
}

static enum bk_code mem_make_folder(
	struct objects *objects, const char *folder, struct bk_error *err)
{
	(void)folder;
	return arrive(((struct client *)objects)->store, err);
}

static enum bk_code mem_claim(
	struct objects *objects, const char *name, bool *is_ours, struct bk_error *err)
{
	struct memstore *store = ((struct client *)objects)->store;
	enum bk_code code = arrive(store, err);

	store->claims++;
	*is_ours = !code && !memstore_find(store, name);
	if (*is_ours) {
		make(store, name, NULL, 0);
		store->list[store->count - 1].is_folder = true;
	}
	return code ? code : answer(store, err);
}

static enum bk_code mem_has(
	struct objects *objects, const char *name, bool *is_there, struct bk_error *err)
{
	struct memstore *store = ((struct client *)objects)->store;
	enum bk_code code = arrive(store, err);

	store->looks++;
	*is_there = !code && memstore_find(store, name);
	return code ? code : answer(store, err);
}

/* Requests of several threads move it on. */
static int64_t clock_of(struct memstore *store)
{
	int64_t now_ms;

	pthread_mutex_lock(&store->mutex);
	now_ms = store->now_ms;
	pthread_mutex_unlock(&store->mutex);
	return now_ms;
}

static int64_t mem_now(struct objects *objects)
{
	const struct client *client = (struct client *)objects;

	return clock_of(client->store) + client->off_ms;
}

static int64_t mem_date(struct objects *objects)
{
	return clock_of(((struct client *)objects)->store) / 1000;
}

static void mem_close(struct objects *objects)
{
	free(objects);
}

struct objects *memstore_client(struct memstore *store, int64_t clock_off_ms)
{
	static const struct objects_ops ops = {.put = mem_put,
		.get = mem_get,
		.list = mem_list,
		.remove = mem_remove,
		.make_folder = mem_make_folder,
		.claim = mem_claim,
		.has = mem_has,
		.now_ms = mem_now,
		.date_s = mem_date,
		.close = mem_close};
	struct client *client = calloc(1, sizeof *client);

	*client = (struct client){.objects = {.ops = &ops, .may_race = store->is_racy},
		.store = store,
		.off_ms = clock_off_ms};
	return &client->objects;
}
