/* buildpage.c - a page of a delta keyframe, stored as what changed. */
#include "build.h"
#include "pagestore.h"
#include <string.h>

enum bk_code bk_build_changed(struct build *build, struct bk_image *below, uint32_t page,
	const void *content, bool is_written, uint64_t *before, struct bk_error *err)
{
	uint8_t old[PAGE_SIZE_MAX];
	struct record_base base = {.content = old};
	struct record record;
	enum bk_code code;

	if (before)
		*before = 0;
	if (page == bk_lock_page(build->page_size))
		return BK_OK;
	if (page > below->index.levels[0].kf->page_count)
		return bk_build_page(build, page, content, NULL, err);
	code = bk_image_read_below(below, page, old, &record, &base.offset, err);
	if (code)
		return code;
	if (before)
		*before = record.check;
	base.depth = record.depth;
	if (!is_written && memcmp(content, old, build->page_size) == 0)
		return BK_OK;
	return bk_build_page(
		build, page, content, record.depth < RECORD_DEPTH_USED ? &base : NULL, err);
}
