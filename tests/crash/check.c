/* check.c - whether a log is what the model says. */
#include "check.h"
#include "codename.h"
#include <assert.h>
#include <bk/image.h>
#include <bk/listing.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_SIZE 400

_Noreturn void check_fail(const struct check *check, const char *fmt, ...)
{
	const struct place *place = &check->place;
	va_list args;

	fputs("does not hold: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nseed %llu, cut %llu, loss %u%s\nagain: %s --seed %llu --cut %llu\n",
		(unsigned long long)place->seed, (unsigned long long)place->cut, place->loss,
		place->what, place->program, (unsigned long long)place->seed,
		(unsigned long long)place->cut);
	abort();
}

void check_ok(
	const struct check *check, enum bk_code code, const struct bk_error *err, const char *doing)
{
	if (code)
		check_fail(check, "%s: %s: %s", doing, code_name(code), err->msg);
}

/* Compares the statements of one version, as bk_log_sql gives them, with VIEW's. */
static bool same_sql(const struct bk_buf *text, const struct version_view *view)
{
	const char *at = (const char *)text->data;
	size_t left = text->size;

	for (size_t i = 0; view->sql[i]; i++) {
		for (size_t s = 0; s < view->sql[i]->count; s++) {
			const char *sql = view->sql[i]->text[s];
			size_t length = strlen(sql);
			const char *end = length && sql[length - 1] == ';' ? "\n\n\n" : ";\n\n";

			if (left < length + BK_SQL_END || memcmp(at, sql, length) != 0 ||
				memcmp(at + length, end, BK_SQL_END) != 0)
				return false;
			at += length + BK_SQL_END;
			left -= length + BK_SQL_END;
		}
	}
	return !left;
}

static bool fits_version(
	struct bk_log *log, const struct version_view *view, struct bk_buf *text, char *why)
{
	struct bk_error err;

	text->size = 0;
	if (bk_log_sql(log, view->version, text, &err)) {
		snprintf(why, WHY_SIZE, "the SQL of version %u: %.200s", view->version, err.msg);
		return false;
	}
	if (same_sql(text, view))
		return true;
	snprintf(why, WHY_SIZE, "version %u has other SQL: %.*s", view->version,
		(int)(text->size < 200 ? text->size : 200), (const char *)text->data);
	return false;
}

/* The listing, from the oldest on, is VIEWS and nothing else. */
static bool fits_listing(
	struct bk_log *log, const struct version_view *views, size_t count, char *why)
{
	struct bk_listing *history;
	struct bk_entry entry;
	struct bk_error err;
	size_t at = 0;
	bool more = true;
	enum bk_code code =
		bk_listing_open(&history, log, views[0].version, BK_LISTING_VERSIONS, &err);

	if (code) {
		snprintf(why, WHY_SIZE, "cannot list: %.300s", err.msg);
		return false;
	}
	for (;; at++) {
		code = bk_listing_next(history, &entry, &more, &err);
		if (code || !more || at == count || entry.version != views[at].version)
			break;
	}
	bk_listing_close(history);
	if (!code && !more && at == count)
		return true;
	snprintf(why, WHY_SIZE, "the listing's entry %zu is %u, should be %u of %zu: %.200s", at,
		more ? entry.version : 0, at < count ? views[at].version : 0, count,
		code ? err.msg : "");
	return false;
}

static uint64_t changes_of(const struct version_view *views, size_t count)
{
	uint64_t changes = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t part = 0; views[i].sql[part]; part++)
			changes++;
	return changes;
}

/* Whether LOG is a successor that begins behind what led to its OLDEST version: lone pragmas, which
 * are in its first keyframe then. */
static bool begins_behind(struct bk_log *log, const struct version_view *oldest)
{
	struct bk_listing *history;
	struct bk_entry entry;
	struct bk_error err;
	bool more, is_behind;

	if (bk_listing_open(&history, log, oldest->version, BK_LISTING_ALL, &err))
		return false;
	is_behind = !bk_listing_next(history, &entry, &more, &err) && more &&
		    entry.flags & BK_ENTRY_KEPT;
	bk_listing_close(history);
	return is_behind;
}

