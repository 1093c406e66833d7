/* credentials.c - who a store is told that we are. */
#include "credentials.h"
#include "secret.h"
#include <bk/wholefile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)64 << 10)
#define BLANKS   " \t\r\n"

/* The texts of FILE are taken apart in place. */
typedef enum bk_code take_fn(struct credentials *out, char *text, const struct object_url *url,
	const char *path, struct bk_error *err);

static enum bk_code put(char *out, const char *text, const char *path, struct bk_error *err)
{
	if (strlen(text) >= CREDENTIAL_MAX)
		return bk_fail(err, BK_E_LIMIT, 0, "a credential of %s is too long", path);
	strcpy(out, text);
	return BK_OK;
}

/* Takes the file at PATH, if nobody else can read it. */
static enum bk_code take_file(struct credentials *out, const struct bk_io *io,
	const struct object_url *url, const char *path, take_fn *take, struct bk_error *err)
{
	struct bk_io_stat st;
	struct bk_buf text;
	enum bk_code code;

	bk_buf_init(&text, FILE_MAX);
	code = bk_wholefile_read(&text, io, path, err);
	if (!code && io->ops->stat_path(io->ctx, path, &st) == 0 && st.mode & 077)
		code = bk_fail(err, BK_E_UNSAFE, 0,
			"others may read the credentials in %s: chmod 600 it", path);
	if (!code)
		code = bk_buf_append(&text, "", 1, err);
	if (!code)
		code = take(out, (char *)text.data, url, path, err);
	if (text.data)
		bk_secret_wipe(text.data, text.size);
	bk_buf_done(&text);
	return code;
}

/* TEXT without the blanks around it. */
static char *trim(char *text)
{
	size_t length;

	text += strspn(text, BLANKS);
	for (length = strlen(text); length && strchr(BLANKS, text[length - 1]); length--)
		;
	text[length] = '\0';
	return text;
}

/* Where the value of KEY goes; NULL: nowhere. */
static char *room_of(struct credentials *out, const char *key)
{
	static const char *const names[][2] = {{"user", "aws_access_key_id"},
		{"password", "aws_secret_access_key"}, {"token", "aws_session_token"}};
	char *const rooms[] = {out->user, out->password, out->token};

	for (size_t i = 0; i < 3; i++)
		if (strcmp(key, names[i][0]) == 0 || strcmp(key, names[i][1]) == 0)
			return rooms[i];
	return NULL;
}

/* Lines of KEY=VALUE. */
static enum bk_code take_lines(struct credentials *out, char *text, const struct object_url *url,
	const char *path, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	char *line;

	while (!code && (line = strsep(&text, "\n"))) {
		char *value = strchr(line, '='), *room;

		line = trim(line);
		if (!value || *line == '#' || *line == '[')
			continue;
		*value++ = '\0';
		room = room_of(out, trim(line));
		if (room)
			code = put(room, trim(value), path, err);
	}
	if (!code && !*out->user && url->user)
		code = put(out->user, url->user, path, err);
	if (!code && (!*out->user || !*out->password))
		code = bk_fail(err, BK_E_INVALID, 0, "%s has no lines user= and password=", path);
	return code;
}

/* Blanks out what is nobody's in TEXT, of .netrc: lines that begin with #, and macros, each up to
 * an empty line. */
static void drop_remarks(char *text)
{
	static const char macro[] = "macdef";
	bool is_macro = false;

	for (char *line = text, *end; *line; line = end + (*end != '\0')) {
		const char *first = line + strspn(line, " \t\r");

		end = line + strcspn(line, "\n");
		if (first >= end)
			is_macro = false;
		else if (strncmp(first, macro, strlen(macro)) == 0 &&
			 strchr(BLANKS, first[strlen(macro)]))
			is_macro = true;
		if (is_macro || *first == '#')
			memset(line, ' ', (size_t)(end - line));
	}
}

/* The next word of *TEXT, of .netrc; NULL at the end. Within quotes a backslash stands before what
 * would mean something else. */
