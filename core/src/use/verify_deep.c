/* verify_deep.c - each keyframe rebuilt from the one before, and what cannot be rebuilt at all.
 */
#include "compare.h"
#include "image.h"
#include "sandbox.h"
#include "verdict.h"
#include "verify_passes.h"
#include <bk/version.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 64

/* Where page 1 keeps the number of the SQLite that wrote it last. */
#define SQLITE_VERSION_AT 96

/* The threads share this, and take keyframes from it one by one. */
struct deep {
	struct verify *verify;
	atomic_size_t next, done;
	atomic_uint_fast64_t pages, rebuilt;
	bool was_damaged;        /* the frames' own pass found something */
	pthread_mutex_t mutex;   /* over what follows */
	struct bk_error failure; /* code BK_OK while there is none */
	struct bk_error told;    /* the damage that was told last */
	uint64_t dependent;      /* keyframes that stand on damage that was told */
	uint64_t dependent_at;   /* the offset of one of them */
};

/* Whether the page was written by another SQLite than ours: another release may lay out a page in
 * another way and be as right. */
static bool other_sqlite(const uint8_t *first_page)
{
	const uint8_t *at = first_page + SQLITE_VERSION_AT;
	uint32_t number =
		(uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];

	return number != (uint32_t)sqlite3_libversion_number();
}

/* Compares the tables of two images instead of their pages. */
static enum bk_code compare_tables(
	struct bk_image *a, struct bk_image *b, struct comparison *result, struct bk_error *err)
{
	struct sandbox left = {.db = NULL}, right = {.db = NULL};
	enum bk_code code;

	bk_budget_begin(&a->budget);
	bk_budget_begin(&b->budget);
	code = bk_sandbox_open_reading(&left, &a->overlay.store, a->overlay.io, &a->budget, err);
	if (!code)
		code = bk_sandbox_open_reading(
			&right, &b->overlay.store, b->overlay.io, &b->budget, err);
	if (!code)
		code = bk_compare_databases(&left, &right, result, err);
	bk_sandbox_close(&left);
	bk_sandbox_close(&right);
	bk_budget_end(&a->budget);
	return code;
}

/* Whether PAGE of REBUILT is what STORED has; BUFFERS hold two pages. */
static enum bk_code same_page(struct bk_image *rebuilt, struct bk_image *stored, uint32_t page,
	uint8_t *buffers, bool *same, struct bk_error *err)
{
	uint32_t page_size = bk_image_page_size(stored);
	uint64_t below = 0, here = 0;
	enum bk_code code = bk_pageindex_find(&stored->index, page, &here, err);

	if (!code && !bk_overlay_has(&rebuilt->overlay, page))
		code = bk_pageindex_find(&rebuilt->index, page, &below, err);
	*same = true;
	if (code || (here && here == below))
		return code; /* one record for both: it was read where it was written */
	code = bk_image_read_page(rebuilt, page, buffers, err);
	if (!code)
		code = bk_image_read_page(stored, page, buffers + page_size, err);
	*same = !code && memcmp(buffers, buffers + page_size, page_size) == 0;
	return code;
}

/* Compares all pages. *DIFFERENT is the first page that differs, or 0. */
static enum bk_code compare_pages(struct deep *deep, struct bk_image *rebuilt,
	struct bk_image *stored, uint32_t *different, struct bk_error *err)
{
	uint32_t count = bk_image_page_count(stored);
	uint8_t *buffers = malloc(2 * (size_t)PAGE_SIZE_MAX);
	enum bk_code code = BK_OK;

	*different = bk_image_page_count(rebuilt) != count ? 1 : 0;
	if (!buffers)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to compare pages");
	bk_budget_begin(&rebuilt->budget);
	for (uint32_t page = 1; page <= count && !*different && !code; page++) {
		bool same;

		code = same_page(rebuilt, stored, page, buffers, &same, err);
		if (!code && !same)
			*different = page;
		if (!code)
			code = bk_image_may_read(rebuilt, err);
		atomic_fetch_add(&deep->pages, 1);
	}
	bk_budget_end(&rebuilt->budget);
	free(buffers);
	return code;
}

static enum bk_code report_difference(struct deep *deep, struct bk_image *rebuilt,
	struct bk_image *stored, uint32_t page, struct bk_error *err)
{
	struct comparison tables = {0};
	const struct keyframe *kf = stored->index.levels[0].kf;
	uint8_t first[PAGE_SIZE_MAX];
	enum bk_code code = bk_image_read_page(stored, 1, first, err);

