/* lookjson.h - what was seen of a backup, as JSON: what backup-cli status --json prints and
 * lightningd's RPC backup-status answers (man backup-cli-status). */
#ifndef LOOKJSON_H
#define LOOKJSON_H

#include "fault.h"
#include <cJSON.h>

/* The caller deletes it. NULL, or with parts missing: no memory. */
cJSON *look_json(const struct look *look, const struct faults *faults);

/* How a place stands, in a word: "level", "behind", "away", ... */
const char *look_place_state(const struct look_place *place);

/* By how many versions the log is behind the node; 0 where the node's is not known. */
uint32_t look_lag(const struct look *look);

#endif
