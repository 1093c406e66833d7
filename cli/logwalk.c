/* logwalk.c - the versions that a log holds, newest or oldest first. */
#include "logwalk.h"
#include "common.h"
#include "interrupt.h"
#include "logrows.h"
#include <bk/changes.h>
#include <bk/listing.h>
#include <bk/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_FIRST 128
#define WINDOW_MORE  4096
#define ROWS_BLOCK   32 /* items whose rows are counted at once, at most */

/* Some versions in a row, oldest first. */
struct window {
	struct logitem *items;
	size_t count, capacity;
	bool is_end; /* the log's newest is among them */
};

static void window_done(struct window *window)
{
	for (size_t i = 0; i < window->count; i++) {
		free(window->items[i].tables);
		free(window->items[i].rows);
	}
	free(window->items);
	*window = (struct window){.items = NULL};
}

static enum bk_code window_add(
	struct window *window, const struct bk_entry *entry, struct bk_error *err)
{
	size_t capacity = window->capacity ? 2 * window->capacity : 64;
	struct logitem *grown;

	if (window->count == window->capacity) {
		grown = realloc(window->items, capacity * sizeof *grown);
		if (!grown)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
		window->items = grown;
		window->capacity = capacity;
	}
	window->items[window->count++] = (struct logitem){.entry = *entry};
	return BK_OK;
}

/* Damage is said, and passed over. Windows overlap: not twice. */
static void tell_damage(struct logwalk *walk, const struct bk_error *err)
{
	struct shown shown;

	walk->is_damaged = true;
	if (strcmp(walk->said, err->msg) == 0)
		return;
	snprintf(walk->said, sizeof walk->said, "%s", err->msg);
	flush_out();
	fprintf(stderr, "backup-cli: versions are missing here: %s\n", shown_of(&shown, err->msg));
}

/* Reads the entries from FROM on; with BOUNDED up to TO, and not that. */
static enum bk_code read_entries(struct logwalk *walk, uint32_t from, bool bounded, uint32_t to,
	struct window *window, struct bk_error *err)
{
	enum bk_listing_what what = walk->all ? BK_LISTING_ALL : BK_LISTING_VERSIONS;
	struct bk_listing *listing;
	struct bk_entry entry;
	bool more = true;
	enum bk_code code = bk_listing_open(&listing, walk->log, from, what, err);

	if (code)
		return code;
	while (!code && more && interrupt_is_heard()) {
		code = bk_listing_next(listing, &entry, &more, err);
		if (code == BK_E_DAMAGE) {
			tell_damage(walk, err);
			code = BK_OK;
			continue;
		}
		if (code || !more)
			break;
		if (bounded && !bk_version_after(to, entry.version))
			break;
		code = window_add(window, &entry, err);
	}
	window->is_end = !more;
	bk_listing_close(listing);
	return code;
}

/* What a change's pieces go to. */
struct reading {
	struct bk_tally tally;
	const char *text;
	size_t text_size;
	char seam[512]; /* where a text may stand over two pieces */
	size_t seam_size;
	bool is_hit;
};

#define TEXT_MAX (sizeof((struct reading *)NULL)->seam / 2)

static void search(struct reading *reading, const char *bytes, size_t size)
{
	size_t part = size < reading->text_size - 1 ? size : reading->text_size - 1;

	memcpy(reading->seam + reading->seam_size, bytes, part);
	reading->is_hit |= memmem(reading->seam, reading->seam_size + part, reading->text,
				   reading->text_size) != NULL ||
			   memmem(bytes, size, reading->text, reading->text_size) != NULL;
	memcpy(reading->seam, bytes + size - part, part);
	reading->seam_size = part;
}

/* A bk_sql_fn. */
static enum bk_code on_piece(void *ctx, const void *bytes, size_t size, struct bk_error *err)
{
	struct reading *reading = ctx;

	(void)err;
	bk_tally_feed(&reading->tally, bytes, size);
	if (reading->text && !reading->is_hit && size)
		search(reading, bytes, size);
	return BK_OK;
}

/* Adds what READING counted to ITEM: a version may have several changes. */
static enum bk_code add_tally(
	struct logitem *item, const struct reading *reading, struct bk_error *err)
{
	const struct bk_tally *tally = &reading->tally;
	struct bk_tally_table *tables;

