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

/* Two nodes, of which one may do something while the other is within a put. */
struct pair {
	struct node nodes[2];
	uint64_t random;
	unsigned now; /* whose turn it is */
	bool have_parted;
};

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

/* A memstore's between. */
static void live_beside(void *ctx)
{
	struct pair *pair = ctx;

	if (pair->have_parted && random_next(&pair->random) % 8 == 0)
		live(&pair->nodes[1 - pair->now], &pair->random, pair->now ? 'a' : 'b');
}

/* The store as it is in the end, seen by who meets no fault, has all that any node was told is
 * there: so no two nodes that parted were both told so of what they did not have in common. */
static void check_end(struct node *nodes, size_t count, struct memstore *store, uint64_t seed)
{
	struct place *place;
	struct place_head head;
	uint8_t *bytes;
	size_t got;

	store->fails = store->loses = store->stale = store->lates = 0;
	store->between = NULL;
	memstore_land(store);
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

static void take_faults(struct memstore *store, uint64_t *random)
{
	store->fails = (unsigned)(random_next(random) % 10);
	store->loses = (unsigned)(random_next(random) % 10);
	store->stale = (unsigned)(random_next(random) % 50);
	store->stale_ms = 1 + (int64_t)(random_next(random) % 10000000);
	store->forgets = (unsigned)(random_next(random) % 30);
	store->refuses_deletes = random_next(random) % 8 == 0;
	store->lates = store->is_racy ? (unsigned)(random_next(random) % 10) : 0;
}

/* The second node begins with what the first one has. */
static void part(struct pair *pair)
{
	struct node *nodes = pair->nodes;

	nodes[1] = nodes[0];
	nodes[1].log = source_copy(&nodes[0].log);
	nodes[1].place = NULL;
	nodes[1].clock_off_ms = (int64_t)(random_next(&pair->random) % 100000000);
	pair->have_parted = true;
	pair->now = 1;
	if (random_next(&pair->random) % 2 && resume(&nodes[1]))
		hang_up(&nodes[1]);
}

static void run_seed(uint64_t seed, bool is_racy)
{
	struct memstore store;
	struct pair pair = {.random = seed};
	unsigned steps = 20 + (unsigned)(random_next(&pair.random) % 60), parted;

	memstore_init(&store, seed + 1);
	store.is_racy = is_racy;
	store.between = is_racy ? live_beside : NULL;
	store.between_ctx = &pair;
	take_faults(&store, &pair.random);
	parted = (unsigned)(random_next(&pair.random) % steps);
	pair.nodes[0] = (struct node){.store = &store};
	source_init(&pair.nodes[0].log, 1, 0);
	for (unsigned i = 0; i < steps; i++) {
		if (i == parted)
			part(&pair);
		pair.now = 0;
		live(&pair.nodes[0], &pair.random, 'a');
		pair.now = 1;
		if (i >= parted && random_next(&pair.random) % 3 == 0)
			live(&pair.nodes[1], &pair.random, 'b');
	}
	check_end(pair.nodes, 2, &store, seed);
	for (size_t i = 0; i < 2; i++) {
		hang_up(&pair.nodes[i]);
		free(pair.nodes[i].log.bytes);
	}
	memstore_done(&store);
}

static void run_seeds(bool is_racy)
{
	uint64_t seed = test_seed();
	const char *more = getenv("BK_TORTURE");
	unsigned runs = more ? (unsigned)atoi(more) > 1 ? (unsigned)atoi(more) : 1000 : 60;

	for (unsigned i = 0; i < runs; i++)
		run_seed(seed + 1000003 * (uint64_t)i, is_racy);
}

Test(objectfaults, what_is_acknowledged_is_there_whatever_fails)
{
	run_seeds(false);
}

/* Of two puts at one moment both are told yes, as WebDAV on files may have it, and some come late.
 */
Test(objectfaults, what_is_acknowledged_is_there_though_both_of_two_puts_succeed)
{
	run_seeds(true);
}

/* Who would take the place with a log of its own, while another does. */
struct claimant {
	struct source log;
	struct place *place;
	bool was_told;
};

struct contest {
	struct memstore store;
	struct claimant both[2];
	uint64_t random;
	unsigned now;
	bool is_next; /* the logs are successors of one that is there */
};

static enum bk_code take_place(struct claimant *claimant, bool is_next)
{
	const struct place_ops *ops = claimant->place->ops;
	const struct source *log = &claimant->log;
	struct place_head head;
	uint64_t from = LOG_HEADER_SIZE;
	enum bk_code code = ops->begin(claimant->place, log->bytes, PLACE_SUCCEEDS, why());

	if (!code)
		code = ops->head(claimant->place, &head, why());
	if (code)
		return code;
	for (int i = 0; i < 2; i++) {
		const struct place_log *there = i ? &head.coming : &head.now;

		if (there->is_there && memcmp(there->id, log->header.id, LOG_ID_SIZE) == 0)
			from = there->end;
	}
	code = source_send(claimant->place, log, from, log->size);
	return code || !is_next ? code : ops->commit(claimant->place, log->header.id, why());
}

/* One of the two tries; whatever fails is tried again by another session. */
static void contend(struct contest *contest)
{
	struct claimant *claimant = &contest->both[contest->now];

	if (claimant->was_told)
		return;
	if (!claimant->place)
		claimant->place = store_place(&contest->store);
	claimant->was_told = !take_place(claimant, contest->is_next);
	if (!claimant->was_told) {
		claimant->place->ops->close(claimant->place);
		claimant->place = NULL;
	}
}

static void contend_beside(void *ctx)
{
	struct contest *contest = ctx;

	if (random_next(&contest->random) % 3)
		return;
	contest->now ^= 1;
	contend(contest);
	contest->now ^= 1;
}

static void settle_contest(struct contest *contest)
{
	struct memstore *store = &contest->store;

	store->fails = store->loses = store->lates = store->stale = 0;
	store->between = NULL;
	memstore_land(store);
	cr_assert(!contest->both[0].was_told || !contest->both[1].was_told);
	for (size_t i = 0; i < 2; i++) {
		if (contest->both[i].was_told)
			store_check(store, &contest->both[i].log, contest->both[i].log.size);
		if (contest->both[i].place)
			contest->both[i].place->ops->close(contest->both[i].place);
		free(contest->both[i].log.bytes);
	}
}

/* Of two logs that begin in an empty place, or would follow the one that is there, at one moment,
 * one is the place's, and never both are told that they are. */
Test(objectfaults, one_log_takes_the_place_though_both_of_two_puts_succeed)
{
	unsigned told = 0;

	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct contest contest = {.random = seed, .is_next = seed % 2};
		struct source first;

		memstore_init(&contest.store, seed);
		contest.store.is_racy = true;
		source_init(&first, 9, 0);
		source_add(&first, FRAME_PAGES, 100, 1);
		if (contest.is_next) {
			struct place *place = store_begin(&contest.store, &first);

			place->ops->close(place);
		}
		free(first.bytes);
		for (uint8_t i = 0; i < 2; i++) {
			source_init(&contest.both[i].log, i + 1, contest.is_next ? 9 : 0);
			source_add(&contest.both[i].log, FRAME_PAGES, 100, i);
		}
		contest.store.between = contend_beside;
		contest.store.between_ctx = &contest;
		contest.store.fails = contest.store.loses = (unsigned)(seed % 3);
		contest.store.lates = (unsigned)(seed % 5);
		for (int i = 0; i < 20; i++) {
			contest.now = random_next(&contest.random) % 2;
			contend(&contest);
		}
		told += contest.both[0].was_told || contest.both[1].was_told;
		settle_contest(&contest);
		memstore_done(&contest.store);
	}
	cr_assert(told > 300, "%u", told);
}
