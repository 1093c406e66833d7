/* tour.c - the log's versions, one after the other. */
#include "tour.h"
#include "health.h"
#include "names.h"
#include "versions.h"
#include <bk/image.h>
#include <bk/version.h>
#include <errno.h>

void tour_open(struct tour *tour, struct source *source, uint32_t from)
{
	*tour = (struct tour){.source = source, .next = from};
}

int tour_open_first(struct tour *tour, struct source *source)
{
	struct bk_log_status status;
	int rc = version_head(source, &status);

	if (!rc)
		tour_open(tour, source, status.version - INT32_MAX);
	return rc;
}

void tour_close(struct tour *tour)
{
	bk_listing_close(tour->listing);
	tour->listing = NULL;
}

/* The next entry, opening the listing first if need be. */
static enum bk_code try_next(
	struct tour *tour, struct bk_entry *entry, bool *more, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (!tour->listing)
		code = bk_listing_open(
			&tour->listing, tour->source->log, tour->next, BK_LISTING_VERSIONS, err);
	if (!code)
		code = bk_listing_next(tour->listing, entry, more, err);
	return code;
}

/* Damage, which WHY tells of, hides the versions from tour->next to the one before what follows. */
static void note_hidden(const struct tour *tour, const struct bk_entry *entry, bool more,
	const struct bk_error *why)
{
	struct bk_log_status status = {.version = tour->next};
	uint32_t to = more ? entry->version - 1 : status.version;

	if (!more && !bk_log_status(tour->source->log, &status, NULL))
		to = status.version;
	if (!bk_version_after(tour->next, to))
		damage_note(&tour->source->health->damage, tour->next, to, why->msg);
}

/* A listing fails once for each place of damage that it comes to, then goes on behind it. */
static int next_past_damage(struct tour *tour, struct bk_entry *entry, bool *more)
{
	struct bk_error err, damage = {.code = BK_OK};
	enum bk_code code = try_next(tour, entry, more, &err);

	while (code == BK_E_DAMAGE && tour->listing) {
		damage = err;
		code = try_next(tour, entry, more, &err);
	}
	if (code)
		return source_errno(tour->source, TROUBLE_LIST, tour->next, tour->next, &err);
	trouble_passed(&tour->source->health->trouble, TROUBLE_LIST, tour->next);
	if (damage.code)
		note_hidden(tour, entry, *more, &damage);
	return 0;
}

int tour_next(struct tour *tour, struct bk_entry *entry, bool *more)
{
	int rc;

	do {
		rc = next_past_damage(tour, entry, more);
		if (!rc && *more)
			tour->next = entry->version + 1;
	} while (!rc && *more && entry_is_nothing(entry));
	return rc;
}

int tour_next_measured(struct tour *tour, struct bk_entry *entry, bool *more)
{
	struct bk_image_options options = source_options(tour->source);
	int rc = tour_next(tour, entry, more);

	if (rc || !*more || entry_has_size(entry) || tour->is_measured)
		return rc;
	tour->is_measured = true;
	if (bk_log_measure(tour->source->log, &options, NULL))
		return 0;
	tour_close(tour);
	tour->next = entry->version;
	return tour_next(tour, entry, more);
}

int bucket_newest(struct source *source, uint32_t bucket, struct bk_entry *entry)
{
	struct bk_log_status status;
	struct bk_entry at;
	struct tour tour;
	bool more, any = false, is_heads;
	int rc = version_head(source, &status);

	if (rc)
		return rc;
	is_heads = bucket_of(status.version) == bucket;
	if (!bk_log_find(
		    source->log, is_heads ? status.version : bucket_last(bucket), entry, NULL) &&
		!entry_is_nothing(entry))
		return 0;
	/* A gap or damage is at its end, maybe all there is. */
	tour_open(&tour, source, bucket * BUCKET_VERSIONS);
	while (!(rc = tour_next(&tour, &at, &more)) && more && bucket_of(at.version) == bucket) {
		*entry = at;
		any = true;
	}
	tour_close(&tour);
	if (!rc && !any)
		rc = is_heads ? version_find(source, status.version, entry) : ENOENT;
	return rc;
}
