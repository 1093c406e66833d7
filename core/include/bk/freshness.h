/* freshness.h - which of several places has the newest state of a node (docs/mirror.md, 6).
 *
 * A node that starts from an older one can lose its channels' funds. So a place that cannot be
 * asked is not passed over, but by word; and where two went on by themselves, neither is the
 * newest. */
#ifndef BK_FRESHNESS_H
#define BK_FRESHNESS_H

#include <bk/log.h>

/* A place, and what it answered. */
struct bk_answer {
	const char *url;
	struct bk_log *log;  /* its log; NULL: it could not be opened, */
	struct bk_error why; /* because */
	bool is_given_up;    /* an operator said that it does not count */
};

/* What somebody else knows of the log: it was at VERSION once. */
struct bk_known {
	bool is_known;
	uint32_t version;
};

struct bk_freshness {
	size_t newest;    /* among the answers */
	bool is_unproven; /* nobody else knows better, or worse */
};

/* Fails with BK_E_UNSAFE, saying what is wrong and which word goes on without it: a place that did
 * not answer or was emptied, one of another node, two that parted, a newest that is older than what
 * is KNOWN. BK_E_MISSING where nothing answered; BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_freshest(struct bk_freshness *out, const struct bk_answer *answers,
	size_t count, const struct bk_known *known, struct bk_error *err);

#endif
