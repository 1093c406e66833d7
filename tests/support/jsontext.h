/* jsontext.h - calls as JSON, in lightningd's own form. */
#ifndef JSONTEXT_H
#define JSONTEXT_H

#include "trace.h"

/* Appends TEXT as a JSON string. Fails as bk_buf_append does. */
BK_MUST_CHECK enum bk_code json_string(
	struct bk_buf *out, const struct bk_slice *text, struct bk_error *err);

/* Appends a formatted text as it is. */
BK_MUST_CHECK enum bk_code json_raw(struct bk_buf *out, struct bk_error *err, const char *fmt, ...)
	BK_PRINTF(3, 4);

/* Appends the members "data_version" and "writes" of CHANGE, without braces around them. */
BK_MUST_CHECK enum bk_code json_change(
	struct bk_buf *out, const struct bk_change *change, struct bk_error *err);

#endif
