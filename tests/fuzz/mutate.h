/* mutate.h - mutations that know what they mutate: a log stays one whose sums are right, a database
 * one that is cut into pages.
 *
 * A target that has them hands them to libFuzzer as LLVMFuzzerCustomMutator and
 * LLVMFuzzerCustomCrossOver; plain.c uses the same. All chance comes from SEED. */
#ifndef MUTATE_H
#define MUTATE_H

#include "pieces.h"
#include "rng.h"

/* Changes the log in DATA, SIZE bytes with room for MAX; returns its new size. */
size_t mutate_log(uint8_t *data, size_t size, size_t max, unsigned seed);

/* Puts frames of log B in among those of log A; returns the size of what is then in OUT. */
size_t cross_logs(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out,
	size_t max, unsigned seed);

/* One mutation under way. */
struct mutation {
	struct rng rng;
	struct pieces *pieces;
};

/* A value that finds edges in a field that has OLD: limits, sizes, where other frames stand. */
uint64_t mutate_value(struct mutation *m, uint64_t old);

/* The same for the BYTES bytes at AT. */
void mutate_field(struct mutation *m, uint8_t *at, unsigned bytes);

/* Any piece; NULL where there is none, or none of KIND (0: any frame). */
struct piece *mutate_pick(struct mutation *m, uint8_t kind);

/* Statements of SQL, each ended by a zero byte, appended to OUT; returns how many. */
uint32_t mutate_sql(struct rng *rng, struct bk_buf *out);

/* What is made anew in a log (mutate_make.c). */
void make_change(struct mutation *m);
void make_sql(struct mutation *m); /* gives a change other statements */
void make_event(struct mutation *m);
void make_rewind(struct mutation *m);
void make_succeeded(struct mutation *m);
void make_notes(struct mutation *m);
void make_keyframe(
	struct mutation *m);           /* a delta, of pages stored against others, thinned or not */
void make_carried(struct mutation *m); /* makes a full keyframe a predecessor's, or the node's */
void make_heads(struct mutation *m);   /* heads without frames, at the end */
void make_zeros(struct mutation *m);
void make_record(struct mutation *m); /* gives a stored page another content */

#endif
