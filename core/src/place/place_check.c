/* place_check.c - a store asked for what a place in it needs (docs/objects.md, 8). */
#include "objecturl.h"
#include "pieces.h"
#include "place_race.h"
#include "webstore.h"
#include <bk/place.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 64
#define BYTES     1000

struct check {
	const struct bk_io *io;
	const char *url;
	struct objects *objects;
	bk_place_check_fn *tell;
	void *ctx;
	char name[NAME_SIZE]; /* of the object that is tried with */
	uint8_t bytes[BYTES];
	size_t listed;          /* objects that were there before */
	bool is_seen, is_sized; /* in a listing, and with its size */
	bool is_kept;           /* nothing may be removed */
};

static void tell(struct check *check, bool good, const char *fmt, ...) BK_PRINTF(3, 4);

static void tell(struct check *check, bool good, const char *fmt, ...)
{
	char text[BK_ERROR_MESSAGE_MAX + 200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	check->tell(check->ctx, good, text);
}

static enum bk_code draw(struct check *check, struct bk_error *err)
{
	const struct bk_io *io = check->io;
	int rc = io->ops->random(io->ctx, check->bytes, sizeof check->bytes);
	char *at = check->name + sprintf(check->name, "check-");

	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "no random bytes");
	for (size_t i = 0; i < 8; i++)
		at += sprintf(at, "%02x", check->bytes[i]);
	return BK_OK;
}

static enum bk_code take_entry(void *ctx, const struct object_entry *entry, struct bk_error *err)
{
	struct check *check = ctx;

	(void)err;
	check->listed++;
	if (strcmp(entry->name, check->name) == 0) {
		check->is_seen = true;
		check->is_sized = entry->size != OBJECT_UNTOLD;
	}
	return BK_OK;
}

static enum bk_code list(struct check *check, struct bk_error *err)
{
	check->listed = 0;
	return check->objects->ops->list(check->objects, "", "", take_entry, check, err);
}

static enum bk_code try_listing(struct check *check, struct bk_error *err)
{
	enum bk_code code = check->objects->ops->make_folder(check->objects, "", err);

	if (!code)
		code = list(check, err);
	if (!code)
		tell(check, true, "lists: %zu names there", check->listed);
	return code;
}

static enum bk_code try_put(struct check *check, struct bk_error *err)
{
	struct objects *objects = check->objects;
	bool was_there, again;
	int64_t before_ms = objects->ops->now_ms(objects), took_ms;
	enum bk_code code =
		objects->ops->put(objects, check->name, check->bytes, BYTES, &was_there, err);

	took_ms = objects->ops->now_ms(objects) - before_ms;
	if (code)
		return code;
	tell(check, true, "puts an object, in %" PRId64 " ms", took_ms);
	code = objects->ops->put(objects, check->name, "x", 1, &again, err);
	if (code)
		return code;
	tell(check, again,
		again ? "keeps a second one of its name out (If-None-Match)"
		      : "writes over what is there, whatever it is asked (If-None-Match): nothing "
			"would keep a second node out, and no log is put there");
	return BK_OK;
}

/* What is told of two puts at one moment. Where folders keep a second node out, they need not. */
static void tell_puts(struct check *check, const struct place_race *race)
{
	if (!race->both_put)
		tell(check, true, "of two puts at one moment takes one, %u times of %u",
			race->rounds, race->rounds);
	else if (race->has_folders)
		tell(check, true,
			"of two puts at one moment takes both, %u times of %u, which is allowed "
			"for",
			race->both_put, race->rounds);
	else
		tell(check, false,
			"of two puts at one moment takes both, %u times of %u: nothing would keep "
			"a "
			"second node out",
			race->both_put, race->rounds);
}

static enum bk_code try_at_once(struct check *check, struct bk_error *err)
{
	struct place_race race;
	enum bk_code code = bk_place_race(&race, check->io, check->url, check->name, err);

	if (code)
		return code;
	tell_puts(check, &race);
	if (race.has_folders && race.both_claimed)
		tell(check, false,
			"makes one folder for both of two at one moment, %u times of %u: nothing "
			"would "
			"keep a second node out",
			race.both_claimed, race.rounds);
	else if (race.has_folders)
		tell(check, true,
			"makes a folder for one of two at one moment, %u times of %u: that keeps a "
			"second node out",
			race.rounds, race.rounds);
	return BK_OK;
}

/* Whether SIZE bytes from FROM on come as they were put. */
static enum bk_code try_get(
	struct check *check, uint64_t from, size_t size, const char *what, struct bk_error *err)
{
	struct objects *objects = check->objects;
	size_t there = size ? size : BYTES;
	struct bk_buf out;
	bool is_there, good;
	enum bk_code code;

