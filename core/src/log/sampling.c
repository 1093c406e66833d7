/* sampling.c - where in a log a version stands, found by looking at many places at once. */
#include "sampling.h"
#include "frame.h"
#include "spread.h"
#include <bk/version.h>
#include <string.h>

#define LOOK_BYTES SPREAD_BYTES
#define MAGIC_AT   8
#define ROUNDS     3
#define STEPS      5 /* looked at on either side of where a version should be */

/* Whether a frame begins at AT of BYTES, as far as can be told from what is there. */
static bool is_frame(
	const uint8_t *bytes, size_t size, size_t at, uint64_t start, struct frame_head *head)
{
	uint64_t next;

	if (at + FRAME_HEAD_SIZE > size || !bk_frame_plausible(head, bytes + at) ||
		head->keyframe >= start + at)
		return false;
	next = at + bk_frame_size(head) + MAGIC_AT;
	return next + 4 > size || memcmp(bytes + next, FRAME_MAGIC, 4) == 0;
}

/* The first frame in SIZE bytes that stand at START. */
static bool find_frame(const uint8_t *bytes, size_t size, uint64_t start, struct sample *out)
{
	const uint8_t *magic = bytes;

	while ((magic = memmem(magic, (size_t)(bytes + size - magic), FRAME_MAGIC, 4))) {
		size_t at = (size_t)(magic - bytes);
		struct frame_head head;

		if (at >= MAGIC_AT && is_frame(bytes, size, at - MAGIC_AT, start, &head)) {
			*out = (struct sample){.at = start + at - MAGIC_AT,
				.keyframe = head.keyframe,
				.version = head.version};
			return true;
		}
		magic++;
	}
	return false;
}

void bk_sampling_add(struct sampling *sampling, const struct sample *sample)
{
	size_t at = sampling->count;

	if (at == SAMPLES_MAX)
		return;
	while (at && sampling->all[at - 1].at >= sample->at)
		at--;
	if (at < sampling->count && sampling->all[at].at == sample->at)
		return;
	memmove(&sampling->all[at + 1], &sampling->all[at],
		(sampling->count - at) * sizeof *sampling->all);
	sampling->all[at] = *sample;
	sampling->count++;
}

void bk_sampling_look(struct sampling *sampling, const struct file *file, const uint64_t *places,
	size_t count, uint64_t end)
{
	struct bk_io_range ranges[SAMPLING_MOST] = {{0}};
	uint8_t bytes[LOOK_BYTES];
	struct bk_error ignored;
	size_t size;

	for (size_t i = 0; i < count; i++)
		ranges[i] = (struct bk_io_range){places[i], LOOK_BYTES};
	bk_file_want(file, ranges, count);
	for (size_t i = 0; i < count; i++) {
		struct sample found;

		if (places[i] < end &&
			!bk_file_read(file, bytes, LOOK_BYTES, places[i], &size, &ignored) &&
			find_frame(bytes, size, places[i], &found) && found.at < end)
			bk_sampling_add(sampling, &found);
	}
}

bool bk_sampling_bracket(
	const struct sampling *sampling, uint32_t version, struct sample *low, struct sample *high)
{
	size_t at = 0;

	while (at < sampling->count && !bk_version_after(sampling->all[at].version, version))
		at++;
	if (!at || at == sampling->count)
		return false;
	*low = sampling->all[at - 1];
	*high = sampling->all[at];
	return true;
}

uint64_t bk_sampling_guess(const struct sample *low, const struct sample *high, uint32_t version)
{
	double part = (double)(uint32_t)(version - low->version) /
		      (double)(uint32_t)(high->version - low->version);

	return low->at + (uint64_t)(part * (double)(high->at - low->at));
}

/* Looks at where VERSION should be, and around it, nearby and ever further. */
static void look_around(struct sampling *sampling, const struct file *file, uint32_t version,
	uint64_t end, const struct sample *low, const struct sample *high)
{
	uint64_t places[2 * STEPS + 1], guess = bk_sampling_guess(low, high, version);
	uint64_t width = high->at - low->at;
	size_t count = 0;

	for (int i = -STEPS; i <= STEPS; i++) {
		uint64_t step = i ? width >> (i < 0 ? i + 2 + STEPS : 2 + STEPS - i) : 0;
		uint64_t at = i < 0 ? guess - step : guess + step;

		if ((i < 0 ? step < guess - low->at : at < high->at) &&
			(!count || at > places[count - 1] + LOOK_BYTES))
			places[count++] = at;
	}
	bk_sampling_look(sampling, file, places, count, end);
}

bool bk_sampling_search(struct sampling *sampling, const struct file *file, uint32_t version,
	uint64_t near, uint64_t end, struct sample *low, struct sample *high)
{
	if (!bk_sampling_bracket(sampling, version, low, high))
		return false;
	for (int i = 0; i < ROUNDS && high->at - low->at > near; i++) {
		look_around(sampling, file, version, end, low, high);
		bk_sampling_bracket(sampling, version, low, high);
	}
	return true;
}
