/* trouble.h - what failed just now and may work again: no memory, a disk that does not answer. What
 * the log no longer says is damage (damage.h), which stays.
 *
 * For each kind of work the last failure is kept, until the same works for the same version, or for
 * TROUBLE_SECONDS.
 *
 * Threads: any. */
#ifndef TROUBLE_H
#define TROUBLE_H

#include <bk/error.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TROUBLE_SECONDS 300

enum trouble_kind {
	TROUBLE_LOG,  /* asking for the log's head */
	TROUBLE_TIME, /* looking up by time */
	TROUBLE_FIND, /* these belong to one version */
	TROUBLE_LIST,
	TROUBLE_OPEN,
	TROUBLE_READ,
	TROUBLE_KINDS,
};

struct trouble {
	pthread_mutex_t mutex;
	atomic_uint count; /* of slots in use: most often 0, and no lock is taken */
	struct {
		bool is_used;
		uint32_t version;
		int64_t since; /* seconds, of a clock that does not step */
		char text[BK_ERROR_MESSAGE_MAX];
	} slots[TROUBLE_KINDS];
};

void trouble_init(struct trouble *trouble);
void trouble_done(struct trouble *trouble);

void trouble_note(
	struct trouble *trouble, enum trouble_kind kind, uint32_t version, const char *text);

/* KIND works for VERSION. */
void trouble_passed(struct trouble *trouble, enum trouble_kind kind, uint32_t version);

/* All of it has passed. */
void trouble_clear(struct trouble *trouble);

/* Copies what is newest, to OUT of BK_ERROR_MESSAGE_MAX bytes; an empty text if there is nothing.
 */
void trouble_get(struct trouble *trouble, char *out);

#endif
