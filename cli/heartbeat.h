/* heartbeat.h - a URL that is fetched while all is well, by which somebody far away notices that it
 * is not any more. */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include <bk/error.h>

/* Fetches URL, http or https, within 15 seconds; what comes is thrown away. Fails with BK_E_IO,
 * BK_E_MISSING where this computer has no libcurl, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code heartbeat_send(const char *url, struct bk_error *err);

#endif
