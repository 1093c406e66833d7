/* stepper.h - an image that is moved on version by version, within the interval of its keyframe.
 *
 * Calling sequence: bk_stepper_open, any bk_stepper_mark and bk_stepper_next, bk_stepper_close.
 *
 * Threads: one. */
#ifndef BK_STEPPER_H
#define BK_STEPPER_H

#include "image.h"
#include "span.h"

struct stepper {
	struct bk_image *image; /* at its version */
	struct advance advance;
	struct bk_entry *entries; /* of the interval */
	size_t count, at;
	bool is_open;
	struct overlay before; /* the image as it was at bk_stepper_mark */
	bool is_marked;
};

/* Opens one at the keyframe below the changes of SPAN, which it does not keep; what it costs is
 * drawn on TOLL too. Fails as bk_image_open does. */
BK_MUST_CHECK enum bk_code bk_stepper_open(struct stepper *stepper, const struct span *span,
	struct bk_toll *toll, struct bk_error *err);
void bk_stepper_close(struct stepper *stepper);

/* Keeps the image as it is now, in stepper->before, from here on. */
void bk_stepper_mark(struct stepper *stepper);

/* Whether the version after the image's is in the interval; and when it came. */
bool bk_stepper_has_next(const struct stepper *stepper, struct bk_entry *entry);

/* Moves on by one version: its change, and lone pragmas with it. After a failure it can only be
 * closed. Fails as bk_image_open does. */
BK_MUST_CHECK enum bk_code bk_stepper_next(struct stepper *stepper, struct bk_error *err);

/* Moves on to VERSION. *REACHED is false, and the stepper at the interval's end, if it is not
 * there.
 */
BK_MUST_CHECK enum bk_code bk_stepper_to(
	struct stepper *stepper, uint32_t version, bool *reached, struct bk_error *err);

#endif
