/* sqlend.c - what stands between statements that are written out one behind the other. */
#include "sqlend.h"
#include <stdbool.h>
#include <string.h>

/* What a byte can be, outside of comments and quotes; 0: any other. */
enum { BLANK = 1, BEGINS };

static const char kinds[256] = {
	[' '] = BLANK,
	['\t'] = BLANK,
	['\n'] = BLANK,
	['\r'] = BLANK,
	['\f'] = BLANK,
	/* a quote or a comment, or may do so */
	['\''] = BEGINS,
	['"'] = BEGINS,
	['`'] = BEGINS,
	['['] = BEGINS,
	['-'] = BEGINS,
	['/'] = BEGINS,
};

static bool is_blank(char c)
{
	return kinds[(unsigned char)c] == BLANK;
}

/* A byte outside of comments and quotes. */
static void take_plain(struct bk_sqlend *end, char c)
{
	end->state = c == '-' ? SQLEND_DASH : c == '/' ? SQLEND_SLASH : SQLEND_PLAIN;
	/* A quote that is doubled ends a string and begins one. */
	if (c == '\'' || c == '"' || c == '`' || c == '[') {
		end->state = SQLEND_QUOTED;
		end->quote = c == '[' ? ']' : c;
	}
	if (!is_blank(c)) {
		end->before = end->last;
		end->last = c;
	}
}

/* The byte that was taken last began a comment, which is in STATE now. */
static void begin_comment(struct bk_sqlend *end, int state)
{
	end->state = state;
	end->last = end->before;
}

static void take(struct bk_sqlend *end, char c)
{
	switch (end->state) {
	case SQLEND_LINE:
		if (c == '\n')
			end->state = SQLEND_PLAIN;
		return;
	case SQLEND_BLOCK:
	case SQLEND_STAR:
		if (end->state == SQLEND_STAR && c == '/')
			end->state = SQLEND_PLAIN;
		else
			end->state = c == '*' ? SQLEND_STAR : SQLEND_BLOCK;
		return;
	case SQLEND_QUOTED:
		if (c == end->quote)
			end->state = SQLEND_PLAIN;
		return;
	case SQLEND_DASH:
	case SQLEND_SLASH:
	case SQLEND_PLAIN:
		break;
	}
	if (end->state == SQLEND_DASH && c == '-')
		begin_comment(end, SQLEND_LINE);
	else if (end->state == SQLEND_SLASH && c == '*')
		begin_comment(end, SQLEND_BLOCK);
	else
		take_plain(end, c);
}

/* Takes the bytes of plain text up to one that begins something; how many. */
static size_t pass_plain(struct bk_sqlend *end, const char *at, size_t size)
{
	char before = end->before, last = end->last;
	size_t i = 0;
	char kind;

	for (; i < size && (kind = kinds[(unsigned char)at[i]]) != BEGINS; i++) {
		if (kind == BLANK)
			continue;
		before = last;
		last = at[i];
	}
	end->before = before;
	end->last = last;
	return i;
}

static size_t pass_to(const char *at, char c, size_t size)
{
	const char *found = memchr(at, c, size);

	return found ? (size_t)(found - at) : size;
}

/* Takes as many bytes as can be without looking at each; how many. A change can be a gigabyte. */
static size_t pass(struct bk_sqlend *end, const char *at, size_t size)
{
	switch (end->state) {
	case SQLEND_PLAIN:
		return pass_plain(end, at, size);
	case SQLEND_QUOTED:
		return pass_to(at, end->quote, size);
	case SQLEND_LINE:
		return pass_to(at, '\n', size);
	case SQLEND_BLOCK:
		return pass_to(at, '*', size);
	default:
		return 0;
	}
}

void bk_sqlend_feed(struct bk_sqlend *end, const void *bytes, size_t size)
{
	const char *at = bytes, *behind = at + size;

	while (at < behind) {
		at += pass(end, at, (size_t)(behind - at));
		if (at < behind)
			take(end, *at++);
	}
}

const char *bk_sqlend_finish(struct bk_sqlend *end)
{
	struct bk_sqlend was = *end;

	*end = (struct bk_sqlend){0};
	if (was.state == SQLEND_LINE)
		return "\n;\n";
	if (was.state == SQLEND_BLOCK || was.state == SQLEND_STAR)
		return "*/;";
	return was.last == ';' ? "\n\n\n" : ";\n\n";
}
