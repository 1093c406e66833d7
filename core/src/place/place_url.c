/* place_url.c - places by their URL. */
#include "place_url.h"
#include "place_file.h"
#include "place_ssh.h"
#include "sshurl.h"
#include <bk/dest.h>
#include <stdlib.h>
#include <string.h>

enum bk_code bk_place_check_url(const char *url, struct bk_error *err)
{
	struct sshurl parts;
	char *path;
	enum bk_code code;

	if (bk_sshurl_is(url)) {
		code = bk_sshurl_parse(&parts, url, err);
		if (!code)
			bk_sshurl_done(&parts);
		return code;
	}
	code = bk_dest_path(&path, url, err);
	if (!code)
		free(path);
	return code;
}

enum bk_code bk_place_url(char **out, const char *url, struct bk_error *err)
{
	char *path;
	enum bk_code code = bk_place_check_url(url, err);

	if (!code && bk_sshurl_is(url)) {
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

enum bk_code bk_place_open(
	struct place **out, const struct bk_io *io, const char *url, struct bk_error *err)
{
	char *path;
	enum bk_code code;

	if (bk_sshurl_is(url))
		return bk_place_ssh(out, io, url, err);
	code = bk_dest_path(&path, url, err);
	if (code)
		return code;
	code = bk_place_file(out, io, path, err);
	free(path);
	return code;
}
