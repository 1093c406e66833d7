/* worst.h - the logs that cost a reader most, as far as we know how to forge them: right in every
 * sum, of at most 1 MB.
 *
 * A log is put together by a forger: worst_begin, any frames, worst_end. */
#ifndef WORST_H
#define WORST_H

#include "logbuild.h"
#include <bk/buf.h>

#define WORST_BYTES 1000000u

struct forger {
	struct logbuild build;
	uint64_t history, before; /* the newest change */
	uint64_t change;          /* its offset */
	uint64_t keyframe, full, next, ordinal;
	uint32_t page_size, page_count; /* of the keyframes */
	uint32_t version, keyframe_version;
	int64_t time_us;
};

struct worst {
	const char *name;
	const char *what; /* it is made of */
	void (*make)(struct forger *f);
	uint64_t hole; /* so many bytes of nothing end the file: they take no room on a disk */
};

extern const struct worst worst_frames[], worst_sql[]; /* each ended by one without a name */

/* Who reads such a log. */
struct reader {
	const char *name, *what;
	/* %L the log, %D a database, %O a path for output, %M the mountpoint, %S this program. */
	const char *command[8];
	const char *in_mount; /* with a mount: what the shell does in it, as user of that */
	bool is_apart;        /* it draws on a budget in a way that no reader before it has */
};

extern const struct reader worst_readers[]; /* ended by one without a name */

void worst_begin(struct forger *f);
void worst_end(struct forger *f);

/* So many bytes are left. */
size_t worst_left(const struct forger *f);

/* A frame at the end; its offset. */
uint64_t worst_frame(
	struct forger *f, uint8_t kind, uint8_t must, const void *payload, size_t size);

/* A full keyframe of the database that SQL makes, beside `vars`: pages of PAGE_SIZE bytes. */
void worst_database(struct forger *f, uint32_t page_size, const char *sql);

/* A change of one statement to the next version; a stream of its own. */
void worst_change(struct forger *f, const char *sql);

/* A keyframe of the version before the newest change, without a page: its interval, from the last
 * keyframe on, is that of the COUNT changes at OFFSETS, and the newest change begins the next. */
void worst_delta(struct forger *f, const uint64_t *offsets, size_t count);

/* The same of STATEMENTS, which are RAW bytes: HEAD, then one byte over and over, then TAIL. */
void worst_fill(struct forger *f, const char *head, uint8_t fill, uint64_t raw, const char *tail,
	uint32_t statements);

/* A head without a frame, at AT: of a frame of KIND that has SIZE bytes of payload. */
void worst_head(uint8_t *at, uint8_t kind, uint32_t size);

#endif
