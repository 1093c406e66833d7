/* lockfile.c - backup.lock. */
#include "lockfile.h"
#include <bk/change.h>
#include <cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room is made for one read more than the limit, so that the end of the file is seen. */
#define READ_BYTES           4096
#define KEYFRAME_CHANGES_MAX 100000

void lockfile_done(struct lockfile *lockfile)
{
	free(lockfile->backend_url);
	free(lockfile->database);
	*lockfile = (struct lockfile){0};
}

static enum bk_code read_file(const char *path, struct bk_buf *text, struct bk_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum bk_code code = BK_OK;
	ssize_t n = 1;

	if (fd < 0)
		return bk_fail(err, errno == ENOENT ? BK_E_MISSING : BK_E_IO, errno,
			"cannot open %s", path);
	while (!code && n > 0) {
		code = bk_buf_reserve(text, READ_BYTES, err);
		if (code)
			break;
		n = read(fd, text->data + text->size, text->capacity - text->size);
		if (n > 0)
			text->size += (size_t)n;
	}
	if (n < 0)
		code = bk_fail(err, BK_E_IO, errno, "cannot read %s", path);
	close(fd);
	return code;
}

static enum bk_code bad_key(
	const char *name, const char *key, const char *want, struct bk_error *err)
{
	return bk_fail(err, BK_E_INVALID, 0,
		"%s: \"%s\" must be %s: mend that, or remove the file and run backup-cli init",
		name, key, want);
}

static enum bk_code take_string(const cJSON *root, const char *name, const char *key,
	const char *fallback, const char *want, char **out, struct bk_error *err)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, key);
	const char *text = item ? cJSON_GetStringValue(item) : fallback;

	if (!text || !*text)
		return bad_key(name, key, want, err);
	*out = strdup(text);
	if (!*out)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", name);
	return BK_OK;
}

static enum bk_code take_on_gap(
	const cJSON *root, const char *name, struct lockfile *out, struct bk_error *err)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, "on_gap");
	const char *text = item ? cJSON_GetStringValue(item) : "heal";

	if (!text || (strcmp(text, "heal") != 0 && strcmp(text, "halt") != 0))
		return bad_key(name, "on_gap", "\"heal\" or \"halt\"", err);
	out->halt_on_gap = strcmp(text, "halt") == 0;
	return BK_OK;
}

static enum bk_code take_keyframe_changes(
	const cJSON *root, const char *name, struct lockfile *out, struct bk_error *err)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, "keyframe_changes");
	double number = item ? cJSON_GetNumberValue(item) : 1;

	if (!(number >= 0 && number <= KEYFRAME_CHANGES_MAX) || number != (unsigned)number)
		return bad_key(name, "keyframe_changes",
			"a whole number from 0 (no keyframes) to 100000", err);
	out->no_keyframes = number == 0;
	out->keyframe_changes = item ? (unsigned)number : 0;
	return BK_OK;
}

static enum bk_code parse_text(
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

enum bk_code lockfile_parse(
	struct lockfile *out, const char *text, size_t size, const char *name, struct bk_error *err)
{
	struct lockfile found = {0};
	cJSON *root;
	enum bk_code code = parse_text(&root, text, size, name, err);

	if (code)
		return code;
	code = take_string(root, name, "backend_url", NULL,
		"a text, where the log is, such as \"file:///mnt/disk/node.bkp\"",
		&found.backend_url, err);
	if (!code)
		code = take_string(root, name, "database", LOCKFILE_DATABASE,
			"a text, the node's database, such as \"" LOCKFILE_DATABASE "\"",
			&found.database, err);
	if (!code)
		code = take_on_gap(root, name, &found, err);
	if (!code)
		code = take_keyframe_changes(root, name, &found, err);
	cJSON_Delete(root);
	if (code) {
		lockfile_done(&found);
		return code;
	}
	*out = found;
	return BK_OK;
}

enum bk_code lockfile_read(struct lockfile *out, const char *path, struct bk_error *err)
{
	struct bk_buf text;
	enum bk_code code;

	bk_buf_init(&text, LOCKFILE_BYTES_MAX + READ_BYTES);
	code = read_file(path, &text, err);
	if (!code)
		code = lockfile_parse(out, (const char *)text.data, text.size, path, err);
	bk_buf_done(&text);
	return code;
}

static bool set_string(cJSON *root, const char *key, const char *value)
{
	cJSON *item = cJSON_CreateString(value);

	if (!item)
		return false;
	if (cJSON_GetObjectItemCaseSensitive(root, key))
		return cJSON_ReplaceItemInObjectCaseSensitive(root, key, item);
	return cJSON_AddItemToObject(root, key, item);
}

/* The file's new text, which the caller frees. */
static enum bk_code new_text(const char *path, const char *backend_url, const char *database,
	char **text, struct bk_error *err)
{
	struct bk_buf old;
	cJSON *root = NULL;
	enum bk_code code;

	bk_buf_init(&old, LOCKFILE_BYTES_MAX + READ_BYTES);
	code = read_file(path, &old, err);
	if (code == BK_E_MISSING) {
		code = BK_OK;
		root = cJSON_CreateObject();
	} else if (!code) {
		code = parse_text(&root, (const char *)old.data, old.size, path, err);
	}
	bk_buf_done(&old);
	if (code)
		return code;
	*text = NULL;
	if (root && set_string(root, "backend_url", backend_url) &&
		(!database || set_string(root, "database", database)))
		*text = cJSON_Print(root);
	cJSON_Delete(root);
	return *text ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", path);
}

static bool write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		size -= (size_t)n;
	}
	return true;
}

static enum bk_code replace_file(
	const char *path, const char *temp, const char *text, struct bk_error *err)
{
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), dir;
	const char *slash = strrchr(path, '/');
	char *parent;
	bool good;

	if (fd < 0)
		return bk_fail(err, BK_E_IO, errno, "cannot write %s", temp);
	good = write_all(fd, text, strlen(text)) && write_all(fd, "\n", 1) && fsync(fd) == 0;
	if (close(fd) != 0 || !good || rename(temp, path) != 0) {
		bk_fail(err, BK_E_IO, errno, "cannot write %s", path);
		unlink(temp);
		return BK_E_IO;
	}
	parent = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	dir = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	free(parent);
	good = dir >= 0 && (fsync(dir) == 0 || errno == EINVAL);
	if (!good)
		bk_fail(err, BK_E_IO, errno, "cannot sync the directory of %s", path);
	if (dir >= 0)
		close(dir);
	return good ? BK_OK : BK_E_IO;
}

enum bk_code lockfile_write(
	const char *path, const char *backend_url, const char *database, struct bk_error *err)
{
	char *text = NULL, *temp = NULL;
	enum bk_code code = new_text(path, backend_url, database, &text, err);

	if (code)
		return code;
	if (asprintf(&temp, "%s.new", path) < 0) {
		temp = NULL;
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", path);
	} else {
		code = replace_file(path, temp, text, err);
	}
	free(temp);
	cJSON_free(text);
	return code;
}
