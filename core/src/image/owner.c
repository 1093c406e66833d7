/* owner.c - whose database a log holds. */
#include "image.h"
#include <string.h>

/* What the database of IMAGE says. */
static enum bk_code owner_of(struct bk_image *image, char *out, struct bk_error *err)
{
	struct replay_options options = {.budget = &image->budget};
	struct replay replay;
	enum bk_code code;

	if (!bk_image_page_count(image))
		return BK_OK;
	code = bk_replay_open(&replay, &image->overlay.store, image->overlay.io,
		image->overlay.spill_dir, &options, err);
	if (code)
		return code;
	code = bk_replay_node_id(&replay, out, BK_NODE_TEXT, err);
	bk_replay_close(&replay);
	return code;
}

enum bk_code bk_log_node(struct bk_log *log, char *out, struct bk_error *err)
{
	struct bk_log_status status;
	struct bk_image *image;
	enum bk_code code = bk_log_status(log, &status, err);

	*out = '\0';
	if (code)
		return code;
	memcpy(out, status.node, sizeof status.node);
	if (*out || status.is_empty)
		return BK_OK;
	code = bk_image_open(&image, log, status.version, NULL, err);
	if (code)
		return code;
	code = owner_of(image, out, err);
	bk_image_close(image);
	return code;
}
