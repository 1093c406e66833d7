/* facts.h - what a log's events and notes say beside its changes: whose it is, whether a doubt is
 * open, whether its head was seen committed, whether it was succeeded (docs/format.md, 6, 11 and
 * 12).
 *
 * Folded from frames in their order, as a state (state.h) is, which it is a part of. */
#ifndef BK_FACTS_H
#define BK_FACTS_H

#include "keyframe.h"
#include <bk/log.h>
#include <bk/stamp.h>

/* EVENT codes (docs/format.md, 11). */
enum event_code {
	EVENT_OPENED = 1,
	EVENT_CLOSED = 2,
	EVENT_CUT = 3,
	EVENT_GAP = 4,
	EVENT_REPLAY_FAILED = 5,
	EVENT_SEEN = 6,
	EVENT_DOUBT = 7,
	EVENT_SETTLED = 8,
	EVENT_QUORUM = 9,
	EVENT_COMPACTED = 10,
};

struct facts {
	char node[BK_NODE_TEXT];   /* vars.node_id in hexadecimal digits; "": not known */
	char doubt[BK_DOUBT_TEXT]; /* why; "": none is open */
	bool is_missed;            /* the quorum was missed, and is not met again: */
	uint32_t missed_from;      /* since this version */
	bool has_seen;             /* the head was seen committed, and nothing came since: */
	struct bk_stamp seen;
	bool is_succeeded;
	uint8_t successor[LOG_ID_SIZE];
};

/* Takes in the notes of the keyframe that a reader begins at. */
void bk_facts_take_notes(struct facts *facts, const char *notes);

/* Takes in an EVENT of CODE with TEXT, SIZE bytes, that stands behind VERSION, where the log is at
 * HEAD. */
void bk_facts_take_event(struct facts *facts, uint32_t code, const char *text, size_t size,
	uint32_t version, uint32_t head);

/* A CHANGE or REWIND came: what was seen committed is the head no more. */
void bk_facts_take_change(struct facts *facts);

/* KF was written, or read on: a full one settles a doubt, but for a carried one, whose notes tell
 * of it. */
void bk_facts_take_keyframe(struct facts *facts, const struct keyframe *kf);

/* Writes the notes of a keyframe that is written now, a terminated text of at most
 * KEYFRAME_NOTES_MAX bytes. NODE is what its database says of the node; "" if that is not known. */
void bk_facts_notes(const struct facts *facts, const char *node, char *out);

#endif
