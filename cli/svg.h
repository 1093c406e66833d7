/* svg.h - the strokes of a picture, and the axes of a diagram in it. */
#ifndef SVG_H
#define SVG_H

#include <stdint.h>
#include <stdio.h>

/* Where a diagram is drawn, in the picture's units. */
struct svg_area {
	double x, y, width, height;
};

#define SVG_INK   "#1f2933"
#define SVG_QUIET "#66727f"
#define SVG_GRID  "#e4e9ee"
#define SVG_BLUE  "#2b6cb0"
#define SVG_PALE  "#a8cbec"
#define SVG_GREEN "#2f855a"
#define SVG_RED   "#c53030"

void svg_begin(FILE *out, unsigned width, unsigned height, const char *title);
void svg_end(FILE *out);

/* ANCHOR: "start", "middle" or "end". TEXT is escaped. */
void svg_text(FILE *out, double x, double y, unsigned size, const char *colour, const char *anchor,
	const char *text);
void svg_bar(FILE *out, double x, double y, double width, double height, const char *colour);
void svg_line(FILE *out, double x1, double y1, double x2, double y2, const char *colour);

/* The upper end of a scale from 0 that holds MAX, and how far its marks are apart. */
double svg_scale(double max, double *step);

/* Draws the marks of a scale up to TOP, and what LABEL writes at each. */
void svg_scale_draw(FILE *out, const struct svg_area *area, double top, double step,
	void (*label)(char *out, double value));

/* Writes at the area's foot what times from BEGIN_US to END_US are. */
void svg_times(FILE *out, const struct svg_area *area, int64_t begin_us, int64_t end_us);

#define SVG_LABEL 48

#endif
