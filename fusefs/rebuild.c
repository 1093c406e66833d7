/* rebuild.c - opening the image of a version on the newest keyframe that serves. */
#include "rebuild.h"
#include "node.h"
#include <bk/buf.h>
#include <bk/change.h>
#include <bk/listing.h>

/* Opens the image on the keyframe that is rebuild->older from the nearest. A rewind may have put
 * another change in the version's place: then it is not ours any more. */
static enum bk_code open_once(
	struct bk_image **out, const struct rebuild *rebuild, struct bk_error *err)
{
	struct bk_image_options options = {
		.memory_max = rebuild->memory_max,
		.past_damage = true,
		.older = rebuild->older,
	};
	struct bk_log *log = rebuild->source->log;
	struct bk_image *opened;
	struct bk_entry entry;
	enum bk_code code = bk_image_open(&opened, log, rebuild->version, &options, err);

	if (code)
		return code;
	code = bk_log_find(log, rebuild->version, &entry, err);
	if (!code && node_identity(&entry, rebuild->source->generation) != rebuild->identity)
		code = bk_fail(err, BK_E_MISSING, 0, "version %u was struck out", rebuild->version);
	if (code)
		bk_image_close(opened);
	else
		*out = opened;
	return code;
}

bool rebuild_is_of_snapshot(const struct rebuild *rebuild)
{
	struct bk_listing *history;
	struct bk_entry entry;
	bool found = false, more = true;

	if (bk_listing_open(&history, rebuild->source->log, rebuild->version, BK_LISTING_ALL, NULL))
		return true; /* better not move */
	while (!found && !bk_listing_next(history, &entry, &more, NULL) && more &&
		entry.version == rebuild->version)
		found = (entry.flags & BK_ENTRY_SNAPSHOT) != 0;
	bk_listing_close(history);
	return found;
}

/* Whether the version's own change, or one before it in its stream, is damaged: then no keyframe
 * below helps, and replays from ever further back are spared, which take minutes in a long log. */
static bool is_change_lost(const struct rebuild *rebuild)
{
	struct bk_buf text;
	enum bk_code code;

	bk_buf_init(&text, 2 * BK_CHANGE_BYTES_MAX);
	code = bk_log_sql(rebuild->source->log, rebuild->version, &text, NULL);
	bk_buf_done(&text);
	return code == BK_E_DAMAGE && !rebuild_is_of_snapshot(rebuild);
}

bool rebuild_step_back(struct rebuild *rebuild)
{
	struct bk_log_status status;

	if (rebuild->is_last || bk_log_status(rebuild->source->log, &status, NULL))
		return false;
	if (!rebuild->older && is_change_lost(rebuild))
		return false;
	return bk_image_try_older(&rebuild->older, status.keyframes);
}

enum bk_code rebuild_open(struct bk_image **out, struct rebuild *rebuild, struct bk_error *err)
{
	uint64_t older = rebuild->older;
	struct bk_error first;
	enum bk_code code = open_once(out, rebuild, err);

	if (code != BK_E_DAMAGE)
		return code;
	first = *err;
	while (code == BK_E_DAMAGE && rebuild_step_back(rebuild))
		code = open_once(out, rebuild, err);
	if (code)
		rebuild->older = older;
	return code == BK_E_DAMAGE ? bk_fail_as(err, &first) : code;
}
