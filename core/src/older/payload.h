/* payload.h - statements as the older plugin writes them: joined, a zero byte between two of them
 * and none behind the last; and the blank that nodes before v0.9.2 left out of some. */
#ifndef BK_PAYLOAD_H
#define BK_PAYLOAD_H

#include <bk/change.h>

struct bk_older_statements {
	struct bk_slice *list; /* owned */
	size_t count, capacity;
};

void bk_older_statements_done(struct bk_older_statements *statements);

/* Sets STATEMENTS, zeros or of an earlier call, to those of SIZE bytes of PAYLOAD, which they point
 * into. Fails with BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_older_split(struct bk_older_statements *statements,
	const void *payload, size_t size, struct bk_error *err);

/* Appends CHANGE as a payload to OUT. Fails with BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_older_join(
	struct bk_buf *out, const struct bk_change *change, struct bk_error *err);

/* Appends SIZE bytes of PAYLOAD to OUT, with a blank before each WHERE that stands directly behind
 * "reserved_til=" or "peer_id=" and a number: nodes before v0.9.2 sent it so, and SQLite takes no
 * such statement. What is quoted stays. Returns how many blanks that were in *MENDED. Fails with
 * BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_older_mend(struct bk_buf *out, const void *payload, size_t size,
	unsigned *mended, struct bk_error *err);

#endif
