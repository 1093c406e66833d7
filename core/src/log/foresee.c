/* foresee.c - what a search and an image are going to read of a log that is read from afar. */
#include "foresee.h"
#include "sampling.h"
#include <bk/version.h>
#include <stdlib.h>

#define NEAR_BYTES   ((uint64_t)256 << 10) /* nearer to a version nobody has to come */
#define FAR_BYTES    ((uint64_t)1 << 20)   /* between samples so far apart nothing is known well */
#define REGION_BYTES ((uint64_t)2 << 20)   /* brought before a version, at most */
#define NEAR_ROOM    ((uint64_t)64 << 10)  /* in which a frame begins, mostly */
#define NEAR_LOOKS   8
#define MAPS_BEFORE  ((uint64_t)96 << 10) /* brought before a keyframe: its maps */
#define MAPS_BEHIND  ((uint64_t)64 << 10)

/* Of a log's frame or keyframe. */
static void add_end(struct bk_log *log, uint64_t at, uint64_t keyframe, uint32_t version)
{
	bk_sampling_add(&log->foreseen->sampling, &(struct sample){at, keyframe, version});
}

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
	const uint64_t first = LOG_HEADER_SIZE;
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
	if (log->foreseen->sampling.count > SAMPLES_MAX / 2)
		log->foreseen->sampling.count = 0;
	bk_sampling_look(&log->foreseen->sampling, &log->lf.file, &first, 1, *log_end);
	add_end(log, last, 0, version);
}

static void end(struct bk_log *log)
{
	pthread_mutex_unlock(&log->foresee_mutex);
}

/* The keyframe before the first frame behind AT is where a search begins. */
static void note_near(struct bk_log *log, uint64_t at, uint64_t upto)
{
	const struct sampling *sampling = &log->foreseen->sampling;
	uint64_t places[NEAR_LOOKS];
	size_t i = 0;

	for (; i < NEAR_LOOKS; i++)
		places[i] = at + i * (NEAR_ROOM / NEAR_LOOKS);
	bk_sampling_look(&log->foreseen->sampling, &log->lf.file, places, NEAR_LOOKS, upto);
	i = 0;
	while (i < sampling->count && sampling->all[i].at < at)
		i++;
	pthread_mutex_lock(&log->mutex);
	log->near = i < sampling->count ? sampling->all[i].keyframe : 0;
	pthread_mutex_unlock(&log->mutex);
}

/* A keyframe as far as it must be known to tell which it stands on. */
struct step {
	uint64_t ordinal, reach;
	uint32_t version;
	double each; /* versions from one to the next */
};

/* The keyframes on the way down from AT, by the versions that they should have; not those that are
 * so near that they are brought with it. */
static size_t way_down(const struct step *at, uint32_t *versions, size_t most)
{
	uint64_t ordinal = at->ordinal, reach = at->reach;
	size_t count = 0;

	while (count < most && reach < ordinal) {
		ordinal -= reach;
		reach = bk_keyframe_step(bk_keyframe_link_count(ordinal) - 1);
		if (at->ordinal - ordinal >= KEYFRAME_FANOUT)
			versions[count++] = at->version -
					    (uint32_t)(at->each * (double)(at->ordinal - ordinal));
	}
	return count;
}

/* Where the keyframes of COUNT VERSIONS should stand, in the log's order; returns how many there
 * are that are known no better than to APART bytes. Each stands behind the first change after its
 * version. */
static size_t guess_all(const struct bk_log *log, const uint32_t *versions, size_t count,
	uint64_t floor, uint64_t apart, uint64_t *places)
{
	size_t found = 0;

	while (count--) {
		struct sample low, high;

		if (bk_sampling_bracket(
			    &log->foreseen->sampling, versions[count] + 1, &low, &high) &&
			high.at > floor && high.at - low.at >= apart)
			places[found++] = bk_sampling_guess(&low, &high, versions[count] + 1);
	}
	return found;
}

/* Looks where the keyframes stand that the one below VERSION stands on, if all intervals are as
 * long as they are in the mean. */