static char *next_word(char **text)
{
	char *word = *text + strspn(*text, BLANKS), *out, *at;
	bool is_quoted = *word == '"';

	word += is_quoted;
	for (at = out = word; *at && !strchr(is_quoted ? "\"" : BLANKS, *at); at++) {
		if (is_quoted && *at == '\\' && at[1])
			at++;
		*out++ = *at;
	}
	*text = at + (*at != '\0');
	*out = '\0';
	return *word || is_quoted ? word : NULL;
}

/* What .netrc says of one host. */
struct entry {
	bool is_ours;
	const char *login, *password;
};

/* Where the URL names a user, that is the login, or stands for one. */
static bool is_whole(const struct entry *entry, const struct object_url *url)
{
	if (!entry->is_ours || !entry->password || !(entry->login || url->user))
		return false;
	return !entry->login || !url->user || strcmp(url->user, entry->login) == 0;
}

static enum bk_code take_netrc(struct credentials *out, char *text, const struct object_url *url,
	const char *path, struct bk_error *err)
{
	struct entry entry = {0};
	enum bk_code code = BK_OK;
	char *word;

	drop_remarks(text);
	while ((word = next_word(&text))) {
		bool is_default = strcmp(word, "default") == 0;
		bool is_next = is_default || strcmp(word, "machine") == 0;

		if (is_next && is_whole(&entry, url))
			break;
		if (is_default)
			entry = (struct entry){.is_ours = true};
		else if (!(strcmp(word, "machine") && strcmp(word, "login") &&
				 strcmp(word, "password") && strcmp(word, "account"))) {
			const char *value = next_word(&text);

			if (!value)
				break;
			if (*word == 'm')
				entry = (struct entry){.is_ours = strcmp(value, url->host) == 0};
			else if (*word == 'l')
				entry.login = value;
			else if (*word == 'p')
				entry.password = value;
		}
	}
	if (!is_whole(&entry, url))
		return BK_OK;
	code = put(out->user, entry.login ? entry.login : url->user, path, err);
	return code ? code : put(out->password, entry.password, path, err);
}

static enum bk_code put_variable(char *out, const char *name, struct bk_error *err)
{
	const char *value = getenv(name);

	return value ? put(out, value, name, err) : BK_OK;
}

static enum bk_code take_environment(
	struct credentials *out, const struct object_url *url, struct bk_error *err)
{
	enum bk_code code = put_variable(
		out->user, url->is_s3 ? "AWS_ACCESS_KEY_ID" : "BACKUP_DAV_USER", err);

	if (!code)
		code = put_variable(out->password,
			url->is_s3 ? "AWS_SECRET_ACCESS_KEY" : "BACKUP_DAV_PASSWORD", err);
	if (!code && url->is_s3)
		code = put_variable(out->token, "AWS_SESSION_TOKEN", err);
	if (!code && *out->password && !*out->user && url->user)
		code = put(out->user, url->user, "the URL", err);
	return code;
}

static bool are_there(const struct credentials *found)
{
	return *found->user && *found->password;
}

static enum bk_code find_netrc(struct credentials *out, const struct bk_io *io,
	const struct object_url *url, struct bk_error *err)
{
	const char *home = getenv("HOME");
	char *path;
	enum bk_code code;

	if (!home)
		return BK_OK;
	if (asprintf(&path, "%s/.netrc", home) < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	code = take_file(out, io, url, path, take_netrc, err);
	free(path);
	return code == BK_E_MISSING ? BK_OK : code;
}

enum bk_code bk_credentials_find(struct credentials **out, const struct bk_io *io,
	const struct object_url *url, struct bk_error *err)
{
	struct credentials *found = bk_secret_new(sizeof *found);
	enum bk_code code = BK_OK;

	if (!found)
		return bk_secret_no_memory(err);
	if (url->credentials)
		code = take_file(found, io, url, url->credentials, take_lines, err);
	else
		code = take_environment(found, url, err);
	if (!code && !are_there(found)) {
		bk_secret_wipe(found, sizeof *found); /* a part of them is nothing */
		code = find_netrc(found, io, url, err);
	}
	if (!code && !are_there(found))
		bk_secret_wipe(found, sizeof *found);
	if (code)
		bk_secret_free(found);
	else
		*out = found;
	return code;
}
