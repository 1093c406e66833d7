/* rig.c - see rig.h. */
#include "rig.h"
#include "compacted.h"
#include <time.h>

static void take_news(void *ctx, enum bk_mirrors_news news, const char *text)
{
	struct told *told = ctx;

	pthread_mutex_lock(&told->mutex);
	told->count[news]++;
	snprintf(told->text[news], sizeof told->text[news], "%s", text);
	pthread_mutex_unlock(&told->mutex);
}

void rig_begin(struct rig *rig, unsigned count, unsigned quorum)
{
	*rig = (struct rig){.told = {.mutex = PTHREAD_MUTEX_INITIALIZER}};
	for (unsigned i = 0; i < count; i++) {
		char name[16];

		snprintf(name, sizeof name, "m%u", i);
		snprintf(rig->urls[i], sizeof rig->urls[i], "%s", scratch(name));
		rig->list[i] = rig->urls[i];
	}
	node_begin(&rig->node, 0);
	rig->options = (struct bk_mirrors_options){.urls = rig->list,
		.count = count,
		.quorum = quorum,
		.outage_ms = 20000,
		.notify = take_news,
		.ctx = &rig->told};
}

void rig_close(struct rig *rig)
{
	bk_writer_close(rig->node.writer);
	rig->node.writer = NULL;
	bk_mirrors_free(rig->mirrors);
	rig->mirrors = NULL;
}

enum bk_code rig_open(struct rig *rig)
{
	enum bk_code code;

	if (rig->node.writer)
		rig_close(rig);
	ok(bk_mirrors_open(&rig->mirrors, &rig->node.io.io, &rig->options, why()));
	rig->node.options.mirrors = rig->mirrors;
	code = bk_writer_open(
		&rig->node.writer, &rig->node.io.io, rig->node.path, &rig->node.options, why());
	if (code)
		rig->node.writer = NULL;
	return code;
}

void rig_end(struct rig *rig)
{
	if (!rig->node.writer) {
		bk_mirrors_free(rig->mirrors);
		rig->mirrors = NULL;
		rig->node.options.mirrors = NULL;
		ok(bk_writer_open(&rig->node.writer, &rig->node.io.io, rig->node.path,
			&rig->node.options, why()));
	}
	node_end(&rig->node);
	bk_mirrors_free(rig->mirrors);
}

struct bk_mirror_status rig_status(struct rig *rig, unsigned number)
{
	struct bk_mirror_status status;

	cr_assert(bk_mirrors_status(rig->mirrors, number, &status));
	return status;
}

void rig_wait(struct rig *rig, unsigned number, enum bk_mirror_state state)
{
	const struct timespec step = {.tv_nsec = 1000000};
	struct bk_mirror_status status = rig_status(rig, number);

	for (unsigned i = 0; i < 20000; i++) {
		if (status.state == state && (state != BK_MIRROR_LEVEL || !status.behind))
			return;
		nanosleep(&step, NULL);
		status = rig_status(rig, number);
	}
	cr_assert(false, "mirror %u is in state %d, %llu bytes behind: %s", number, status.state,
		(unsigned long long)status.behind, status.why);
}

void rig_check_same(const struct rig *rig, unsigned number)
{
	size_t size, other;
	uint8_t *log = file_bytes(rig->node.path, &size);
	uint8_t *mirror = file_bytes(rig->urls[number], &other);

	cr_assert(size == other, "%zu bytes, and %zu in the mirror", size, other);
	cr_assert(memcmp(log, mirror, size) == 0);
	free(log);
	free(mirror);
}

enum bk_code rig_append(struct rig *rig, const char *sql)
{
	struct bk_slice slice = {sql, strlen(sql)};
	struct bk_change change = {.version = bk_writer_version(rig->node.writer) + 1,
		.statements = &slice,
		.statement_count = 1};

	return bk_writer_append(rig->node.writer, &change, why());
}

unsigned rig_told(struct rig *rig, enum bk_mirrors_news news)
{
	unsigned count;

	pthread_mutex_lock(&rig->told.mutex);
	count = rig->told.count[news];
	pthread_mutex_unlock(&rig->told.mutex);
	return count;
}

void rig_wait_for_both(struct rig *rig)
{
	rig_wait(rig, 0, BK_MIRROR_LEVEL);
	rig_wait(rig, 1, BK_MIRROR_LEVEL);
}

void rig_begin_late(struct rig *rig)
{
	rig_begin(rig, 2, 0);
	node_busy(&rig->node, 300);
	ok(rig_open(rig));
	rig_wait_for_both(rig);
}

void rig_begin_two(struct rig *rig, unsigned quorum, unsigned seen)
{
	rig_begin(rig, 1, quorum);
	ok(rig_open(rig));
	node_busy(&rig->node, 5);
	rig_wait(rig, 0, BK_MIRROR_LEVEL);
	rig_close(rig);
	copy_file(rig->node.path, scratch("other"));
	ok(rig_open(rig));
	node_busy(&rig->node, seen);
	rig_wait(rig, 0, BK_MIRROR_LEVEL);
	rig_close(rig);
}

struct bk_successor *rig_successor(struct rig *rig, unsigned id)
{
	struct bk_compact_result result;
	struct bk_successor *successor;
	uint64_t left;

	node_compact(&rig->node, NULL, id, &result);
	ok(bk_successor_open(&successor, bk_writer_log(rig->node.writer), why()));
	ok(bk_successor_catch_up(successor, &left, why()));
	return successor;
}

enum bk_code rig_compact(struct rig *rig, unsigned id)
{
	struct node *node = &rig->node;
	struct bk_successor *successor = rig_successor(rig, id);
	struct bk_writer *to;
	enum bk_code code = bk_successor_send(successor, rig->mirrors, NULL, NULL, why());

	if (!code)
		code = bk_successor_take(successor, node->writer, &to, why());
	bk_successor_close(successor);
	if (code)
		return code;
	bk_writer_leave(node->writer);
	node->writer = to;
	return BK_OK;
}
