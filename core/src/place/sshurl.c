/* sshurl.c - ssh:// URLs. */
#include "sshurl.h"
#include "wire.h"
#include <bk/dest.h>
#include <bk/path.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME  "ssh://"
#define PROGRAM "backup-cli"
#define QUERY   "server="

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

bool bk_sshurl_is(const char *url)
{
	return strncmp(url, SCHEME, strlen(SCHEME)) == 0;
}

static enum bk_code bad(const char *url, const char *what, struct bk_error *err)
{
	return bk_fail(err, BK_E_INVALID, 0,
		"\"%.200s\" %s: write ssh://user@host/path/to/node.bkp", url, what);
}

/* Whether TEXT can be given to ssh: no option, and nothing that a shell or a terminal takes up. */
static bool is_word(const char *text, const char *others)
{
	if (!*text || *text == '-')
		return false;
	for (; *text; text++)
		if (!strchr(LETTERS DIGITS, *text) && !strchr(others, *text))
			return false;
	return true;
}

/* Takes [user@]host[:port] apart, in place. */
static enum bk_code take_host(
	struct sshurl *out, const char *url, char *authority, struct bk_error *err)
{
	char *at = strrchr(authority, '@'), *host = at ? at + 1 : authority, *end = host, *colon;

	if (at) {
		*at = '\0';
		out->user = authority;
	}
	if (*host == '[') {
		end = strchr(++host, ']');
		if (!end)
			return bad(url, "has a [ without a ]", err);
		*end++ = '\0';
	}
	colon = strchr(end, ':');
	if (colon) {
		*colon = '\0';
		out->port = colon + 1;
	}
	out->host = host;
	if (out->user && !is_word(out->user, "._-+\\"))
		return bad(url, "has a user that ssh does not take", err);
	if (!is_word(host, "._-:%"))
		return bad(url, "names no host", err);
	if (out->port && (!is_word(out->port, "") || strspn(out->port, DIGITS) > 5 ||
				 out->port[strspn(out->port, DIGITS)]))
		return bad(url, "has a port that is no number", err);
	return BK_OK;
}

/* Takes /path/NAME apart, in place: /~/path is from the user's home there. */
static enum bk_code take_path(struct sshurl *out, const char *url, char *path, struct bk_error *err)
{
	char *slash = strrchr(path, '/');

	for (const char *at = path; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return bad(url, "has a control character", err);
	out->name = slash + 1;
	if (!bk_wire_is_name(out->name, strlen(out->name)))
		return bad(url, "names no log: letters, digits, '.', '_' and '-' behind the last /",
			err);
	out->root = slash == path ? "/" : path;
	*slash = '\0';
	if (strcmp(path, "/~") == 0)
		out->root = ".";
	else if (strncmp(path, "/~/", 3) == 0)
		out->root = path[3] ? path + 3 : ".";
	return BK_OK;
}

static enum bk_code take_query(
	struct sshurl *out, const char *url, char *query, struct bk_error *err)
{
	out->program = PROGRAM;
	if (!query)
		return BK_OK;
	if (strncmp(query, QUERY, strlen(QUERY)) != 0 || !is_word(query + strlen(QUERY), "._-+/"))
		return bad(url, "has something behind a ? that is not server=PROGRAM", err);
	out->program = query + strlen(QUERY);
	return BK_OK;
}

/* The words for the shell on the other side, which ssh joins with blanks: so they are quoted. */
static enum bk_code make_command(struct sshurl *out, struct bk_error *err)
{
	char root[2 * BK_DEST_URL_MAX];

	bk_path_word(root, sizeof root, out->root, "ROOT");
	if (asprintf(&out->command, "%s server --stdio --root %s", out->program, root) < 0) {
		out->command = NULL;
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a command");
	}
	return BK_OK;
}

static void make_argv(struct sshurl *out)
{
	/* Nobody is there to answer a question, and a dead line must show. */
	static const char *const options[] = {"ssh", "-T", "-oBatchMode=yes", "-oConnectTimeout=15",
		"-oServerAliveInterval=15", "-oServerAliveCountMax=3", "-oClearAllForwardings=yes"};
	size_t count = 0;

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		out->argv[count++] = options[i];
	if (out->port) {
		out->argv[count++] = "-p";
		out->argv[count++] = out->port;
	}
	if (out->user) {
		out->argv[count++] = "-l";
		out->argv[count++] = out->user;
	}
	out->argv[count++] = "--";
	out->argv[count++] = out->host;
	out->argv[count++] = out->command;
	out->argv[count] = NULL;
}

/* The parts of the copy, which is taken apart. */
static enum bk_code take_apart(struct sshurl *out, const char *url, struct bk_error *err)
{
	char *authority = out->text + strlen(SCHEME), *path = strchr(authority, '/'), *query;
	enum bk_code code;

	if (!path)
		return bad(url, "names no path", err);
	/* One byte more stands before the path, for the end of what is before it. */
	memmove(path + 1, path, strlen(path) + 1);
	*path++ = '\0';
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	code = take_host(out, url, authority, err);
	if (!code)
		code = take_path(out, url, path, err);
	return code ? code : take_query(out, url, query, err);
}

enum bk_code bk_sshurl_parse(struct sshurl *out, const char *url, struct bk_error *err)
{
	enum bk_code code;

	*out = (struct sshurl){0};
	if (!bk_sshurl_is(url) || strlen(url) > BK_DEST_URL_MAX)
		return bad(url, "is none, or too long", err);
	out->text = malloc(strlen(url) + 2);
	if (!out->text)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
	strcpy(out->text, url);
	code = take_apart(out, url, err);
	if (!code)
		code = make_command(out, err);
	if (code) {
		bk_sshurl_done(out);
		return code;
	}
	make_argv(out);
	return BK_OK;
}

void bk_sshurl_done(struct sshurl *url)
{
	free(url->text);
	free(url->command);
	*url = (struct sshurl){0};
}
