/* store.c - what a place keeps under one name. */
#include "store.h"
#include "aside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEXT_SUFFIX ".next"

enum bk_code bk_store_init(struct store *store, const struct bk_io *io, const char *path,
	const struct store_options *options, struct bk_error *err)
{
	char *next = NULL;
	enum bk_code code = BK_OK;

	*store = (struct store){.io = io, .path = strdup(path)};
	if (options)
		store->options = *options;
	if (!store->options.keep_s)
		store->options.keep_s = STORE_KEEP_S;
	if (!store->path || asprintf(&next, "%s" NEXT_SUFFIX, path) < 0) {
		free(store->path);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open %s", path);
	}
	code = bk_hold_init(&store->now, io, path, err);
	if (!code) {
		code = bk_hold_init(&store->next, io, next, err);
		if (code)
			bk_hold_done(&store->now);
	}
	free(next);
	if (code)
		free(store->path);
	return code;
}

void bk_store_done(struct store *store)
{
	bk_hold_done(&store->now);
	bk_hold_done(&store->next);
	free(store->path);
	store->path = NULL;
}

static enum bk_code rename_file(
	const struct bk_io *io, const char *from, const char *to, struct bk_error *err)
{
	int rc = io->ops->rename_new(io->ctx, from, to);

	return rc < 0 ? bk_fail(err, BK_E_IO, -rc, "cannot rename %s to %s", from, to) : BK_OK;
}

/* The coming log takes the name, which nothing has. Its fact, which says that it shall, follows
 * when that is durable, as it can: where it does not, the log is looked through once. */
static enum bk_code take_name(struct store *store, struct bk_error *err)
{
	const struct bk_io *io = store->io;
	enum bk_code code = rename_file(io, store->next.path, store->path, err);

	if (!code)
		code = bk_file_sync_name(io, store->path, err);
	if (!code)
		io->ops->rename(io->ctx, store->next.fact_path, store->now.fact_path);
	bk_hold_forget(&store->now);
	bk_hold_forget(&store->next);
	return code;
}

/* Tells of both logs. A commit that was cut short, after the log before was put aside, is finished
 * first. */
static enum bk_code tell(struct store *store, struct place_head *out, struct bk_error *err)
{
	struct place_head head;
	enum bk_code code = bk_hold_tell(&store->now, &head.now, err);

	if (!code)
		code = bk_hold_tell(&store->next, &head.coming, err);
	if (!code && !head.now.is_there && head.coming.is_there && store->next.is_committed) {
		code = take_name(store, err);
		head.now = head.coming;
		head.coming = (struct place_log){0};
	}
	if (!code)
		*out = head;
	return code;
}

enum bk_code bk_store_head(struct store *store, struct place_head *out, struct bk_error *err)
{
	return tell(store, out, err);
}

static struct aside aside_of(const struct store *store)
{
	return (struct aside){
		.io = store->io, .path = store->path, .keep_s = store->options.keep_s};
}

/* What stands at the name is put aside; nothing may stand there. */
static enum bk_code put_aside(struct store *store, struct bk_error *err)
{
	const struct bk_io *io = store->io;
	struct bk_io_stat st;
	struct aside aside = aside_of(store);
	char *name = NULL;
	enum bk_code code;

	if (io->ops->stat_path(io->ctx, store->path, &st) < 0)
		return BK_OK;
	code = bk_aside_name(&name, &aside, store->now.header.id, STORE_ASIDE_MAX, err);
	if (!code)
		code = rename_file(io, store->path, name, err);
	if (!code)
		io->ops->unlink(io->ctx, store->now.fact_path);
	if (!code)
		code = bk_file_sync_name(io, store->path, err);
	bk_hold_forget(&store->now);
	free(name);
	return code;
}

static void drop_next(struct store *store)
{
	const struct bk_io *io = store->io;

	io->ops->unlink(io->ctx, store->next.path);
	io->ops->unlink(io->ctx, store->next.fact_path);
	bk_hold_forget(&store->next);
}

