/* lockfile.c - backup.lock. */
#include "lockfile.h"
#include "lockkeys.h"
#include "lockpolicy.h"
#include <bk/wholefile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYFRAME_CHANGES_MAX 100000

void lockfile_done(struct lockfile *lockfile)
{
	free(lockfile->backend_url);
	free(lockfile->database);
	free(lockfile->heartbeat);
	free(lockfile->key_file);
	lockplaces_done(&lockfile->places);
	*lockfile = (struct lockfile){0};
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

static enum bk_code take_key_file(
	const cJSON *root, const char *name, struct lockfile *out, struct bk_error *err)
{
	if (!cJSON_GetObjectItemCaseSensitive(root, "key_file"))
		return BK_OK;
	return take_string(root, name, "key_file", NULL,
		"a text, the key file of a sealed log, such as \"" LOCKFILE_KEY "\"",
		&out->key_file, err);
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

static enum bk_code take_heartbeat(
	const cJSON *root, const char *name, struct lockfile *out, struct bk_error *err)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, "heartbeat");
	const char *text = cJSON_GetStringValue(item);

	if (!item)
		return BK_OK;
	if (!text || (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0))
		return bad_key(name, "heartbeat",
			"a text, a URL such as \"https://hc-ping.com/...\"", err);
	out->heartbeat = strdup(text);
	return out->heartbeat ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", name);
}

enum bk_code lockfile_parse(
	struct lockfile *out, const char *text, size_t size, const char *name, struct bk_error *err)
{
	struct lockfile found = {0};
	cJSON *root;
	enum bk_code code = lockkeys_parse(&root, text, size, name, err);

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
		code = take_key_file(root, name, &found, err);
	if (!code)
		code = take_on_gap(root, name, &found, err);
	if (!code)
		code = take_keyframe_changes(root, name, &found, err);
	if (!code)
		code = take_heartbeat(root, name, &found, err);
	if (!code)
		code = lockplaces_parse(&found.places, root, name, err);
	if (!code)
		code = lockpolicy_take(root, name, &found.has_policy, &found.policy, err);
	lockseen_parse(&found.seen, root);
	cJSON_Delete(root);
	if (code) {
		lockfile_done(&found);
		return code;
	}
	*out = found;
	return BK_OK;
}

enum bk_code lockfile_read(
	struct lockfile *out, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_buf text;
	enum bk_code code;

	bk_buf_init(&text, LOCKFILE_BYTES_MAX);
	code = bk_wholefile_read(&text, io, path, err);
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

enum bk_code lockfile_write(const struct bk_io *io, const char *path, const char *backend_url,
	const char *database, const char *key_file, const struct lockplaces *places,
	struct bk_error *err)
{
	cJSON *keys;
	enum bk_code code = lockkeys_read(&keys, io, path, err);

	if (code)
		return code;
	if (backend_url)
		cJSON_DeleteItemFromObjectCaseSensitive(keys, "key_file");
	if ((!backend_url ||
		    (set_string(keys, "backend_url", backend_url) && lockseen_put(NULL, keys))) &&
		(!database || set_string(keys, "database", database)) &&
		(!key_file || set_string(keys, "key_file", key_file)) &&
		(!places || lockplaces_put(places, keys)))
		code = lockkeys_write(keys, io, path, err);
	else
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", path);
	cJSON_Delete(keys);
	return code;
}

enum bk_code lockfile_write_policy(const struct bk_io *io, const char *path,
	const struct policy_text *text, struct bk_error *err)
{
	cJSON *keys;
	enum bk_code code = lockkeys_read(&keys, io, path, err);

	if (code)
		return code;
	if (!cJSON_GetObjectItemCaseSensitive(keys, "backend_url"))
		code = bk_fail(err, BK_E_MISSING, 0,
			"%s is not there, or names no log: run backup-cli init first", path);
	else if (lockpolicy_put(keys, text))
		code = lockkeys_write(keys, io, path, err);
	else
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", path);
	cJSON_Delete(keys);
	return code;
}

/* The places at LEVEL held the log of SEEN. */
static enum bk_code note_held(cJSON *keys, const char *path, const struct lockseen *seen,
	const char *const *level, unsigned count, struct bk_error *err)
{
	struct lockplaces places;
	enum bk_code code = lockplaces_parse(&places, keys, path, err);

	for (unsigned i = 0; i < count && !code; i++)
		code = lockplaces_hold(&places, level[i], seen->log, err);
	if (!code && !lockplaces_put(&places, keys))
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", path);
	lockplaces_done(&places);
	return code;
}

enum bk_code lockfile_note(const struct bk_io *io, const char *path, const char *backend_url,
	const struct lockseen *seen, const char *const *level, unsigned count, struct bk_error *err)
{
	cJSON *keys;
	const char *url;
	enum bk_code code = lockkeys_read(&keys, io, path, err);

	if (code)
		return code;
	url = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(keys, "backend_url"));
	if (url && strcmp(url, backend_url) == 0) {
		code = note_held(keys, path, seen, level, count, err);
		if (!code && !lockseen_put(seen, keys))
			code = bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", path);
		if (!code)
			code = lockkeys_write(keys, io, path, err);
	}
	cJSON_Delete(keys);
	return code;
}