static void look_down(struct bk_log *log, uint32_t version, uint64_t log_end)
{
	uint64_t places[SAMPLING_MOST], newest;
	uint32_t versions[SAMPLING_MOST];
	struct step at = {.version = version};
	const struct sample *all = log->foreseen->sampling.all;
	uint32_t head = all[log->foreseen->sampling.count - 1].version;
	double above;
	size_t count;

	pthread_mutex_lock(&log->mutex);
	newest = log->state.keyframe_ordinal;
	pthread_mutex_unlock(&log->mutex);
	at.each = (double)(uint32_t)(head - all[0].version) / ((double)newest + 1);
	above = at.each > 0 ? (double)(uint32_t)(head - version) / at.each : (double)newest;
	/* The first stands on none; and what the samples say may be wrong. */
	if (!(above < (double)newest))
		return;
	at.ordinal = newest - (uint64_t)above;
	if (!at.ordinal)
		return;
	at.reach = bk_keyframe_step(bk_keyframe_link_count(at.ordinal) - 1);
	count = guess_all(log, versions, way_down(&at, versions, SAMPLING_MOST), 0, 0, places);
	bk_sampling_look(&log->foreseen->sampling, &log->lf.file, places, count, log_end);
}

/* Brings the intervals around VERSION, which stands between LOW and HIGH. */
static void want_region(struct bk_log *log, uint32_t version, const struct sample *low,
	const struct sample *high, uint64_t interval, uint64_t log_end)
{
	uint64_t guess = bk_sampling_guess(low, high, version);
	uint64_t slack = high->at - low->at < NEAR_BYTES ? high->at - low->at : NEAR_BYTES;
	uint64_t before = 16 * interval < REGION_BYTES ? 16 * interval : REGION_BYTES;
	uint64_t above = guess + slack + 3 * interval, upto = above + NEAR_ROOM;
	struct bk_io_range range;

	range.offset = before + slack < guess ? guess - before - slack : 0;
	if (upto > log_end)
		upto = log_end;
	if (range.offset >= upto)
		return;
	range.size = upto - range.offset;
	bk_file_want(&log->lf.file, &range, 1);
	look_down(log, version, log_end);
	if (above < upto)
		note_near(log, above, upto);
}

void bk_log_foresee(struct bk_log *log, uint32_t version)
{
	uint64_t log_end, interval;
	struct sample low, high;

	bool comes = bk_file_foresee(&log->lf.file, version);

	if (!begin(log))
		return;
	log->foreseen->comes = comes;
	if (!comes)
		know_ends(log, &log_end, &interval);
	if (!comes && (!log->foreseen->is_any || log->foreseen->version != version) &&
		bk_sampling_search(&log->foreseen->sampling, &log->lf.file, version, NEAR_BYTES,
			log_end, &low, &high)) {
		log->foreseen->is_any = true;
		log->foreseen->version = version;
		want_region(log, version, &low, &high, interval, log_end);
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

void bk_log_foresee_maps(struct bk_log *log, const struct keyframe *kf)
{
	struct bk_io_range ranges[SAMPLING_MOST] = {{0}};
	uint64_t places[SAMPLING_MOST], log_end, interval;
	uint32_t versions[SAMPLING_MOST];
	struct step at = {kf->ordinal, kf->reach, kf->version, 0};
	size_t count, ways;

	if (kf->is_full || !kf->ordinal || !begin(log))
		return;
	if (log->foreseen->comes) {
		end(log);
		return;
	}
	know_ends(log, &log_end, &interval);
	add_end(log, kf->offset, kf->previous, kf->version);
	at.each = (double)(uint32_t)(kf->version - log->foreseen->sampling.all[0].version) /
		  (double)kf->ordinal;
	ways = way_down(&at, versions, SAMPLING_MOST);
	count = guess_all(log, versions, ways, kf->full, FAR_BYTES, places);
	if (count)
		bk_sampling_look(&log->foreseen->sampling, &log->lf.file, places, count, log_end);
	count = guess_all(log, versions, ways, kf->full, 0, places);
	for (size_t i = 0; i < count; i++) {
		uint64_t from = places[i] > MAPS_BEFORE ? places[i] - MAPS_BEFORE : 0;

		ranges[i] = (struct bk_io_range){from, places[i] + MAPS_BEHIND - from};
	}
	bk_file_want(&log->lf.file, ranges, count);
	end(log);
}
