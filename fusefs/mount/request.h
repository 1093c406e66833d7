/* request.h - the request that a thread works for: replays, which can take seconds, end when
 * whoever asked has gone.
 *
 * libfuse hands each request to one thread, which works for it to its end. What it calls below, in
 * the log's rooms, knows no requests, and asks request_is_gone.
 *
 * Threads: any. */
#ifndef REQUEST_H
#define REQUEST_H

#include "lowlevel.h"
#include <stdbool.h>

/* From now on this thread works for REQ, until request_end, before which the reply may go out. */
void request_begin(fuse_req_t req);
void request_end(void);

/* A bk_image_options.is_cancelled: whether the kernel said that nobody waits for the request any
 * more. False in a thread that works for none. */
bool request_is_gone(void *ctx);

#endif
