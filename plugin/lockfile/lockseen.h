/* lockseen.h - what backup.lock knows of the log: how far it had come when it was last seen.
 *
 *     "seen": {"log": "ID", "bytes": 193292, "version": 298}
 *
 * A log that is shorter than that, or another one, was put in its place. The plugin notes it when
 * it has brought log and node in step, and at its end; init forgets it. */
#ifndef LOCKSEEN_H
#define LOCKSEEN_H

#include <bk/error.h>
#include <bk/io.h>
#include <bk/log.h>

struct lockseen {
	char log[BK_LOG_ID_TEXT]; /* "": nothing is known */
	uint64_t bytes;
	uint32_t version;
};

/* Reads the key out of ROOT, the JSON object of backup.lock; what makes no sense is not known. */
struct cJSON;
void lockseen_parse(struct lockseen *out, const struct cJSON *root);

/* Sets the key in ROOT, or takes it out where SEEN is NULL. False: no memory. */
bool lockseen_put(const struct lockseen *seen, struct cJSON *root);

#endif
