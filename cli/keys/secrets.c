/* secrets.c - secrets that a person types or hands over. */
#include "secrets.h"
#include <bk/secret.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* The terminal, while it does not echo. */
static struct {
	struct termios before;
	int fd;
	atomic_bool is_silent;
} terminal;

void secret_interrupted(void)
{
	if (terminal.is_silent)
		tcsetattr(terminal.fd, TCSANOW, &terminal.before);
}

void secret_done(struct secret_text *secret)
{
	bk_secret_free(secret->text);
	*secret = (struct secret_text){0};
}

/* Byte by byte: what follows the line is somebody else's. */
static enum bk_code read_line(struct secret_text *out, int fd, struct bk_error *err)
{
	bool is_over = false;

	while (!is_over) {
		char *at = out->text + out->size;
		ssize_t n = read(fd, at, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bk_fail(err, BK_E_IO, errno, "cannot read a secret");
		is_over = n == 0 || *at == '\n';
		if (is_over)
			*at = '\0';
		else if (++out->size > SECRET_TEXT_MAX)
			return bk_fail(err, BK_E_LIMIT, 0, "a secret has at most %d bytes",
				SECRET_TEXT_MAX);
	}
	if (out->size && out->text[out->size - 1] == '\r')
		out->text[--out->size] = '\0';
	return out->size ? BK_OK : bk_fail(err, BK_E_INVALID, 0, "the secret is empty");
}

static enum bk_code begin(struct secret_text *out, struct bk_error *err)
{
	*out = (struct secret_text){.text = bk_secret_new(SECRET_TEXT_MAX + 2)};
	return out->text ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a secret");
}

static void say(int fd, const char *text)
{
	(void)!write(fd, text, strlen(text));
}

static enum bk_code ask_once(
	struct secret_text *out, int fd, const char *what, const char *again, struct bk_error *err)
{
	enum bk_code code = begin(out, err);

	if (code)
		return code;
	say(fd, what);
	say(fd, again);
	code = read_line(out, fd, err);
	say(fd, "\n");
	if (code)
		secret_done(out);
	return code;
}

static enum bk_code ask(
	struct secret_text *out, int fd, const char *what, bool is_new, struct bk_error *err)
{
	struct secret_text second;
	enum bk_code code = ask_once(out, fd, what, ": ", err);
	bool is_same;

	if (code || !is_new)
		return code;
	code = ask_once(&second, fd, what, ", once more: ", err);
	if (!code) {
		is_same = second.size == out->size && !memcmp(second.text, out->text, out->size);
		secret_done(&second);
		if (is_same)
			return BK_OK;
		code = bk_fail(err, BK_E_INVALID, 0, "the two are not the same");
	}
	secret_done(out);
	return code;
}

static enum bk_code read_terminal(
	struct secret_text *out, const char *what, bool is_new, struct bk_error *err)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct termios silent;
	enum bk_code code;

	if (fd < 0 || tcgetattr(fd, &silent) != 0) {
		if (fd >= 0)
			close(fd);
		return bk_fail(err, BK_E_INVALID, 0,
			"there is no terminal to ask for it: %s. Hand it over by a descriptor, "
			"with the option that ends in -fd",
			what);
	}
	terminal.before = silent;
	terminal.fd = fd;
	terminal.is_silent = true;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &silent);
	code = ask(out, fd, what, is_new, err);
	tcsetattr(fd, TCSANOW, &terminal.before);
	terminal.is_silent = false;
	close(fd);
	return code;
}

enum bk_code secret_read(struct secret_text *out, const struct secret_from *from, const char *what,
	bool is_new, struct bk_error *err)
{
	enum bk_code code;

	if (from->fd < 0)
		return read_terminal(out, what, is_new, err);
	code = begin(out, err);
	if (!code)
		code = read_line(out, from->fd, err);
	if (code)
		secret_done(out);
	return code;
}
