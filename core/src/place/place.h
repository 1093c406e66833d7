/* place.h - a place that holds a log's bytes for another: a mirror, as one table of operations.
 *
 * What they have in common (docs/mirror.md): a place takes runs of bytes that chain to what it
 * holds, and nothing else; it gives back ranges of them; it says in one exchange where it stands; a
 * log takes another's place only whole, and the other stays for a time. So a store that can only
 * put, get and list whole objects can be one, too: a run that is synced is an object, named by its
 * offset and the sum of its last frame.
 *
 * Threads: one place in one thread at a time, but for parts, where it is shared. */
#ifndef BK_PLACE_IMPL_H
#define BK_PLACE_IMPL_H

#include "frame.h"
#include <bk/buf.h>

/* The largest run of one append, and the most of one read, in bytes. */
#define PLACE_RUN_MAX ((size_t)1 << 20)

/* One log that a place holds. */
struct place_log {
	bool is_there; /* else the rest is zeros */
	uint8_t id[LOG_ID_SIZE];
	uint64_t end;     /* behind the last whole frame */
	uint64_t sum;     /* of that frame; of the header, where there is none yet */
	uint64_t durable; /* what stands before is on stable storage */
};

struct place_head {
	struct place_log now;    /* the log of the place */
	struct place_log coming; /* one that will take its place, and is not whole yet */
};

enum place_begin {
	PLACE_SUCCEEDS, /* an empty place, or one whose log the header names as its predecessor */
	PLACE_ANEW,     /* by an operator's word: whatever the place holds is put aside, and kept */
};

/* What is to be read at once with others. */
struct place_part {
	uint64_t offset;
	uint8_t *data;
	size_t size, got;
};

struct place;

struct place_ops {
	BK_MUST_CHECK enum bk_code (*head)(
		struct place *place, struct place_head *out, struct bk_error *err);

	/* Begins a log with HEADER, of LOG_HEADER_SIZE bytes: in an empty place its own, else the
	 * coming one. One that was begun before goes on where it stands. Fails with BK_E_UNSAFE
	 * where the place holds another's. */
	BK_MUST_CHECK enum bk_code (*begin)(struct place *place, const uint8_t *header,
		enum place_begin how, struct bk_error *err);

	/* Appends SIZE bytes at OFFSET to the log ID, at most PLACE_RUN_MAX. With SYNC all whole
	 * frames are on stable storage when it returns; without, a failure may only be told by a
	 * later call. Fails with BK_E_UNSAFE where they do not chain to what the place holds,
	 * BK_E_BUSY where it does not stand at OFFSET (ask again where it does), BK_E_MISSING
	 * where it holds no such log, BK_E_LIMIT, BK_E_IO, BK_E_NOMEM. */
	BK_MUST_CHECK enum bk_code (*append)(struct place *place, const uint8_t *id,
		uint64_t offset, const void *data, size_t size, bool sync, struct bk_error *err);

	/* The coming log ID takes the place's name, durably; what stood there is put aside. */
	BK_MUST_CHECK enum bk_code (*commit)(
		struct place *place, const uint8_t *id, struct bk_error *err);

	/* Reads at most SIZE bytes of whole frames at OFFSET of the place's log, which must be ID;
	 * fewer only at its end. */
	BK_MUST_CHECK enum bk_code (*read)(struct place *place, const uint8_t *id, uint64_t offset,
		void *data, size_t size, size_t *got, struct bk_error *err);

	/* As read, of COUNT parts in one exchange; of a log that was found by head. BK_E_BUSY where
	 * what was found is no more so: read finds it anew. NULL where there is no such. */
	BK_MUST_CHECK enum bk_code (*parts)(struct place *place, const uint8_t *id,
		struct place_part *parts, size_t count, struct bk_error *err);

	/* Gives TAKE, with CTX, the parts of the log ID that opening the image of VERSION reads (of
	 * the newest one, if VERSION is NULL), or some of them. NULL where reading costs no more
	 * than asking. */
	BK_MUST_CHECK enum bk_code (*image)(struct place *place, const uint8_t *id,
		const uint32_t *version,
		void (*take)(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size),
		void *ctx, struct bk_error *err);

	/* Appends to NAMES one line for each log that was put aside and is still kept. */
	BK_MUST_CHECK enum bk_code (*list)(
		struct place *place, struct bk_buf *names, struct bk_error *err);

	/* Does something for the place's own order, while nothing waits to be sent; *WAIT_MS: when
	 * there is more of that (0: at once; UINT32_MAX: not before more is sent). May be NULL. */
	BK_MUST_CHECK enum bk_code (*tend)(
		struct place *place, uint32_t *wait_ms, struct bk_error *err);

	void (*close)(struct place *place);
};

struct place {
	const struct place_ops *ops;
	bool is_shared; /* any number of threads may call parts at once */
	/* Of who only reads, else NULL: he needs no sum of the log, and is given, with TAKE_CTX,
	 * bytes of it that are come by while it is found, from where KiB begin. */
	void (*take)(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size);
	void *take_ctx;
	uint32_t gather_ms; /* where nobody waits for it, what is to be sent waits so long for more
			     */
};

#endif
