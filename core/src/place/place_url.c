/* place_url.c - places by their URL. */
#include "place_url.h"
#include "place_file.h"
#include <bk/dest.h>
#include <stdlib.h>

enum bk_code bk_place_check_url(const char *url, struct bk_error *err)
{
	char *path;
	enum bk_code code = bk_dest_path(&path, url, err);

	if (!code)
		free(path);
	return code;
}

enum bk_code bk_place_url(char **out, const char *url, struct bk_error *err)
{
	char *path;
	enum bk_code code = bk_dest_path(&path, url, err);

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
	enum bk_code code = bk_dest_path(&path, url, err);

	if (code)
		return code;
	code = bk_place_file(out, io, path, err);
	free(path);
	return code;
}
