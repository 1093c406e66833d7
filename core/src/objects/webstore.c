/* webstore.c - stores by their URL. */
#include "webstore.h"
#include "web.h"
#include <stdlib.h>

static enum bk_code set_up(struct web *web, const char *url, struct bk_error *err)
{
	enum bk_code code = bk_objecturl_parse(&web->url, url, err);

	return code ? code : bk_credentials_find(&web->who, web->io, &web->url, err);
}

enum bk_code bk_objects_open(
	struct objects **out, const struct bk_io *io, const char *url, struct bk_error *err)
{
	struct web *web = calloc(1, sizeof *web);
	enum bk_code code;

	if (!web)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a store");
	web->io = io;
	web->http = io->http ? io->http : bk_http_real();
	code = set_up(web, url, err);
	web->objects.ops = web->url.is_s3 ? &bk_s3_ops : &bk_dav_ops;
	web->objects.may_race = !web->url.is_s3;
	if (code)
		bk_web_close(&web->objects);
	else
		*out = &web->objects;
	return code;
}
