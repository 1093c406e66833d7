/* manifest.h - what the plugin tells lightningd of itself, and what lightningd tells it at init. */
#ifndef MANIFEST_H
#define MANIFEST_H

#include <cJSON.h>

/* The option that the older plugin had: accepted, ignored, warned about in its words. */
#define OPTION_DESTINATION "backup-destination"

/* The RPC that the older plugin had. */
#define RPC_COMPACT "backup-compact"

void manifest_answer(const cJSON *id);

/* Answers init, after a look at its PARAMS. PATH is what lightningd started us as. */
void init_answer(const cJSON *id, const cJSON *params, const char *path);

#endif
