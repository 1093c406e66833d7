/* lockkeys.c - the keys of backup.lock, read and written as a whole. */
#include "lockkeys.h"
#include <bk/wholefile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum bk_code lockkeys_parse(
	cJSON **root, const char *text, size_t size, const char *name, struct bk_error *err)
{
	const char *end = text;

	*root = size ? cJSON_ParseWithLengthOpts(text, size, &end, 0) : NULL;
	while (*root && end < text + size && memchr(" \t\r\n", *end, 4))
		end++;
	if (cJSON_IsObject(*root) && (end == text + size || (end == text + size - 1 && !*end)))
		return BK_OK;
	cJSON_Delete(*root);
	*root = NULL;
	return bk_fail(err, BK_E_INVALID, 0,
		"%s is no JSON object: mend it, or remove it and run: backup-cli init", name);
}

enum bk_code lockkeys_read(
	cJSON **root, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_buf text;
	enum bk_code code;

	bk_buf_init(&text, LOCKFILE_BYTES_MAX);
	code = bk_wholefile_read(&text, io, path, err);
	if (code == BK_E_MISSING) {
		*root = cJSON_CreateObject();
		code = *root ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", path);
	} else if (!code) {
		code = lockkeys_parse(root, (const char *)text.data, text.size, path, err);
	}
	bk_buf_done(&text);
	return code;
}

enum bk_code lockkeys_write(
	const cJSON *keys, const struct bk_io *io, const char *path, struct bk_error *err)
{
	char *text = cJSON_Print(keys), *line = NULL;
	int size = text ? asprintf(&line, "%s\n", text) : -1;
	enum bk_code code;

	cJSON_free(text);
	if (size < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", path);
	code = bk_wholefile_replace(io, path, line, (size_t)size, err);
	free(line);
	return code;
}
