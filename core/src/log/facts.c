/* facts.c - what a log's events and notes say beside its changes. */
#include "facts.h"
#include "lines.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEX_DIGITS "0123456789abcdef"

/* A name that is none is as good as none. */
static void take_node(struct facts *facts, const char *text, size_t size)
{
	char node[BK_NODE_TEXT];

	if (bk_line_value(text, size, "node", node, sizeof node) && *node &&
		!node[strspn(node, HEX_DIGITS)])
		memcpy(facts->node, node, sizeof node);
}

static void take_seen(struct facts *facts, const char *text, size_t size)
{
	uint64_t counter, mtime, ctime;
	struct bk_stamp stamp;

	facts->has_seen = bk_line_number(text, size, "counter", &counter) &&
			  counter <= UINT32_MAX &&
			  bk_line_number(text, size, "inode", &stamp.inode) &&
			  bk_line_number(text, size, "mtime", &mtime) && mtime <= INT64_MAX &&
			  bk_line_number(text, size, "ctime", &ctime) && ctime <= INT64_MAX &&
			  bk_line_number(text, size, "size", &stamp.size);
	if (!facts->has_seen)
		return;
	stamp.counter = (uint32_t)counter;
	stamp.mtime_ns = (int64_t)mtime;
	stamp.ctime_ns = (int64_t)ctime;
	facts->seen = stamp;
}

/* The first one says since when. */
static void take_missed(struct facts *facts, const char *text, size_t size, const char *key)
{
	uint64_t from;

	if (facts->is_missed || !bk_line_number(text, size, key, &from) || from > UINT32_MAX)
		return;
	facts->is_missed = true;
	facts->missed_from = (uint32_t)from;
}

static void take_quorum(struct facts *facts, const char *text, size_t size)
{
	uint64_t until;

	if (bk_line_number(text, size, "until", &until))
		facts->is_missed = false;
	else
		take_missed(facts, text, size, "from");
}

void bk_facts_take_notes(struct facts *facts, const char *notes)
{
	size_t size = strlen(notes);

	take_node(facts, notes, size);
	take_missed(facts, notes, size, "missed");
	bk_line_value(notes, size, "doubt", facts->doubt, sizeof facts->doubt);
}

void bk_facts_take_event(struct facts *facts, uint32_t code, const char *text, size_t size,
	uint32_t version, uint32_t head)
{
	switch (code) {
	case EVENT_OPENED:
		take_node(facts, text, size);
		break;
	case EVENT_SEEN:
		facts->has_seen = false;
		if (version == head)
			take_seen(facts, text, size);
		break;
	case EVENT_DOUBT:
		/* The first one says how it began. */
		if (!*facts->doubt &&
			(!bk_line_value(text, size, "why", facts->doubt, sizeof facts->doubt) ||
				!*facts->doubt))
			snprintf(facts->doubt, sizeof facts->doubt, "not said");
		break;
	case EVENT_SETTLED:
		*facts->doubt = '\0';
		break;
	case EVENT_QUORUM:
		take_quorum(facts, text, size);
		break;
	default:
		break;
	}
}

void bk_facts_take_change(struct facts *facts)
{
	facts->has_seen = false;
}

void bk_facts_take_keyframe(struct facts *facts, const struct keyframe *kf)
{
	if (kf->is_full) {
		facts->has_seen = false;
		*facts->doubt = '\0';
	}
	if (kf->is_carried && kf->notes)
		bk_facts_take_notes(facts, kf->notes);
	else if (kf->notes)
		take_node(facts, kf->notes, strlen(kf->notes));
}

void bk_facts_notes(const struct facts *facts, const char *node, char *out)
{
	size_t used = 0;

	*out = '\0';
	if (!*node)
		node = facts->node;
	if (*node)
		used = (size_t)snprintf(out, KEYFRAME_NOTES_MAX, "node=%s\n", node);
	if (*facts->doubt)
		used += (size_t)snprintf(
			out + used, KEYFRAME_NOTES_MAX - used, "doubt=%s\n", facts->doubt);
	if (facts->is_missed)
		snprintf(out + used, KEYFRAME_NOTES_MAX - used, "missed=%" PRIu32 "\n",
			facts->missed_from);
}
