/* standing.c - where a place that holds a log's bytes stands to that log. */
#include "log.h"
#include "place_url.h"
#include <bk/listing.h>
#include <bk/standing.h>
#include <string.h>

/* How many of the newest changes are looked at first, and by how much more where that was too few.
 */
#define LOOK_FIRST 64
#define LOOK_MORE  16

/* Whether the frame that ends at END in LOG has SUM: the one behind it is chained to it. */
static bool has_end(struct bk_log *log, uint64_t end, uint64_t sum)
{
	uint64_t last_end, last_sum;
	struct bk_error ignored;
	struct frame frame;
	struct walk walk;
	bool has;

	pthread_mutex_lock(&log->mutex);
	last_end = log->state.end;
	last_sum = log->state.last_sum;
	pthread_mutex_unlock(&log->mutex);
	if (end == last_end)
		return sum == last_sum;
	bk_walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
	has = !bk_walk_frame(&walk, end, &frame, &ignored) && frame.head.chain == (uint32_t)sum;
	bk_walk_done(&walk);
	return has;
}

/* Whether what the place at URL has behind the end of LOG is chained to it. */
static enum bk_code goes_on(bool *out, struct bk_log *log, const struct bk_io *io, const char *url,
	struct bk_error *err)
{
	uint8_t bytes[FRAME_HEAD_SIZE];
	struct frame_head head;
	struct place *place;
	uint64_t end, sum;
	size_t got;
	enum bk_code code = bk_place_open(&place, io, url, err);

	if (code)
		return code;
	pthread_mutex_lock(&log->mutex);
	end = log->state.end;
	sum = log->state.last_sum;
	pthread_mutex_unlock(&log->mutex);
	code = place->ops->read(place, log->lf.header.id, end, bytes, sizeof bytes, &got, err);
	place->ops->close(place);
	*out = !code && got == sizeof bytes && bk_frame_plausible(&head, bytes) &&
	       head.chain == (uint32_t)sum;
	return code;
}

/* Of the newest versions those that do not stand before END. */
struct behind {
	uint64_t end, versions;
	int64_t since_us; /* when the first of them came */
	bool all;         /* none of those that were looked at stands before it */
};

/* A bk_entry_fn. */
static enum bk_code count_behind(void *ctx, const struct bk_entry *entry, struct bk_error *err)
{
	struct behind *behind = ctx;

	(void)err;
	if (entry->offset < behind->end)
		behind->all = false;
	else if (!behind->versions++)
		behind->since_us = entry->time_us;
	return BK_OK;
}

static enum bk_code look_behind(struct bk_standing *out, struct bk_log *log, uint64_t end,
	uint64_t changes, struct bk_error *err)
{
	struct behind behind = {.all = true};
	enum bk_code code = BK_OK;

	for (uint64_t count = LOOK_FIRST; !code && behind.all; count *= LOOK_MORE) {
		behind = (struct behind){.end = end, .all = true};
		code = bk_listing_each(
			log, count, BK_LISTING_VERSIONS, true, count_behind, &behind, err);
		behind.all &= count <= changes;
	}
	out->versions = behind.versions;
	out->since_us = behind.since_us;
	return code;
}

enum bk_code bk_stands(struct bk_standing *out, struct bk_log *log, const struct bk_io *io,
	const char *url, const struct bk_place_told *told, struct bk_error *err)
{
	struct bk_standing found = {.kind = BK_STANDS_EMPTY};
	struct bk_log_status status;
	bool chains = false;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	found.bytes = status.log_bytes;
	found.versions = status.changes;
	if (told->is_there && strcmp(told->log, status.id) != 0) {
		found.kind = strcmp(told->log, status.predecessor) == 0 ? BK_STANDS_PREDECESSOR
									: BK_STANDS_OTHER;
	} else if (told->is_there && told->bytes > status.log_bytes) {
		code = goes_on(&chains, log, io, url, err);
		found = chains ? (struct bk_standing){.kind = BK_STANDS_AHEAD,
					 .bytes = told->bytes - status.log_bytes}
			       : (struct bk_standing){.kind = BK_STANDS_FORKED};
	} else if (told->is_there && !has_end(log, told->bytes, told->sum)) {
		found = (struct bk_standing){.kind = BK_STANDS_FORKED};
	} else if (told->is_there) {
		found.bytes = status.log_bytes - told->bytes;
		code = look_behind(&found, log, told->bytes, status.changes, err);
		found.kind = found.versions ? BK_STANDS_BEHIND : BK_STANDS_LEVEL;
	}
	if (!code)
		*out = found;
	return code;
}
