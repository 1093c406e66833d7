/* test_objectfaults.c - a place in a store of whole objects: what is left of it when requests fail,
 * answers are lost, and listings are late. */
#include "memstore.h"
#include "place_objects.h"
#include "source.h"
#include "support.h"

SUITE(objectfaults);

/* A node with a mirror in the store, as mirror_run.c drives it. */
struct node {
	struct source log;
	struct memstore *store;
	int64_t clock_off_ms;
	struct place *place;
	uint64_t sent, acknowledged;
	bool is_fenced;
};

static void hang_up(struct node *node)
{
	if (node->place)
		node->place->ops->close(node->place);
	node->place = NULL;
}

/* As bk_mirror_resume looks whether the place has a beginning of LOG. */
static bool goes_on(const struct source *log, const struct place_log *there)
{
	struct frame_head head;

	if (there->end >= log->size)
		return there->end == log->size && there->sum == log->sum;
	return bk_frame_plausible(&head, log->bytes + there->end) &&
	       head.chain == (uint32_t)there->sum;
}

static enum bk_code resume(struct node *node)
{
	struct place_head head;
	enum bk_code code;

	ok(bk_place_objects(
		&node->place, memstore_client(node->store, node->clock_off_ms), false, why()));
	code = node->place->ops->head(node->place, &head, why());
	if (code)
		return code;
	if (!head.now.is_there) {
		node->sent = LOG_HEADER_SIZE;
		return node->place->ops->begin(node->place, node->log.bytes, PLACE_SUCCEEDS, why());
	}
	if (!goes_on(&node->log, &head.now))
		return BK_E_UNSAFE;
	node->sent = head.now.end;
	return source_send(node->place, &node->log, node->sent, node->sent);
}

static void move_on(struct node *node)
{
	uint32_t wait_ms;
	enum bk_code code = node->place ? BK_OK : resume(node);

	if (!code && node->sent < node->log.size)
		code = source_send(node->place, &node->log, node->sent, node->log.size);
	if (!code)
		node->sent = node->acknowledged = node->log.size;
	for (int i = 0; i < 3 && !code; i++)
		code = node->place->ops->tend(node->place, &wait_ms, why());
	node->is_fenced |= code == BK_E_UNSAFE;
	cr_assert(code != BK_E_DAMAGE && code != BK_E_MISSING && code != BK_E_FORMAT, "%s",
		why()->msg);
	if (code)
		hang_up(node);
}

/* What one node does next. */
static void live(struct node *node, uint64_t *random, uint8_t fill)
{
	uint64_t what = random_next(random) % 100;

	if (what < 3)
		hang_up(node);
	if (what < 90)
		source_add(&node->log, FRAME_CHANGE,
			what < 80 ? (size_t)random_next(random) % 3000
				  : (size_t)random_next(random) % 700000,
			fill);
	if (what < 2)
		source_add(&node->log, FRAME_CHANGE, 5 << 20, fill);
	node->store->now_ms += what > 95 ? (int64_t)(random_next(random) % 7200000)
					 : (int64_t)(random_next(random) % 2000);
	if (!node->is_fenced)
		move_on(node);
}

/* The store as it is in the end, seen by who meets no fault, has all that any node was told is
 * there: so no two nodes that parted were both told so of what they did not have in common. */
static void check_end(struct node *nodes, size_t count, struct memstore *store, uint64_t seed)
{
	struct place *place;
	struct place_head head;
	uint8_t *bytes;
	size_t got;

	store->fails = store->loses = store->stale = 0;
	place = store_place(store);
	ok(place->ops->head(place, &head, why()));
	bytes = malloc((size_t)head.now.end + 1);
	if (head.now.is_there)
		ok(place->ops->read(
			place, head.now.id, 0, bytes, (size_t)head.now.end, &got, why()));
	for (size_t i = 0; i < count; i++)
		if (nodes[i].acknowledged)
			cr_assert(head.now.is_there && head.now.end >= nodes[i].acknowledged &&
					  memcmp(bytes, nodes[i].log.bytes,
						  (size_t)nodes[i].acknowledged) == 0,
				"seed %llu, node %zu: %llu acknowledged, %llu there",
				(unsigned long long)seed, i,
				(unsigned long long)nodes[i].acknowledged,
				(unsigned long long)head.now.end);
	free(bytes);
	place->ops->close(place);
}

static void run_seed(uint64_t seed)
{
	struct memstore store;
	struct node nodes[2];
	uint64_t random = seed;
	unsigned steps = 20 + (unsigned)(random_next(&random) % 60), parted;

	memstore_init(&store, seed + 1);
	store.fails = (unsigned)(random_next(&random) % 10);
	store.loses = (unsigned)(random_next(&random) % 10);
	store.stale = (unsigned)(random_next(&random) % 50);
	store.stale_ms = 1 + (int64_t)(random_next(&random) % 10000000);
	store.forgets = (unsigned)(random_next(&random) % 30);
	store.refuses_deletes = random_next(&random) % 8 == 0;
	parted = (unsigned)(random_next(&random) % steps);
	nodes[0] = (struct node){.store = &store};
	source_init(&nodes[0].log, 1, 0);
	for (unsigned i = 0; i < steps; i++) {
		if (i == parted) {
			nodes[1] = nodes[0];
			nodes[1].log = source_copy(&nodes[0].log);
			nodes[1].place = NULL;
			nodes[1].clock_off_ms = (int64_t)(random_next(&random) % 100000000);
			if (random_next(&random) % 2 && resume(&nodes[1]))
				hang_up(&nodes[1]);
		}
		live(&nodes[0], &random, 'a');
		if (i >= parted && random_next(&random) % 3 == 0)
			live(&nodes[1], &random, 'b');
	}
	check_end(nodes, 2, &store, seed);
	for (size_t i = 0; i < 2; i++) {
		hang_up(&nodes[i]);
		free(nodes[i].log.bytes);
	}
	memstore_done(&store);
}

Test(objectfaults, what_is_acknowledged_is_there_whatever_fails)
{
	uint64_t seed = test_seed();
	const char *more = getenv("BK_TORTURE");
	unsigned runs = more ? (unsigned)atoi(more) > 1 ? (unsigned)atoi(more) : 1000 : 60;

	for (unsigned i = 0; i < runs; i++)
		run_seed(seed + 1000003 * (uint64_t)i);
}
