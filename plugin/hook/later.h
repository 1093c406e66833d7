/* later.h - any db_write behind the first of a process: what is to be noticed and mended before its
 * change is appended. */
#ifndef LATER_H
#define LATER_H

#include "session.h"

enum bk_code later_call(struct session *session, const struct call *call, struct refusal *why);

#endif