/* Whatever stands at the name may go, but for a log that a writer holds. */
static enum bk_code begin_anew(struct store *store, const uint8_t *header, struct bk_error *err)
{
	struct place_log ignored;
	enum bk_code code;

	if (store->options.is_append_only)
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s begins no other log by a client's word: have its operator move it "
			"aside",
			store->path);
	code = bk_hold_tell(&store->now, &ignored, err);
	if (code == BK_E_BUSY)
		return code;
	code = put_aside(store, err);
	return code ? code : bk_hold_begin(&store->now, header, err);
}

/* Whether LOG is a successor of what stands there, or of one that was to be. */
static bool follows(const struct log_header *log, const struct place_head *head)
{
	return memcmp(log->predecessor, head->now.id, LOG_ID_SIZE) == 0 ||
	       (head->coming.is_there &&
		       memcmp(log->predecessor, head->coming.id, LOG_ID_SIZE) == 0);
}

/* A log that follows the one that is there. */
static enum bk_code begin_next(struct store *store, const struct log_header *log,
	const uint8_t *header, const struct place_head *head, struct bk_error *err)
{
	struct aside aside = aside_of(store);
	enum bk_code code;

	if (head->coming.is_there && memcmp(head->coming.id, log->id, LOG_ID_SIZE) == 0)
		return BK_OK;
	if (!follows(log, head))
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s holds another log: name a place of its own for this one, or run "
			"backup-cli mirror reset",
			store->path);
	/* A log that could not take the name in the end is not begun. */
	code = bk_aside_room(&aside, STORE_ASIDE_MAX, err);
	if (code)
		return code;
	/* It was never whole, and never the place's. */
	if (head->coming.is_there)
		drop_next(store);
	return bk_hold_begin(&store->next, header, err);
}

enum bk_code bk_store_begin(
	struct store *store, const uint8_t *header, enum place_begin how, struct bk_error *err)
{
	struct place_head head;
	struct log_header log;
	enum bk_code code = bk_header_decode(&log, header, LOG_HEADER_SIZE, "what comes", err);

	if (code)
		return code;
	if (how == PLACE_ANEW)
		return begin_anew(store, header, err);
	code = tell(store, &head, err);
	if (code)
		return code;
	if (!head.now.is_there)
		return bk_hold_begin(&store->now, header, err);
	if (memcmp(head.now.id, log.id, LOG_ID_SIZE) == 0)
		return BK_OK;
	return begin_next(store, &log, header, &head, err);
}

enum bk_code bk_store_append(struct store *store, const uint8_t *id, uint64_t offset,
	const void *data, size_t size, bool sync, struct bk_error *err)
{
	uint64_t max = store->options.bytes_max;
	enum bk_code code = bk_hold_append(&store->now, id, offset, data, size, sync, max, err);

	if (code == BK_E_MISSING)
		code = bk_hold_append(&store->next, id, offset, data, size, sync, max, err);
	return code;
}

enum bk_code bk_store_commit(struct store *store, const uint8_t *id, struct bk_error *err)
{
	struct place_head head;
	enum bk_code code = tell(store, &head, err);

	if (code)
		return code;
	if (head.now.is_there && memcmp(head.now.id, id, LOG_ID_SIZE) == 0)
		return BK_OK;
	if (!head.coming.is_there || memcmp(head.coming.id, id, LOG_ID_SIZE) != 0)
		return bk_fail(err, BK_E_MISSING, 0, "%s holds no such log", store->next.path);
	if (head.coming.end <= LOG_HEADER_SIZE)
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s is empty, and does not take the place of what stands there",
			store->next.path);
	code = bk_hold_commit(&store->next, err);
	if (!code)
		code = put_aside(store, err);
	return code ? code : take_name(store, err);
}

enum bk_code bk_store_read(struct store *store, const uint8_t *id, uint64_t offset, void *data,
	size_t size, size_t *got, struct bk_error *err)
{
	return bk_hold_read(&store->now, id, offset, data, size, got, err);
}

enum bk_code bk_store_list(struct store *store, struct bk_buf *names, struct bk_error *err)
{
	struct aside aside = aside_of(store);

	return bk_aside_list(&aside, names, err);
}
