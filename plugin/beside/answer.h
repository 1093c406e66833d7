/* answer.h - the RPC backup-status: what backup-cli status --json prints, by a process of its own
 * that asks each place itself. No db_write waits for it. */
#ifndef ANSWER_H
#define ANSWER_H

#include <bk/io.h>
#include <cJSON.h>

#define ANSWER_METHOD "backup-status"

/* Answers the request ID, later, from a thread. */
void answer_status(const struct bk_io *io, const cJSON *id);

#endif
