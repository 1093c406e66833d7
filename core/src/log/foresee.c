/* foresee.c - what a search and an image are going to read of a log that is read from afar. */
#include "foresee.h"
#include "sampling.h"
#include "spread.h"
#include <bk/version.h>
#include <stdlib.h>

/* Searched until it is between two samples so far from each other; and where the log is so uneven
 * that it is not where it should be then, until it is between two that are nearer. */
#define FAR_BYTES  ((uint64_t)8 << 20)
#define NEAR_BYTES ((uint64_t)256 << 10)

#define SLACK_PART   16 /* of what is between them: where it should be, give or take that */
#define BEFORE       16 /* intervals brought before a version: a map reaches so far, mostly */
#define BEHIND       3  /* and behind it, up to where a search begins */
#define REGION_BYTES ((uint64_t)2 << 20)  /* of either, at most */
#define NEAR_ROOM    ((uint64_t)64 << 10) /* in which a frame begins, mostly */
#define NEAR_LOOKS   2

/* False where there is nothing to be done; else end() follows. */
static bool begin(struct bk_log *log)
{
	if (!bk_file_want(&log->lf.file, NULL, 0))
		return false;
	pthread_mutex_lock(&log->foresee_mutex);
	if (!log->foreseen)
		log->foreseen = calloc(1, sizeof *log->foreseen);
	if (log->foreseen)
		return true;
	pthread_mutex_unlock(&log->foresee_mutex);
	return false;
}

/* What is known without looking far: where the log begins and ends, and how long an interval is. */
static void know_ends(struct bk_log *log, uint64_t *log_end, uint64_t *interval)
{
	struct sampling *sampling = &log->foreseen->sampling;
	uint64_t places[SPREAD_MOST + 1] = {LOG_HEADER_SIZE};
	uint32_t version;
	uint64_t last, ordinal;

	pthread_mutex_lock(&log->mutex);
	version = log->state.version;
	last = log->state.last;
	*log_end = log->state.end;
	ordinal = log->state.keyframe_ordinal;
	pthread_mutex_unlock(&log->mutex);
	/* An interval has a frame at least, whatever a keyframe says. */
	*interval = *log_end / (ordinal < *log_end ? ordinal + 1 : *log_end + 1);
	/* What was found for other versions is let go of where there is no room for this one's. */
	if (sampling->count > SAMPLES_MAX / 2)
		sampling->count = 0;
	if (!sampling->count)
		bk_sampling_look(sampling, &log->lf.file, places,
			1 + bk_spread(*log_end, places + 1), *log_end);
	bk_sampling_add(sampling, &(struct sample){last, 0, version});
}

static void end(struct bk_log *log)
{
	pthread_mutex_unlock(&log->foresee_mutex);
}

/* Looks for a frame behind AT. */
static void look_near(struct bk_log *log, uint64_t at, uint64_t log_end)
{
	uint64_t places[NEAR_LOOKS];

	for (size_t i = 0; i < NEAR_LOOKS; i++)
		places[i] = at + i * (NEAR_ROOM / NEAR_LOOKS);
	bk_sampling_look(&log->foreseen->sampling, &log->lf.file, places, NEAR_LOOKS, log_end);
}

/* The keyframe before the first frame behind AT is where a search begins. */
static void note_near(struct bk_log *log, uint64_t at)
{
	const struct sampling *sampling = &log->foreseen->sampling;
	size_t i = 0;

	while (i < sampling->count && sampling->all[i].at < at)
		i++;
	pthread_mutex_lock(&log->mutex);
	log->near = i < sampling->count ? sampling->all[i].keyframe : 0;
	pthread_mutex_unlock(&log->mutex);
}

static uint64_t at_most(uint64_t bytes, uint64_t most)
{
	return bytes < most ? bytes : most;
}

/* Brings the intervals around VERSION, which stands between LOW and HIGH. False if it is elsewhere
 * between them. */
static bool want_region(struct bk_log *log, uint32_t version, struct sample *low,
	struct sample *high, uint64_t interval, uint64_t log_end)
{
	struct sampling *sampling = &log->foreseen->sampling;
	uint64_t guess = bk_sampling_guess(low, high, version);
	uint64_t slack = (high->at - low->at) / SLACK_PART;
	uint64_t before = slack + at_most(BEFORE * interval, REGION_BYTES);
	uint64_t above = guess + slack + at_most(BEHIND * interval, REGION_BYTES);
	uint64_t from = before < guess ? guess - before : 0;
	uint64_t upto = at_most(above + WALK_CHUNK_MANY, log_end); /* changes are read in such */
	const struct bk_io_range range = {from, upto > from ? upto - from : 0};

	bk_file_want(&log->lf.file, &range, 1);
	look_near(log, from, log_end);
	if (above < log_end)
		look_near(log, above, log_end);
	note_near(log, above);
	bk_sampling_bracket(sampling, version, low, high);
	return low->at >= from && high->at <= upto;
}

/* Searches VERSION, first where not much has to be looked at. */
static void search(struct bk_log *log, uint32_t version, uint64_t interval, uint64_t log_end)
{
	struct sampling *sampling = &log->foreseen->sampling;
	struct sample low, high;

	if (bk_sampling_search(sampling, &log->lf.file, version, FAR_BYTES, log_end, &low, &high) &&
		!want_region(log, version, &low, &high, interval, log_end) &&
		bk_sampling_search(
			sampling, &log->lf.file, version, NEAR_BYTES, log_end, &low, &high))
		want_region(log, version, &low, &high, interval, log_end);
}

void bk_log_foresee(struct bk_log *log, uint32_t version)
{
	bool comes = bk_file_foresee(&log->lf.file, version);
	uint64_t log_end, interval;

	if (!begin(log))
		return;
	log->foreseen->comes = comes;
	if (!comes && (!log->foreseen->is_any || log->foreseen->version != version)) {
		know_ends(log, &log_end, &interval);
		log->foreseen->is_any = true;
		log->foreseen->version = version;
		search(log, version, interval, log_end);
	}
	end(log);
}

/* Who sends an image without having the log's key has to guess its pages. */
bool bk_log_foresees(struct bk_log *log)
{
	bool foresees = bk_file_want(&log->lf.file, NULL, 0);

	pthread_mutex_lock(&log->foresee_mutex);
	if (log->foreseen && log->foreseen->comes && !log->lf.header.is_sealed)
		foresees = false;
	pthread_mutex_unlock(&log->foresee_mutex);
	return foresees;
}
