/* sign.h - requests to S3, signed (AWS signature version 4). libcurl could do it; but what it signs,
 * and how it writes paths and queries for that, is not the same in all its versions, and it knows no
 * clock but ours. */
#ifndef BK_SIGN_H
#define BK_SIGN_H

#include "credentials.h"
#include <bk/buf.h>

#define SIGN_LINE_MAX  (2 * CREDENTIAL_MAX)
#define SIGN_LINES_MAX 5

/* Lines to send with a request. */
struct signature {
	char lines[SIGN_LINES_MAX - 1][SIGN_LINE_MAX];
	size_t count;
};

/* Signs a request of METHOD for TARGET, the whole URL as it is sent, whose query's words are in
 * order, with BODY, at WHEN_S. Wipe SIGNATURE behind it. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_sign(struct signature *signature, const struct credentials *who,
	const char *region, const char *method, const char *target, const struct bk_slice *body,
	int64_t when_s, struct bk_error *err);

#endif
