/* credentials.h - who a store is told that we are (docs/objects.md, 6): from a file, the
 * environment, or .netrc. They are in no message. */
#ifndef BK_CREDENTIALS_H
#define BK_CREDENTIALS_H

#include "objecturl.h"
#include <bk/io.h>

#define CREDENTIAL_MAX 4096

struct credentials {
	char user[CREDENTIAL_MAX], password[CREDENTIAL_MAX]; /* "": nobody's */
	char token[CREDENTIAL_MAX];                          /* of s3; "": none */
};

/* Finds those for URL, in memory that bk_secret_free takes. Fails with BK_E_UNSAFE where others may
 * read the file, BK_E_INVALID where it says nothing of use, BK_E_MISSING, BK_E_LIMIT, BK_E_IO,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_credentials_find(struct credentials **out, const struct bk_io *io,
	const struct object_url *url, struct bk_error *err);

#endif
