/* objecturl.h - davs://, dav:// and s3:// URLs (docs/objects.md, 1).
 *
 * Whatever stands in one goes into requests as it was checked here: no control character, no word
 * that climbs out of its path, nothing in the clear that leaves this computer but by a proxy. */
#ifndef BK_OBJECTURL_H
#define BK_OBJECTURL_H

#include <bk/error.h>
#include <stdbool.h>
#include <stddef.h>

struct object_url {
	char *text;  /* owned: all that follows, but for what is made */
	bool is_s3;
	bool takes_clear;     /* in-the-clear=yes */
	const char *user;     /* NULL: not named */
	const char *host;     /* without brackets */
	const char *bucket;   /* of s3, which else has "" */
	const char *prefix;   /* unescaped; "" or ends with a slash; begins with none */
	const char *region, *ca_file, *credentials; /* the last two may be NULL */
	char *origin; /* owned: "https://HOST:PORT" */
	char *path;   /* owned: escaped; from one slash to another, the bucket in it */
	char *proxy;  /* owned: "socks5h://HOST:PORT", or NULL */
};

/* Whether URL is one of these, right or wrong. */
bool bk_objecturl_is(const char *url);

/* Fails with BK_E_INVALID, saying what is wrong with it, but not what it is: a password that should
 * not stand there may; BK_E_NOMEM. OUT is then empty. */
BK_MUST_CHECK enum bk_code bk_objecturl_parse(
	struct object_url *out, const char *url, struct bk_error *err);
void bk_objecturl_done(struct object_url *url);

#endif
