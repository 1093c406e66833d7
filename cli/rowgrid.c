/* rowgrid.c - rows on standard output, all columns as wide as their widest cell. */
#include "rowout.h"
#include <bk/text.h>
#include <stdlib.h>
#include <string.h>

/* What stands at the left, between two cells, and at the right of a line, and what fills it. */
struct rule {
	const char *left, *between, *right, *fill;
};

struct look {
	struct rule top, head, row, bottom; /* left NULL: there is no such line */
};

static struct look look_of(enum rowmode mode)
{
	static const struct rule none = {NULL, NULL, NULL, NULL};

	switch (mode) {
	case ROWMODE_TABLE:
		return (struct look){{"+", "+", "+", "-"}, {"+", "+", "+", "-"},
			{"| ", " | ", " |", " "}, {"+", "+", "+", "-"}};
	case ROWMODE_BOX:
		return (struct look){{"┌", "┬", "┐", "─"}, {"├", "┼", "┤", "─"},
			{"│ ", " │ ", " │", " "}, {"└", "┴", "┘", "─"}};
	case ROWMODE_MARKDOWN:
		return (struct look){none, {"|", "|", "|", "-"}, {"| ", " | ", " |", " "}, none};
	default:
		return (struct look){none, {"", "  ", "", "-"}, {"", "  ", "", " "}, none};
	}
}

/* How many places of a terminal TEXT takes: its characters, each counted as one. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void print_rule(const struct rule *rule, const struct rowout *out, const size_t *widths)
{
	size_t padding = out->mode == ROWMODE_COLUMN ? 0 : 2;

	if (!rule->left)
		return;
	fputs(rule->left, stdout);
	for (size_t i = 0; i < out->columns; i++) {
		if (i)
			fputs(rule->between, stdout);
		for (size_t n = 0; n < widths[i] + padding; n++)
			fputs(rule->fill, stdout);
	}
	fputs(rule->right, stdout);
	putchar('\n');
}

/* A line of cells; CELL is the first of them, the next line's is returned. */
static const char *print_cells(
	const struct rule *rule, const struct rowout *out, const size_t *widths, const char *cell)
{
	fputs(rule->left, stdout);
	for (size_t i = 0; i < out->columns; i++) {
		bool is_last = i + 1 == out->columns && !*rule->right;

		if (i)
			fputs(rule->between, stdout);
		fputs(cell, stdout);
		for (size_t n = width_of(cell); n < widths[i] && !is_last; n++)
			putchar(' ');
		cell += strlen(cell) + 1;
	}
	fputs(rule->right, stdout);
	putchar('\n');
	return cell;
}

/* A cell with a line's end in it would break the grid: control characters are shown here always. */
static char *show_all(const struct rowout *out, size_t *size)
{
	const char *at = (const char *)out->cells.data, *end = at + out->cells.size;
	char *shown = malloc(BK_SHOWN_SIZE(out->cells.size)), *to = shown;

	for (; shown && at < end; at += strlen(at) + 1) {
		bk_show_controls(to, BK_SHOWN_SIZE(strlen(at)), at);
		to += strlen(to) + 1;
	}
	*size = shown ? (size_t)(to - shown) : 0;
	return shown;
}

enum bk_code rowgrid_print(const struct rowout *out, struct bk_error *err)
{
	const struct look look = look_of(out->mode);
	size_t *widths = calloc(out->columns + 1, sizeof *widths), size, nth = 0;
	char *cells = show_all(out, &size);
	const char *at = cells, *end = cells + size;

	if (!widths || !cells) {
		free(widths);
		free(cells);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for what is printed");
	}
	for (; at < end; at += strlen(at) + 1, nth = (nth + 1) % out->columns)
		if (width_of(at) > widths[nth])
			widths[nth] = width_of(at);
	print_rule(&look.top, out, widths);
	at = print_cells(&look.row, out, widths, cells);
	print_rule(&look.head, out, widths);
	while (at < end)
		at = print_cells(&look.row, out, widths, at);
	print_rule(&look.bottom, out, widths);
	free(widths);
	free(cells);
	return BK_OK;
}
