/* first.h - the first db_write of a process: brings log and node in step, or says why not
 * (docs/decisions.md, "The first db_write of a process"). */
#ifndef FIRST_H
#define FIRST_H

#include "session.h"

/* CALL is as session_open filled it in. */
enum bk_code first_call(struct session *session, struct call *call, struct refusal *why);

#endif