	item->is_hit |= reading->is_hit;
	item->is_tallied = true;
	item->schema += tally->schema;
	item->others += tally->others;
	if (!tally->count)
		return BK_OK;
	tables = realloc(item->tables, (item->table_count + tally->count) * sizeof *tables);
	if (!tables)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
	memcpy(tables + item->table_count, tally->tables, tally->count * sizeof *tables);
	item->tables = tables;
	item->table_count += tally->count;
	return BK_OK;
}

/* The item that ENTRY, a change, is of; from AT on. NULL: none. */
static struct logitem *item_of(
	const struct logwalk *walk, struct window *window, size_t *at, const struct bk_entry *entry)
{
	while (*at < window->count &&
		bk_version_after(entry->version, window->items[*at].entry.version))
		++*at;
	for (size_t i = *at; i < window->count; i++) {
		struct logitem *item = &window->items[i];

		if (item->entry.version != entry->version)
			return NULL;
		if (walk->all ? item->entry.offset == entry->offset : bk_entry_stands(entry))
			return item;
	}
	return NULL;
}

static enum bk_code tally_change(struct window *window, const struct logwalk *walk, size_t *at,
	const struct bk_entry *entry, struct reading *reading, struct bk_error *err)
{
	struct logitem *item = item_of(walk, window, at, entry);
	enum bk_code code = item ? add_tally(item, reading, err) : BK_OK;

	bk_tally_clear(&reading->tally);
	reading->seam_size = 0;
	reading->is_hit = false;
	return code;
}

/* Damage was met among the changes of WINDOW: it is in those that were not read. */
static void mark_unreadable(struct logwalk *walk, struct window *window)
{
	for (size_t i = 0; i < window->count; i++) {
		struct logitem *item = &window->items[i];

		item->is_unreadable = item->entry.statements && !item->is_tallied;
		walk->is_damaged |= item->is_unreadable;
	}
}

/* What the changes of WINDOW name; *IS_DAMAGED: some could not be read. */
static enum bk_code tally_all(
	const struct logwalk *walk, struct window *window, bool *is_damaged, struct bk_error *err)
{
	struct reading reading = {.text = walk->text};
	struct bk_changes *changes;
	struct bk_entry entry;
	size_t at = 0;
	bool more = true;
	enum bk_code code;

	bk_tally_init(&reading.tally);
	reading.text_size = walk->text ? strlen(walk->text) : 0;
	code = bk_changes_open(&changes, walk->log, window->items[0].entry.version, err);
	*is_damaged = code == BK_E_DAMAGE;
	if (code)
		return *is_damaged ? BK_OK : code;
	while (!code && more && at < window->count) {
		code = bk_changes_next(changes, &entry, on_piece, &reading, &more, err);
		if (code == BK_E_DAMAGE || code == BK_E_LIMIT) {
			*is_damaged |= code == BK_E_DAMAGE;
			bk_tally_clear(&reading.tally);
			code = BK_OK;
		} else if (!code && more) {
			code = tally_change(window, walk, &at, &entry, &reading, err);
		}
	}
	bk_changes_close(changes);
	return code;
}

static enum bk_code tally(struct logwalk *walk, struct window *window, struct bk_error *err)
{
	bool is_damaged = false;
	enum bk_code code = window->count ? tally_all(walk, window, &is_damaged, err) : BK_OK;

	if (is_damaged)
		mark_unreadable(walk, window);
	return code;
}

/* Each item knows the version before it, the first BEFORE, if that is known. */
static void link_items(struct window *window, bool has_before, uint32_t before)
{
	for (size_t i = 0; i < window->count; i++) {
		struct logitem *item = &window->items[i];

		item->has_before = has_before;
		item->before = before;
		if (bk_entry_stands(&item->entry) && i + 1 < window->count &&
			window->items[i + 1].entry.version != item->entry.version) {
			has_before = true;
			before = item->entry.version;
		}
	}
}

static enum bk_code count_rows(
	struct logwalk *walk, struct window *window, size_t from, size_t to, struct bk_error *err)
{
	return walk->rows
		       ? logrows_count(walk->rows, walk->log, window->items + from, to - from, err)
		       : BK_OK;
}

/* Gives the items from FROM to TO, in blocks that grow: in each of them rows are counted oldest
 * first, and few are wanted where there is a limit. */
