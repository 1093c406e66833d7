/* xml.h - so much of XML as a listing needs: tags by their local names, and the text before each. A
 * stranger wrote it: nothing here grows, and nothing outside the text is asked for.
 *
 * Calling sequence: bk_xml_begin, then bk_xml_next until it gives XML_END or XML_BAD. Pure. */
#ifndef BK_XML_H
#define BK_XML_H

#include <stdbool.h>
#include <stddef.h>

#define XML_NAME_MAX  64   /* a longer name is cut: it is none that we know */
#define XML_TEXT_MAX  4096 /* a longer text is BAD */
#define XML_DEPTH_MAX 32

enum xml_what {
	XML_OPEN,  /* <name>; text: what stood before it */
	XML_CLOSE, /* </name>; text: what stood before it, since the last tag */
	XML_END,
	XML_BAD, /* it is none, or has what nobody needs here: a DOCTYPE, say */
};

struct xml {
	const char *at, *end;
	unsigned depth;
	bool is_closing; /* <name/> was met: its end follows */
	char name[XML_NAME_MAX + 1];
	char text[XML_TEXT_MAX + 1]; /* without the blanks around it */
	size_t text_size;
};

/* TEXT is borrowed. */
void bk_xml_begin(struct xml *xml, const void *text, size_t size);
enum xml_what bk_xml_next(struct xml *xml);

#endif
