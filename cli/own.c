/* own.c - what SQLite says of a database that is the node's own. */
#include "own.h"
#include "common.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before the lines of a kind. */
static const char *const headings[] = {
	[BK_NOTE_UNSOUND] =
		"Warning: the node's own database is not sound. The log gives it as it is, and is "
		"not damaged by that; see to the node:",
	[BK_NOTE_UNCHECKED] = "Warning: a part of the node's database cannot be checked here; the "
			      "log gives it as "
			      "it is:",
	[BK_NOTE_ALIEN] =
		"Warning: the database has what lightningd makes in none. Somebody else may have "
		"put it there, to run code of theirs where it is looked at: use sqlite3 -safe, and "
		"only if you know what it is:",
};

const char *own_kind(enum bk_note_kind kind)
{
	switch (kind) {
	case BK_NOTE_UNSOUND:
		return "unsound";
	case BK_NOTE_UNCHECKED:
		return "unchecked";
	case BK_NOTE_ALIEN:
		return "alien";
	}
	return "";
}

void own_add(struct own *own, enum bk_note_kind kind, const char *text)
{
	struct own_line *lines = realloc(own->lines, (own->count + 1) * sizeof *lines);

	if (!lines)
		return;
	own->lines = lines;
	lines[own->count] = (struct own_line){kind, strdup(text)};
	if (lines[own->count].text)
		own->count++;
}

void own_print(const struct own *own)
{
	struct shown shown;

	for (size_t kind = 0; kind < sizeof headings / sizeof *headings; kind++) {
		bool any = false;

		for (size_t i = 0; i < own->count; i++) {
			if (own->lines[i].kind != kind)
				continue;
			if (!any)
				printf("%s\n", headings[kind]);
			any = true;
			printf("  %s\n", shown_of(&shown, own->lines[i].text));
		}
	}
}

void own_done(struct own *own)
{
	for (size_t i = 0; i < own->count; i++)
		free(own->lines[i].text);
	free(own->lines);
	*own = (struct own){0};
}