	if (!code && other_sqlite(first)) {
		code = compare_tables(rebuilt, stored, &tables, err);
		if (!code && !tables.differences)
			return BK_OK;
	}
	if (!code)
		bk_verify_finding(deep->verify, kf->offset,
			"the keyframe of version %u is not what its changes lead to: page %u "
			"differs",
			kf->version, page);
	return code;
}

/* Replays the first COUNT changes of the interval of KF on the keyframe before it; *OUT is what
 * they lead to. */
static enum bk_code replay_interval(struct bk_image **out, struct verify *verify,
	const struct keyframe *kf, size_t count, struct bk_error *err)
{
	struct bk_log *log = verify->log;
	size_t bytes = count * sizeof(struct bk_entry);
	struct bk_entry *entries = malloc(bytes + 1);
	struct bk_image *image = NULL;
	struct keyframe *below;
	enum bk_code code;

	if (!entries)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to rebuild a keyframe");
	memcpy(entries, kf->entries, bytes);
	code = bk_log_keyframe(log, kf->previous, &below, err);
	if (!code) {
		code = bk_image_open_keyframe(&image, log, below, &verify->image, err);
		if (!code)
			code = bk_image_advance(image, entries, count, NULL, err);
		bk_log_unpin(log, below);
	}
	free(entries);
	if (code)
		bk_image_close(image);
	else
		*out = image;
	return code;
}

/* Replays the interval of STORED's keyframe on the one before, and compares. */
static enum bk_code rebuild(struct deep *deep, struct bk_image *stored, struct bk_error *err)
{
	const struct keyframe *kf = stored->index.levels[0].kf;
	struct bk_image *image;
	uint32_t page;
	enum bk_code code = replay_interval(&image, deep->verify, kf, kf->entry_count, err);

	if (code)
		return code;
	code = compare_pages(deep, image, stored, &page, err);
	if (!code && page)
		code = report_difference(deep, image, stored, page, err);
	bk_image_close(image);
	return code;
}

/* Whether KF was copied since a change below it could not be replayed. That was told as a gap, and
 * is no damage. */
static bool is_healing(const struct verify *verify, const struct keyframe *kf)
{
	for (size_t i = 0; i < verify->healing_count; i++)
		if (verify->healing[i] == kf->offset)
			return true;
	return false;
}

/* A full keyframe needs no changes, but the versions below it do. Its own version it holds itself:
 * it may be there because no replay leads to it. */
static enum bk_code check_changes_below(
	struct deep *deep, const struct keyframe *kf, struct bk_error *err)
{
	struct bk_image *image;
	size_t count = kf->entry_count;
	enum bk_code code;

	while (count && kf->entries[count - 1].version == kf->version)
		count--;
	if (!count)
		return BK_OK;
	code = replay_interval(&image, deep->verify, kf, count, err);
	if (!code)
		bk_image_close(image);
	if (code != BK_E_SQL || !is_healing(deep->verify, kf))
		return code;
	pthread_mutex_lock(&deep->mutex);
	deep->verify->has_unreplayable = true;
	pthread_mutex_unlock(&deep->mutex);
	return BK_OK;
}

/* The pages of a keyframe that no changes lead to, which are added up. */
struct adding {
	struct deep *deep;
	uint32_t page_size;
	uint64_t sum;
};

static void add_page(void *ctx, uint32_t page, const uint8_t *bytes)
{
	struct adding *adding = ctx;

	if (page != bk_lock_page(adding->page_size))
		adding->sum += bk_record_check(page, bytes, adding->page_size);
	atomic_fetch_add(&adding->deep->pages, 1);
}

/* Reads every page of a keyframe that no changes lead to, and adds up their sums. */
static enum bk_code check_full(struct deep *deep, struct bk_image *image, struct bk_error *err)
{
	const struct keyframe *kf = image->index.levels[0].kf;
	struct adding adding = {.deep = deep, .page_size = kf->page_size};
	enum bk_code code = bk_image_read_all(image, add_page, &adding, err);

	if (!code && adding.sum != kf->pages_sum)
		bk_verify_finding(deep->verify, kf->offset,
			"the pages of the keyframe of version %u do not add up to its sum",
			kf->version);
	return code;
}

/* Where the notes of a keyframe go. */
struct own_of {
	struct verify *verify;
	uint32_t version;
};

static void on_note(void *ctx, enum bk_note_kind kind, const char *what)
{
	const struct own_of *of = ctx;

	bk_verify_own(of->verify, kind, what, of->version);
}

/* That the keyframe holds the database of its version; and what SQLite says of it. */
static enum bk_code check_sound(struct deep *deep, struct bk_image *image, struct bk_error *err)
{
	const struct keyframe *kf = image->index.levels[0].kf;
	struct own_of of = {deep->verify, kf->version};
	struct bk_verdict_options options = {.note = on_note, .ctx = &of};
	struct bk_verdict ignored = {0};

