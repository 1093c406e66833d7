/* request.c - the request that a thread works for. */
#include "request.h"
#include <stddef.h>

static _Thread_local fuse_req_t current;

void request_begin(fuse_req_t req)
{
	current = req;
}

void request_end(void)
{
	current = NULL;
}

bool request_is_gone(void *ctx)
{
	(void)ctx;
	return current && fuse_req_interrupted(current);
}
