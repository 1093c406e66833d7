/* verify_report.h - what the passes of a verification share, and how they report. */
#ifndef BK_VERIFY_REPORT_H
#define BK_VERIFY_REPORT_H

#include "budget.h"
#include "log.h"
#include <bk/image.h>
#include <bk/verify.h>
#include <pthread.h>

/* Of the node's own, as it is gathered: the same text of many versions is one note. */
struct own {
	enum bk_note_kind kind;
	char what[256];
	uint32_t from, to;
};

#define OWN_MAX 32

struct verify {
	const struct bk_verify_options *options;
	struct bk_verify_result *result;
	struct bk_log *log;
	pthread_mutex_t mutex; /* over findings, notes and progress */
	struct bk_toll toll;   /* of all that is rebuilt; the head's own judgement is beside it, so
				* that it is what bk_restore would say */
	struct bk_image_options image; /* which draws on that */

	bool has_change;
	uint32_t first_version; /* of the first change there is */
	uint64_t *keyframes;    /* offsets of those that are whole, ascending */
	size_t keyframe_count, keyframe_capacity;
	uint64_t *healing; /* of those that are there since a change could not be replayed */
	size_t healing_count, healing_capacity;
	bool has_unreplayable; /* below one of these */

	struct own own[OWN_MAX];
	size_t own_count;
};

void bk_verify_finding(struct verify *verify, uint64_t offset, const char *fmt, ...)
	BK_PRINTF(3, 4);
/* Takes in that WHAT was seen in VERSION. */
void bk_verify_own(
	struct verify *verify, enum bk_note_kind kind, const char *what, uint32_t version);

/* Tells what was taken in. */
void bk_verify_tell_own(struct verify *verify);

void bk_verify_progress(struct verify *verify, uint64_t done, uint64_t total);

#endif
