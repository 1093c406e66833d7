/* mirrors.h - the mirrors of a log: other places that hold its bytes (docs/mirror.md).
 *
 * Each has a thread of its own, which brings it level from wherever it stands, as fast as it takes
 * bytes, and keeps it so. With a quorum of K a change counts when K places have it on stable
 * storage, the log's own file always among them: the change goes to the mirrors while the log is
 * synced, and the append waits for the fastest K - 1 of them.
 *
 * Calling sequence: bk_mirrors_open; a writer is opened with them (writer.h), which asks each where
 * it stands, and closed; bk_mirrors_free.
 *
 * Threads: any, but for opening, changing and freeing. */
#ifndef BK_MIRRORS_H
#define BK_MIRRORS_H

#include <bk/error.h>
#include <bk/io.h>
#include <stdbool.h>

struct bk_mirrors;

#define BK_MIRRORS_MAX 8

/* How long an append waits for the quorum, where nobody says otherwise. */
#define BK_OUTAGE_MS   60000u
#define BK_OUTAGE_WAIT UINT32_MAX /* for ever */

enum bk_mirrors_news {
	BK_MIRRORS_WAITING, /* an append waits for the quorum from here on */
	BK_MIRRORS_MISSED,  /* it goes on without: an alarm */
	BK_MIRRORS_MET,     /* the quorum is met again */
	BK_MIRRORS_TOLD,    /* a mirror became level, went away, came back, took something over */
	BK_MIRRORS_REFUSED, /* a mirror refuses the log, or cannot take it: an alarm */
};

/* TEXT says it in words. Called from any thread; never at once from two. */
typedef void bk_mirrors_fn(void *ctx, enum bk_mirrors_news news, const char *text);

struct bk_mirrors_options {
	const char *const *urls; /* COUNT of them; borrowed for the call */
	/* For each the log that it held once, 32 hexadecimal digits, or NULL: then it must not be
	 * empty. NULL: nothing is known of any. */
	const char *const *held;
	unsigned count;
	unsigned quorum;    /* places that must have a change, the log's own file counted; 0: 1 */
	uint32_t outage_ms; /* 0: BK_OUTAGE_MS */
	bk_mirrors_fn *notify; /* may be NULL */
	void *ctx;
};

/* Fails with BK_E_INVALID where a URL is none, or the quorum is larger than there are places;
 * BK_E_LIMIT, BK_E_NOMEM. Nothing is opened yet. */
BK_MUST_CHECK enum bk_code bk_mirrors_open(struct bk_mirrors **out, const struct bk_io *io,
	const struct bk_mirrors_options *options, struct bk_error *err);
void bk_mirrors_free(struct bk_mirrors *mirrors); /* takes NULL */

/* While a writer uses them: from now on the mirrors, the quorum and the wait are those of OPTIONS.
 * Those that are there already go on; one that is new is brought level; one that is gone is sent
 * nothing more. What else OPTIONS has is passed over. Fails as bk_mirrors_open does, and then all
 * is as before, but for BK_E_NOMEM; with BK_E_BUSY where no writer uses them. For one thread at a
 * time. */
BK_MUST_CHECK enum bk_code bk_mirrors_change(
	struct bk_mirrors *mirrors, const struct bk_mirrors_options *options, struct bk_error *err);

enum bk_mirror_state {
	BK_MIRROR_ASKED,   /* nothing is known yet */
	BK_MIRROR_AWAY,    /* it cannot be asked, and is tried again */
	BK_MIRROR_BEHIND,  /* it is being brought level */
	BK_MIRROR_LEVEL,   /* it has all that it should */
	BK_MIRROR_REFUSES, /* what it holds is not this log, or another went on with it */
};

struct bk_mirror_status {
	char url[4097];
	enum bk_mirror_state state;
	uint64_t behind;                /* bytes of the log that it has not */
	char why[BK_ERROR_MESSAGE_MAX]; /* it is away, or refuses; else "" */
};

/* False if there is no mirror of that number, from 0. */
bool bk_mirrors_status(struct bk_mirrors *mirrors, unsigned number, struct bk_mirror_status *out);

#endif
