/* measure.c - sizes that only a replay can tell. */
#include "measure.h"
#include "health.h"
#include "versions.h"

/* How far below a version that cannot be measured another one is looked for: more than an interval.
 */
#define BELOW_MAX 1024

/* Gives ENTRY the size of the nearest version below it that has one, if it is near enough. */
static void measure_below(struct source *source, struct bk_entry *entry)
{
	struct bk_entry below = {0};

	for (uint32_t i = 1; i <= BELOW_MAX && !entry_has_size(&below); i++)
		if (bk_log_find(source->log, entry->version - i, &below, NULL))
			below.page_count = 0;
	entry->page_count = below.page_count;
	entry->page_size = below.page_size;
}

int version_measure(struct images *images, struct source *source, struct bk_entry *entry)
{
	struct node node = {.kind = NODE_IMAGE, .number = entry->version};
	struct bk_image_options options = source_options(source);
	const struct bk_entry *measured;
	struct image *image;
	struct bk_error err;
	int rc;

	if (entry_has_size(entry))
		return 0;
	/* The tail is measured as a whole, and what cannot be by opening it. */
	if (!bk_log_measure(source->log, &options, &err) &&
		!bk_log_find(source->log, entry->version, entry, &err) && entry_has_size(entry))
		return 0;
	node.identity = node_identity(entry, source->generation);
	if (images_open(&image, images, source, &node, &err)) {
		rc = source_errno(source, TROUBLE_OPEN, entry->version, entry->version, &err);
		if (err.code != BK_E_DAMAGE && err.code != BK_E_SQL)
			return rc;
		measure_below(source, entry);
		return 0;
	}
	trouble_passed(&source->health->trouble, TROUBLE_OPEN, entry->version);
	measured = bk_rebuild_entry(image->rebuild);
	entry->page_count = measured->page_count;
	entry->page_size = measured->page_size;
	images_close(images, image);
	return 0;
}
