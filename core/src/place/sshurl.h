/* sshurl.h - ssh://[user@]host[:port]/path[?server=PROGRAM], taken apart, and the command that it
 * is. */
#ifndef BK_SSHURL_H
#define BK_SSHURL_H

#include <bk/error.h>
#include <stdbool.h>

#define SSHURL_ARGS_MAX 24

struct sshurl {
	char *text;                        /* owned; what follows points into it */
	const char *user, *host;           /* user may be NULL */
	const char *port;                  /* NULL: ssh's own */
	const char *root, *name;           /* the directory there, and the log in it */
	const char *program;               /* the server's program there */
	char *command;                     /* owned: what the shell there is given */
	const char *argv[SSHURL_ARGS_MAX]; /* ended by NULL */
};

bool bk_sshurl_is(const char *url);

/* Fails with BK_E_INVALID, saying what is wrong with it, BK_E_NOMEM; OUT is then empty. */
BK_MUST_CHECK enum bk_code bk_sshurl_parse(
	struct sshurl *out, const char *url, struct bk_error *err);
void bk_sshurl_done(struct sshurl *url);

#endif
