/* webstore.h - stores by their URL. */
#ifndef BK_WEBSTORE_H
#define BK_WEBSTORE_H

#include "objects.h"
#include <bk/io.h>

/* The store that URL names; nothing is asked yet. Fails with BK_E_INVALID, or as
 * bk_credentials_find does. */
BK_MUST_CHECK enum bk_code bk_objects_open(
	struct objects **out, const struct bk_io *io, const char *url, struct bk_error *err);

#endif
