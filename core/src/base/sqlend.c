/* sqlend.c - what stands between statements that are written out one behind the other. */
#include "sqlend.h"
#include <stdbool.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
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

void bk_sqlend_feed(struct bk_sqlend *end, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		take(end, ((const char *)bytes)[i]);
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