	if (!kf->page_count)
		return BK_OK;
	return bk_verdict_of_pages(&image->overlay.store, kf->version, image->overlay.io,
		&image->budget, &options, &ignored, err);
}

/* Whether WHY, by which the keyframe at OFFSET cannot be rebuilt, was told: in a pass before, or of
 * another keyframe. The same damaged bytes are what many stand on. */
static bool is_told(struct deep *deep, uint64_t offset, const struct bk_error *why)
{
	bool told;

	if (why->code != BK_E_DAMAGE)
		return false;
	pthread_mutex_lock(&deep->mutex);
	told = deep->was_damaged || strcmp(deep->told.msg, why->msg) == 0;
	deep->told = *why;
	deep->dependent += told;
	if (told && (deep->dependent == 1 || offset < deep->dependent_at))
		deep->dependent_at = offset;
	pthread_mutex_unlock(&deep->mutex);
	return told;
}

static void tell_dependent(struct deep *deep)
{
	if (deep->dependent)
		bk_verify_finding(deep->verify, deep->dependent_at,
			"%llu keyframe%s, this one first, cannot be rebuilt for that: pages or "
			"changes are damaged that they stand on",
			(unsigned long long)deep->dependent, deep->dependent == 1 ? "" : "s");
}

/* Damage and failing SQL are findings; all else is a failure. */
static enum bk_code check_one(struct deep *deep, uint64_t offset, struct bk_error *err)
{
	struct bk_log *log = deep->verify->log;
	struct bk_image *image = NULL;
	struct keyframe *kf = NULL;
	enum bk_code code = bk_log_keyframe(log, offset, &kf, err);

	if (!code)
		code = bk_image_open_keyframe(&image, log, kf, &deep->verify->image, err);
	if (!code)
		code = bk_keyframe_is_entry(kf) ? check_full(deep, image, err)
						: rebuild(deep, image, err);
	if (!code && kf->is_full)
		code = check_changes_below(deep, kf, err);
	if (!code)
		code = check_sound(deep, image, err);
	if (!code)
		atomic_fetch_add(&deep->rebuilt, 1);
	if (code == BK_E_SQL && bk_toll_is_spent(&deep->verify->toll)) {
		/* That is told once, when all passes are over. */
		atomic_store(&deep->next, deep->verify->keyframe_count);
		code = BK_OK;
	} else if (code == BK_E_DAMAGE || code == BK_E_SQL) {
		if (!is_told(deep, offset, err))
			bk_verify_finding(deep->verify, offset, "the keyframe of version %u: %s",
				kf ? kf->version : 0, err->msg);
		code = BK_OK;
	}
	bk_image_close(image);
	bk_log_unpin(log, kf);
	return code;
}

static void *deep_run(void *arg)
{
	struct deep *deep = arg;
	struct verify *verify = deep->verify;
	struct bk_error err;
	size_t at;

	while ((at = atomic_fetch_add(&deep->next, 1)) < verify->keyframe_count) {
		if (check_one(deep, verify->keyframes[at], &err)) {
			pthread_mutex_lock(&deep->mutex);
			deep->failure = err;
			pthread_mutex_unlock(&deep->mutex);
			atomic_store(&deep->next, verify->keyframe_count);
			break;
		}
		bk_verify_progress(
			verify, atomic_fetch_add(&deep->done, 1) + 1, verify->keyframe_count);
	}
	return NULL;
}

static unsigned thread_count(const struct verify *verify)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = verify->options->threads ? verify->options->threads
			 : online > 0             ? (unsigned)online
						  : 1;

	return count < THREADS_MAX ? count : THREADS_MAX;
}

enum bk_code bk_verify_deep(struct verify *verify, struct bk_error *err)
{
	struct deep deep = {.verify = verify, .was_damaged = verify->result->findings > 0};
	pthread_t threads[THREADS_MAX];
	unsigned wanted = thread_count(verify), started = 0;

	pthread_mutex_init(&deep.mutex, NULL);
	while (started + 1 < wanted &&
		pthread_create(&threads[started], NULL, deep_run, &deep) == 0)
		started++;
	deep_run(&deep);
	while (started)
		pthread_join(threads[--started], NULL);
	pthread_mutex_destroy(&deep.mutex);
	tell_dependent(&deep);
	verify->result->rebuilt = deep.rebuilt;
	verify->result->pages = deep.pages;
	return deep.failure.code ? bk_fail_as(err, &deep.failure) : BK_OK;
}
