/* place_url.c - places by their URL. */
#include "place_url.h"
#include "objecturl.h"
#include "place_file.h"
#include "place_objects.h"
#include "place_ssh.h"
#include "sshurl.h"
#include "webstore.h"
#include <bk/dest.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum bk_code check_ssh(const char *url, struct bk_error *err)
{
	struct sshurl parts;
	enum bk_code code = bk_sshurl_parse(&parts, url, err);

	if (!code)
		bk_sshurl_done(&parts);
	return code;
}

static enum bk_code check_objects(const char *url, bool *takes_clear, struct bk_error *err)
{
	struct object_url parts;
	enum bk_code code = bk_objecturl_parse(&parts, url, err);

	if (code)
		return code;
	*takes_clear = parts.takes_clear;
	bk_objecturl_done(&parts);
	return BK_OK;
}

bool bk_place_is_store(const char *url)
{
	return bk_objecturl_is(url);
}

bool bk_place_takes_clear(const char *url)
{
	struct bk_error ignored;
	bool takes_clear = false;

	return !bk_objecturl_is(url) ||
	       (!check_objects(url, &takes_clear, &ignored) && takes_clear);
}

bool bk_place_is_same(const char *url, const char *other)
{
	struct object_url parts, others;
	struct bk_error ignored;
	bool is_same = strcmp(url, other) == 0;

	if (is_same || bk_objecturl_parse(&parts, url, &ignored))
		return is_same;
	if (!bk_objecturl_parse(&others, other, &ignored)) {
		is_same = strcasecmp(parts.origin, others.origin) == 0 &&
			  strcmp(parts.path, others.path) == 0;
		bk_objecturl_done(&others);
	}
	bk_objecturl_done(&parts);
	return is_same;
}

enum bk_code bk_place_check_url(const char *url, struct bk_error *err)
{
	bool ignored;
	char *path;
	enum bk_code code;

	if (bk_sshurl_is(url))
		return check_ssh(url, err);
	if (bk_objecturl_is(url))
		return check_objects(url, &ignored, err);
	code = bk_dest_path(&path, url, err);
	if (!code)
		free(path);
	return code;
}

enum bk_code bk_place_url(char **out, const char *url, struct bk_error *err)
{
	char *path;
	enum bk_code code = bk_place_check_url(url, err);

	if (!code && (bk_sshurl_is(url) || bk_objecturl_is(url))) {
		*out = strdup(url);
		return *out ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
	}
	if (!code)
		code = bk_dest_path(&path, url, err);
	if (code)
		return code;
	code = bk_dest_url(out, path, err);
	free(path);
	return code;
}

static enum bk_code open_store(
	struct place **out, const struct bk_io *io, const char *url, struct bk_error *err)
{
	struct objects *objects;
	bool takes_clear;
	enum bk_code code = check_objects(url, &takes_clear, err);

	if (!code)
		code = bk_objects_open(&objects, io, url, err);
	return code ? code : bk_place_objects(out, objects, takes_clear, err);
}

enum bk_code bk_place_open(
	struct place **out, const struct bk_io *io, const char *url, struct bk_error *err)
{
	char *path;
	enum bk_code code;

	if (bk_sshurl_is(url))
		return bk_place_ssh(out, io, url, err);
	if (bk_objecturl_is(url))
		return open_store(out, io, url, err);
	code = bk_dest_path(&path, url, err);
	if (code)
		return code;
	code = bk_place_file(out, io, path, err);
	free(path);
	return code;
}
