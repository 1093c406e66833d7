/* descent.c - see descent.h. */
#include "descent.h"
#include "changeframe.h"
#include <bk/listing.h>
#include <string.h>

/* Whether the history of the change that VERSION came with in LOG is HISTORY. True where the log
 * does not tell: it came with a snapshot, or is not kept. */
static bool had_history(struct bk_log *log, uint32_t version, uint64_t history)
{
	struct change_head head;
	struct bk_error ignored;
	struct bk_entry entry;
	struct frame frame;
	struct walk walk;
	bool same = true;

	if (bk_log_find(log, version, &entry, &ignored) || entry.flags & BK_ENTRY_SNAPSHOT)
		return true;
	bk_walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
	if (!bk_walk_frame(&walk, entry.offset, &frame, &ignored) &&
		bk_change_head_decode(&head, &frame.head, frame.payload))
		same = head.history == history;
	bk_walk_done(&walk);
	return same;
}

/* Whether the frame that ends log B stands in log A, too: then A is B, and more. */
static bool has_end_of(struct bk_log *a, struct bk_log *b)
{
	struct bk_error ignored;
	struct frame frame;
	struct walk walk;
	bool has;

	bk_walk_init(&walk, &a->lf, WALK_CHUNK_ONE);
	has = !bk_walk_frame(&walk, b->state.last, &frame, &ignored) &&
	      frame.head.sum == b->state.last_sum;
	bk_walk_done(&walk);
	return has;
}

bool bk_log_descends(struct bk_log *newer, const struct bk_log_status *newer_status,
	struct bk_log *older, const struct bk_log_status *older_status)
{
	if (older_status->is_empty)
		return true;
	if (strcmp(newer_status->id, older_status->id) == 0 && has_end_of(newer, older))
		return true;
	if (newer_status->version == older_status->version)
		return newer_status->history == older_status->history;
	return had_history(newer, older_status->version, older_status->history);
}
