/* svg.c - the strokes of a picture, and the axes of a diagram in it. */
#include "svg.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define MARKS 4

static void escape(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		default:
			/* Control characters cannot stand in XML at all. */
			fputc((unsigned char)*text < ' ' ? '?' : *text, out);
		}
	}
}

void svg_begin(FILE *out, unsigned width, unsigned height, const char *title)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" "
		"height=\"%u\" font-family=\"Helvetica, Arial, sans-serif\">\n<title>",
		width, height, width, height);
	escape(out, title);
	fprintf(out, "</title>\n<rect width=\"%u\" height=\"%u\" fill=\"#ffffff\"/>\n", width,
		height);
}

void svg_end(FILE *out)
{
	fputs("</svg>\n", out);
}

void svg_text(FILE *out, double x, double y, unsigned size, const char *colour, const char *anchor,
	const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%u\" fill=\"%s\" text-anchor=\"%s\">",
		x, y, size, colour, anchor);
	escape(out, text);
	fputs("</text>\n", out);
}

void svg_bar(FILE *out, double x, double y, double width, double height, const char *colour)
{
	fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
		x, y, width, height, colour);
}

void svg_line(FILE *out, double x1, double y1, double x2, double y2, const char *colour)
{
	fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1,
		y1, x2, y2, colour);
}

double svg_scale(double max, double *step)
{
	static const double steps[] = {1, 2, 2.5, 5, 10};
	double unit = max > 0 ? pow(10, floor(log10(max / MARKS))) : 1;
	size_t i = 0;

	while (i < sizeof steps / sizeof *steps - 1 && steps[i] * unit * MARKS < max)
		i++;
	*step = steps[i] * unit;
	return *step * (max > 0 ? ceil(max / *step) : 1);
}

void svg_scale_draw(FILE *out, const struct svg_area *area, double top, double step,
	void (*label)(char *out, double value))
{
	for (double value = 0; value <= top * 1.0001; value += step) {
		double y = area->y + area->height * (1 - value / top);
		char text[SVG_LABEL];

		svg_line(out, area->x, y, area->x + area->width, y, SVG_GRID);
		label(text, value);
		svg_text(out, area->x - 8, y + 4, 12, SVG_QUIET, "end", text);
	}
}

/* The day and the time; the day alone where they are days apart. */
static void write_time(char *out, int64_t time_us, bool is_short)
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	if (is_short)
		strftime(out, SVG_LABEL, "%m-%d %H:%M", &utc);
	else
		strftime(out, SVG_LABEL, "%Y-%m-%d", &utc);
}

void svg_times(FILE *out, const struct svg_area *area, int64_t begin_us, int64_t end_us)
{
	static const char *const anchors[] = {"start", "middle", "end"};
	int64_t span = end_us - begin_us;

	for (int i = 0; i < 3; i++) {
		char text[SVG_LABEL];

		write_time(text, begin_us + span / 2 * i, span < 2 * 86400 * INT64_C(1000000));
		svg_text(out, area->x + area->width / 2 * i, area->y + area->height + 18, 12,
			SVG_QUIET, anchors[i], text);
	}
}
