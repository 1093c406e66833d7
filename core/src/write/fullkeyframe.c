/* fullkeyframe.c - a full keyframe out of what SQLite's backup API gives. */
#include "fullkeyframe.h"
#include "replay.h"
#include <stdlib.h>
#include <string.h>

/* What SQLite's backup writes into: each page goes straight into the keyframe. SQLite keeps page 1
 * to itself until the end, and may write it twice. */
struct sink {
	struct pagestore store;
	struct build *build;
	bool has_first;
	uint8_t first[PAGE_SIZE_MAX];
};

static enum bk_code sink_read(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	struct sink *sink = (struct sink *)store;

	if (page != 1 || !sink->has_first)
		return bk_fail(err, BK_E_SQL, 0, "SQLite's backup reads page %u back", page);
	memcpy(dst, sink->first, store->page_size);
	return BK_OK;
}

static enum bk_code sink_write(
	struct pagestore *store, uint32_t page, const void *src, struct bk_error *err)
{
	struct sink *sink = (struct sink *)store;

	if (page > store->page_count)
		store->page_count = page;
	if (page == 1) {
		memcpy(sink->first, src, store->page_size);
		sink->has_first = true;
		return BK_OK;
	}
	if (page == bk_lock_page(store->page_size))
		return BK_OK;
	sink->build->page_size = store->page_size;
	return bk_build_page(sink->build, page, src, NULL, err);
}

static enum bk_code sink_truncate(
	struct pagestore *store, uint32_t page_count, struct bk_error *err)
{
	if (page_count < store->page_count)
		return bk_fail(err, BK_E_SQL, 0, "SQLite's backup cuts what it wrote");
	return BK_OK;
}

/* Stores page 1, in rollback mode (docs/format.md, 5). */
static enum bk_code sink_finish(struct sink *sink, struct bk_error *err)
{
	if (!sink->has_first)
		return BK_OK;
	sink->build->page_size = sink->store.page_size;
	sink->first[18] = sink->first[19] = 1;
	return bk_build_page(sink->build, 1, sink->first, NULL, err);
}

enum bk_code bk_full_keyframe(struct build *build, const struct livedb *db, uint32_t version,
	const struct live_copy *copy, struct bk_error *err)
{
	struct bk_log *log = build->writer->log;
	struct sink *sink = calloc(1, sizeof *sink);
	char node[BK_NODE_TEXT] = "";
	struct build_result result = {.version = version, .node = node};
	enum bk_code code = BK_OK;
	int rc = SQLITE_OK;

	if (!sink)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to copy a database");
	sink->store = (struct pagestore){
		.read = sink_read, .write = sink_write, .truncate = sink_truncate};
	sink->build = build;
	build->version = version;
	if (db && bk_live_has_pages(db))
		code = bk_live_copy_to(db, &sink->store, log->lf.file.io, copy, err);
	if (!code)
		code = sink_finish(sink, err);
	if (!code && db)
		rc = bk_read_node_id(db->sandbox.db, node, sizeof node);
	if (rc != SQLITE_OK)
		code = bk_live_fail(db, rc, copy->path, "read", err);
	if (!code) {
		/* Only this thread appends changes, so the tail is what it was. */
		result.time_us = log->lf.file.io->ops->now_us(log->lf.file.io->ctx);
		result.page_size = sink->store.page_size;
		result.page_count = sink->store.page_count;
		result.history = log->state.history;
		result.session = log->state.session;
		result.entries = log->state.tail;
		result.entry_count = log->state.tail_count;
		code = bk_build_finish(build, &result, err);
	}
	free(sink);
	return code;
}