static enum bk_code give(struct logwalk *walk, struct window *window, size_t from, size_t to,
	bool backwards, logitem_fn *take, void *ctx, bool *more, struct bk_error *err)
{
	size_t block = 1;
	enum bk_code code = BK_OK;

	for (size_t done = 0; done < to - from && !code && *more;) {
		size_t count = to - from - done < block ? to - from - done : block;
		size_t first = backwards ? to - done - count : from + done;

		code = count_rows(walk, window, first, first + count, err);
		for (size_t i = 0; i < count && !code && *more; i++)
			code = take(ctx, &window->items[first + (backwards ? count - 1 - i : i)],
				more, err);
		done += count;
		block = block < ROWS_BLOCK ? 2 * block : ROWS_BLOCK;
	}
	return code;
}

/* The log's first version, or the first that is wanted. */
static enum bk_code find_first(
	struct logwalk *walk, uint32_t head, uint32_t *first, bool *any, struct bk_error *err)
{
	struct bk_listing *listing;
	struct bk_entry entry;
	uint32_t from = walk->has_from ? walk->from : head - (uint32_t)INT32_MAX;
	enum bk_code code = bk_listing_open(
		&listing, walk->log, from, walk->all ? BK_LISTING_ALL : BK_LISTING_VERSIONS, err);

	if (code)
		return code;
	while ((code = bk_listing_next(listing, &entry, any, err)) == BK_E_DAMAGE)
		tell_damage(walk, err);
	*first = entry.version;
	bk_listing_close(listing);
	return code;
}

/* How many of the oldest items are left to the next window, which finds what came before them. */
static size_t left_over(const struct window *window, uint32_t first)
{
	size_t count = 0;

	if (!window->count || window->items[0].entry.version == first)
		return 0;
	while (count < window->count &&
		window->items[count].entry.version == window->items[0].entry.version)
		count++;
	return count;
}

static enum bk_code walk_back(struct logwalk *walk, uint32_t head, uint32_t first, logitem_fn *take,
	void *ctx, struct bk_error *err)
{
	uint32_t to = head + 1, step = WINDOW_FIRST;
	bool more = true;
	enum bk_code code = BK_OK;

	while (!code && more && bk_version_after(to, first) && interrupt_is_heard()) {
		uint32_t from = bk_version_distance(to, first) > (int32_t)step ? to - step : first;
		struct window window = {.items = NULL};
		size_t left;

		code = read_entries(walk, from, true, to, &window, err);
		link_items(&window, false, 0);
		left = from == first ? 0 : left_over(&window, first);
		if (!code && left == window.count && from != first) {
			step *= 2; /* there is a gap, or one version alone */
		} else if (!code) {
			code = tally(walk, &window, err);
			if (!code)
				code = give(walk, &window, left, window.count, true, take, ctx,
					&more, err);
			to = left ? window.items[0].entry.version + 1 : first;
			step = WINDOW_MORE;
		}
		window_done(&window);
	}
	return code;
}

static enum bk_code walk_on(struct logwalk *walk, uint32_t from, bool has_before, uint32_t before,
	logitem_fn *take, void *ctx, struct bk_error *err)
{
	bool more = true, is_end = false;
	enum bk_code code = BK_OK;

	while (!code && more && !is_end && interrupt_is_heard()) {
		struct window window = {.items = NULL};

		code = read_entries(walk, from, true, from + WINDOW_MORE, &window, err);
		link_items(&window, has_before, before);
		if (!code)
			code = tally(walk, &window, err);
		if (!code)
			code = give(walk, &window, 0, window.count, false, take, ctx, &more, err);
		if (window.count) {
			has_before = true;
			before = window.items[window.count - 1].entry.version;
		}
		is_end = window.is_end;
		from += WINDOW_MORE;
		window_done(&window);
	}
	return code;
}

enum bk_code logwalk(struct logwalk *walk, logitem_fn *take, void *ctx, struct bk_error *err)
{
	struct bk_log_status status;
	uint32_t first = 0;
	bool any = false;
	enum bk_code code = bk_log_status(walk->log, &status, err);

	if (!code && walk->text && strlen(walk->text) > TEXT_MAX)
		return bk_fail(err, BK_E_INVALID, 0,
			"a text of at most %zu bytes can be searched for", TEXT_MAX);
	if (!code)
		code = find_first(walk, status.version, &first, &any, err);
	if (code || !any)
		return code;
	/* Damage may hide the head's own entry: it is walked from there all the same. */
	return walk->oldest_first ? walk_on(walk, first, false, 0, take, ctx, err)
				  : walk_back(walk, status.version, first, take, ctx, err);
}

enum bk_code logwalk_after(
	struct logwalk *walk, uint32_t version, logitem_fn *take, void *ctx, struct bk_error *err)
{
	return walk_on(walk, version + 1, true, version, take, ctx, err);
}
