/* xml.c - so much of XML as a listing needs. */
#include "xml.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CDATA   "<![CDATA["
#define COMMENT "<!--"

void bk_xml_begin(struct xml *xml, const void *text, size_t size)
{
	*xml = (struct xml){.at = text, .end = (const char *)text + size};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool begins(const struct xml *xml, const char *with)
{
	size_t length = strlen(with);

	return (size_t)(xml->end - xml->at) >= length && memcmp(xml->at, with, length) == 0;
}

/* Where WHAT stands next; NULL if it does not. */
static const char *find(const struct xml *xml, const char *what)
{
	return xml->at < xml->end
		       ? memmem(xml->at, (size_t)(xml->end - xml->at), what, strlen(what))
		       : NULL;
}

static bool add_byte(struct xml *xml, char byte)
{
	if (!xml->text_size && is_blank(byte))
		return true;
	if (xml->text_size == XML_TEXT_MAX)
		return false;
	xml->text[xml->text_size++] = byte;
	return true;
}

/* As UTF-8. */
static bool add_character(struct xml *xml, unsigned long code)
{
	if (!code || code > 0x10ffff)
		return false;
	if (code < 0x80)
		return add_byte(xml, (char)code);
	if (code < 0x800)
		return add_byte(xml, (char)(0xc0 | code >> 6)) &&
		       add_byte(xml, (char)(0x80 | (code & 0x3f)));
	if (code >= 0x10000 && !add_byte(xml, (char)(0xf0 | code >> 18)))
		return false;
	return add_byte(xml, (char)(code < 0x10000 ? 0xe0 | code >> 12
						   : 0x80 | (code >> 12 & 0x3f))) &&
	       add_byte(xml, (char)(0x80 | (code >> 6 & 0x3f))) &&
	       add_byte(xml, (char)(0x80 | (code & 0x3f)));
}

/* At an ampersand. */
static bool take_entity(struct xml *xml)
{
	static const struct {
		const char *name;
		char byte;
	} known[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'},
		{"&apos;", '\''}};
	char digits[9] = "";
	const char *end = find(xml, ";");
	bool is_hex = begins(xml, "&#x");
	size_t from = is_hex ? 3 : 2, size = end ? (size_t)(end - xml->at) : 0;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (begins(xml, known[i].name)) {
			xml->at += strlen(known[i].name);
			return add_byte(xml, known[i].byte);
		}
	if (!begins(xml, "&#") || size <= from || size - from >= sizeof digits)
		return false;
	memcpy(digits, xml->at + from, size - from);
	if (digits[strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789")])
		return false;
	xml->at = end + 1;
	return add_character(xml, strtoul(digits, NULL, is_hex ? 16 : 10));
}

static bool take_cdata(struct xml *xml)
{
	const char *end = find(xml, "]]>");

	if (!end)
		return false;
	for (xml->at += strlen(CDATA); xml->at < end; xml->at++)
		if (!add_byte(xml, *xml->at))
			return false;
	xml->at = end + strlen("]]>");
	return true;
}

/* Passes over what ends with END. */
static bool skip(struct xml *xml, const char *end)
{
	const char *there = find(xml, end);

	if (there)
		xml->at = there + strlen(end);
	return there;
}

/* Takes text up to the next tag, or the end. */
static bool take_text(struct xml *xml)
{
	bool good = true;

	xml->text_size = 0;
	while (good && xml->at < xml->end) {
		if (begins(xml, CDATA))
			good = take_cdata(xml);
		else if (begins(xml, COMMENT))
			good = skip(xml, "-->");
		else if (begins(xml, "<?"))
			good = skip(xml, "?>");
		else if (*xml->at == '<')
			break;
		else if (*xml->at == '&')
			good = take_entity(xml);
		else
			good = add_byte(xml, *xml->at++);
	}
	while (xml->text_size && is_blank(xml->text[xml->text_size - 1]))
		xml->text_size--;
	xml->text[xml->text_size] = '\0';
	return good;
}

/* The end of the tag: attributes may hold a '>' in their values. */
static const char *tag_end(const struct xml *xml)
{
	char quote = '\0';

	for (const char *at = xml->at; at < xml->end; at++)
		if (quote && *at == quote)
			quote = '\0';
		else if (!quote && (*at == '"' || *at == '\''))
			quote = *at;
		else if (!quote && *at == '>')
			return at;
	return NULL;
}

/* Keeps the name that begins at AT, without what names its space. */
static void take_name(struct xml *xml, const char *at, const char *end)
{
	size_t size = 0;

	for (; at < end && !is_blank(*at) && *at != '/' && *at != '>'; at++)
		if (*at == ':')
			size = 0;
		else if (size < XML_NAME_MAX)
			xml->name[size++] = *at;
	xml->name[size] = '\0';
}

static enum xml_what take_tag(struct xml *xml)
{
	const char *end = tag_end(xml);
	bool closes = begins(xml, "</");

	if (!end || begins(xml, "<!") || (closes ? !xml->depth : xml->depth == XML_DEPTH_MAX))
		return XML_BAD;
	take_name(xml, xml->at + (closes ? 2 : 1), end);
	if (!*xml->name)
		return XML_BAD;
	xml->is_closing = !closes && end[-1] == '/';
	xml->depth += closes ? -1u : 1u;
	xml->at = end + 1;
	return closes ? XML_CLOSE : XML_OPEN;
}

enum xml_what bk_xml_next(struct xml *xml)
{
	if (xml->is_closing) {
		xml->is_closing = false;
		xml->depth--;
		xml->text_size = 0;
		*xml->text = '\0';
		return XML_CLOSE;
	}
	if (!take_text(xml))
		return XML_BAD;
	if (xml->at == xml->end)
		return xml->depth ? XML_BAD : XML_END;
	return take_tag(xml);
}