	bk_buf_init(&out, 2 * BYTES);
	code = objects->ops->get(objects, check->name, from, size, &out, &is_there, err);
	good = is_there && out.size == there && memcmp(out.data, check->bytes + from, there) == 0;
	bk_buf_done(&out);
	if (!code)
		tell(check, good, good ? "gives %s" : "does not give %s as it was put", what);
	return code;
}

static enum bk_code try_late(struct check *check, struct bk_error *err)
{
	enum bk_code code = list(check, err);

	if (!code && check->is_seen && !check->is_sized)
		tell(check, false, "lists what was put just now, but not how large it is");
	else if (!code)
		tell(check, true,
			check->is_seen ? "lists what was put just now"
				       : "lists late: what was put just now is not in the listing, "
					 "which is allowed for");
	return code;
}

static enum bk_code try_remove(struct check *check, struct bk_error *err)
{
	struct objects *objects = check->objects;
	struct bk_buf out;
	bool is_refused, is_there = true;
	enum bk_code code = objects->ops->remove(objects, check->name, &is_refused, err);

	if (code)
		return code;
	bk_buf_init(&out, 2 * BYTES);
	code = objects->ops->get(objects, check->name, 0, 0, &out, &is_there, err);
	bk_buf_done(&out);
	if (code)
		return code;
	check->is_kept = is_refused;
	if (is_refused)
		tell(check, true,
			"deletes nothing (%s stays there): small objects are not merged, and a "
			"compaction begins large ones",
			check->name);
	else
		tell(check, true,
			is_there ? "forgets a deletion, which is allowed for" : "deletes");
	return BK_OK;
}

static void tell_large(struct check *check, enum bk_code code, int64_t took_ms, const char *why)
{
	if (code)
		tell(check, false, "does not take 8 MiB at once, as an outage or a merge needs: %s",
			why);
	else
		tell(check, true, "takes 8 MiB at once, in %" PRId64 " ms", took_ms);
}

/* The largest that is ever put, where it can be removed again. */
static enum bk_code try_large(struct check *check, struct bk_error *err)
{
	const size_t size = (size_t)(2 * PIECE_MAX - 1);
	struct objects *objects = check->objects;
	char name[NAME_SIZE + sizeof "-large"];
	uint8_t *bytes = calloc(1, size);
	int64_t before_ms = objects->ops->now_ms(objects);
	bool was_there, is_refused;
	enum bk_code code, removed;

	if (!bytes)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a large object");
	snprintf(name, sizeof name, "%s-large", check->name);
	code = objects->ops->put(objects, name, bytes, size, &was_there, err);
	free(bytes);
	if (code && code != BK_E_IO)
		return code;
	tell_large(check, code, objects->ops->now_ms(objects) - before_ms, err->msg);
	removed = objects->ops->remove(objects, name, &is_refused, err);
	return code ? BK_OK : removed;
}

static void tell_clock(struct check *check)
{
	int64_t theirs_s = check->objects->ops->date_s(check->objects);
	int64_t ours_s = check->io->ops->now_us(check->io->ctx) / 1000000;

	if (!theirs_s)
		tell(check, true, "does not say what time it is: predecessors are kept for ever");
	else if (llabs(theirs_s - ours_s) > 60)
		tell(check, true, "its clock and ours differ by %" PRId64 " s",
			(int64_t)llabs(theirs_s - ours_s));
}

enum bk_code bk_place_check(const struct bk_io *io, const char *url, bk_place_check_fn *fn,
	void *ctx, struct bk_error *err)
{
	struct check check = {.io = io, .url = url, .tell = fn, .ctx = ctx};
	enum bk_code code;

	if (!bk_objecturl_is(url))
		return bk_fail(err, BK_E_INVALID, 0,
			"only a store is checked: a URL that begins with davs://, dav:// or s3://");
	code = bk_objects_open(&check.objects, io, url, err);
	if (code)
		return code;
	code = draw(&check, err);
	if (!code)
		code = try_listing(&check, err);
	if (!code)
		code = try_put(&check, err);
	if (!code)
		code = try_get(&check, 0, 0, "all of it", err);
	if (!code)
		code = try_get(&check, 500, 300, "a range of it", err);
	if (!code)
		code = try_late(&check, err);
	if (!code)
		code = try_remove(&check, err);
	if (!code && !check.is_kept)
		code = try_large(&check, err);
	if (!code)
		code = try_at_once(&check, err);
	if (!code)
		tell_clock(&check);
	check.objects->ops->close(check.objects);
	return code;
}
