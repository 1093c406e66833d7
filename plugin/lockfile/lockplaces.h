/* lockplaces.h - the places that backup.lock names beside the log: its mirrors.
 *
 *     "mirrors":   ["file:///mnt/second/node.bkp", {"url": "ssh://host/path", "log": "ID"}]
 *     "quorum":    2
 *     "on_outage": 60
 *
 * "log" is the log that a mirror held once: then it must not be empty. */
#ifndef LOCKPLACES_H
#define LOCKPLACES_H

#include <bk/error.h>
#include <bk/io.h>
#include <stdbool.h>
#include <stdint.h>

#define LOCKPLACES_MAX      8
#define LOCKPLACES_OUTAGE_S 60

struct lockplace {
	char *url; /* owned */
	char *log; /* owned; NULL: it has held none yet, as far as is known */
};

struct lockplaces {
	struct lockplace list[LOCKPLACES_MAX];
	unsigned count;
	unsigned
		quorum; /* places that must have a change, the log's own file counted; 1 at least */
	unsigned outage_s; /* how long a change waits for them */
	bool outage_waits; /* for ever: "on_outage": "wait" */
};

void lockplaces_done(struct lockplaces *places);

/* Reads the keys out of ROOT, the JSON object of backup.lock, which is called NAME. Fails with
 * BK_E_INVALID, saying which key is wrong, BK_E_NOMEM; OUT is then empty. */
struct cJSON;
BK_MUST_CHECK enum bk_code lockplaces_parse(
	struct lockplaces *out, const struct cJSON *root, const char *name, struct bk_error *err);

/* The place of URL; NULL: it is none of PLACES. */
struct lockplace *lockplaces_find(struct lockplaces *places, const char *url);

/* Adds URL. Fails with BK_E_EXISTS, BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code lockplaces_add(
	struct lockplaces *places, const char *url, struct bk_error *err);

/* Notes that the place of URL, if it is one of PLACES, held LOG. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code lockplaces_hold(
	struct lockplaces *places, const char *url, const char *log, struct bk_error *err);

/* Takes the place of URL away; the quorum follows, if it would be larger than what is left. Fails
 * with BK_E_MISSING. */
BK_MUST_CHECK enum bk_code lockplaces_remove(
	struct lockplaces *places, const char *url, struct bk_error *err);

/* Sets the keys in ROOT, as they are in PLACES; those that have their defaults are taken out.
 * False: no memory. */
bool lockplaces_put(const struct lockplaces *places, struct cJSON *root);

#endif