/* Whether LOG is what the first DEEDS of MODEL lead to; if not, WHY says what is not. */
static bool fits(struct bk_log *log, const struct model *model, size_t deeds, char *why)
{
	struct version_view *views = calloc(MODEL_DEEDS_MAX, sizeof *views);
	struct bk_log_status status;
	struct bk_error err;
	struct bk_buf text;
	size_t count = model_view(model, deeds, views);
	bool good = false;

	assert(views);
	if (bk_log_status(log, &status, &err)) {
		snprintf(why, WHY_SIZE, "no status: %.300s", err.msg);
		free(views);
		return false;
	}
	if (status.changes < changes_of(views, count) && begins_behind(log, &views[0]))
		views[0].sql[0] = NULL;
	if (status.version != views[count - 1].version)
		snprintf(why, WHY_SIZE, "the head is %u, should be %u", status.version,
			views[count - 1].version);
	else if (status.changes != changes_of(views, count) || status.damaged_at)
		snprintf(why, WHY_SIZE, "%llu changes stand, should be %llu; damage at %llu",
			(unsigned long long)status.changes,
			(unsigned long long)changes_of(views, count),
			(unsigned long long)status.damaged_at);
	else
		good = fits_listing(log, views, count, why);
	bk_buf_init(&text, (size_t)1 << 24);
	for (size_t i = 0; i < count && good; i++)
		good = fits_version(log, &views[i], &text, why);
	bk_buf_done(&text);
	free(views);
	return good;
}

size_t check_log(const struct check *check, struct bk_log *log, const struct model *model)
{
	char why[WHY_SIZE], first[WHY_SIZE] = "";

	for (size_t deeds = model->count; deeds >= model->durable && deeds; deeds--) {
		if (fits(log, model, deeds, why)) {
			for (size_t i = 0; i < model->durable; i++)
				check->counts->acked += model->deeds[i].kind == DEED_CHANGE ||
							model->deeds[i].kind == DEED_LONE;
			return deeds;
		}
		if (!*first)
			memcpy(first, why, sizeof first);
	}
	check_fail(check, "the log has other changes than %zu to %zu deeds: %s; or: %s",
		model->durable, model->count, first, why);
}

size_t check_log_least(const struct check *check, struct bk_log *log, const struct model *model)
{
	size_t most = check_log(check, log, model), deeds = model->durable ? model->durable : 1;
	char why[WHY_SIZE];

	while (deeds < most && !fits(log, model, deeds, why))
		deeds++;
	return deeds;
}

static void check_image(const struct check *check, struct bk_log *log, const struct model *model,
	const struct version_view *view)
{
	struct bk_image_options options = {.memory_max = 16384, .spill_dir = "/out"};
	struct bk_image *image;
	struct bk_error err;
	uint64_t sum;
	uint8_t *bytes;
	size_t size, done;

	check_ok(
		check, bk_image_open(&image, log, view->version, &options, &err), &err, "an image");
	size = (size_t)bk_image_size(image);
	bytes = malloc(size + 1);
	assert(bytes);
	check_ok(check, bk_image_read(image, bytes, size, 0, &done, &err), &err, "its pages");
	CHECK(check, done == size);
	sum = content_sum(model->scratch, bytes, size);
	if (sum != view->content->sum)
		check_fail(check, "the image of version %u is not what the database was",
			view->version);
	free(bytes);
	bk_image_close(image);
	check->counts->images++;
}

void check_images(const struct check *check, struct bk_log *log, const struct model *model,
	size_t deeds, struct rng *rng)
{
	struct version_view *views = calloc(MODEL_DEEDS_MAX, sizeof *views);
	size_t count = model_view(model, deeds, views);

	assert(views);
	check_image(check, log, model, &views[count - 1]);
	check_image(check, log, model, &views[rng_below(rng, (uint32_t)count)]);
	free(views);
}

void check_restored(const struct check *check, struct simfs *fs, const struct model *model)
{
	for (size_t i = 0; i < check->restore_count; i++) {
		const struct restored *restored = &check->restores[i];
		uint8_t *bytes;
		size_t size;

		if (simfs_peek(fs, restored->path, &bytes, &size))
			CHECK(check, content_sum(model->scratch, bytes, size) == restored->sum);
		else
			CHECK(check, !restored->is_done);
	}
}
