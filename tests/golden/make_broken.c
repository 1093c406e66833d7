/* make_broken.c - damaged logs: one for each rule of docs/format.md, 1, and others. */
#include "make.h"
#include <bk/writer.h>

/* What is broken: versions 0 to 8, keyframes of 0, 2, 4 and 6, behind them the changes 7 and 8,
 * closed in order. */
static void make_whole(struct node *node)
{
	node_begin(node, 2);
	node_change(node, "CREATE TABLE t (x)");
	for (unsigned i = 0; i < 5; i++) {
		node_change(node, "INSERT INTO t VALUES (zeroblob(9))");
		ok(bk_keyframes_build(node->writer, why()));
	}
	node_change(node, "INSERT INTO t VALUES (8)");
	bk_writer_close(node->writer);
	node->writer = NULL;
}

static uint8_t *change(struct forge *forge, int nth)
{
	return forge_frame(forge, forge_find(forge, CHANGE, nth));
}

static void magic_of_header(struct forge *forge)
{
	forge->bytes[9] = 'b';
	forge_seal(forge);
}

static void sum_of_header(struct forge *forge)
{
	forge->bytes[50] ^= 1;
}

static void format_2(struct forge *forge)
{
	forge_put(forge->bytes + 16, 4, 2);
	forge_seal(forge);
}

static void size_of_header(struct forge *forge)
{
	forge_put(forge->bytes + 20, 4, 256);
	forge_seal(forge);
}

static void must_of_header(struct forge *forge)
{
	forge_put(forge->bytes + 24, 4, 2);
	forge_seal(forge);
}

static void may_of_header(struct forge *forge)
{
	forge_put(forge->bytes + 28, 4, 0x80000001);
	forge_seal(forge);
}

static void magic_of_frame(struct forge *forge)
{
	change(forge, -2)[AT_MAGIC] ^= 1;
}

static void sum_of_frame(struct forge *forge)
{
	change(forge, -2)[AT_PAYLOAD + 20] ^= 1;
}

/* A REWIND frame has 16 bytes exactly. */
static void limit_of_frame(struct forge *forge)
{
	size_t at = forge_append(forge, REWIND, 0, 8, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 17);

	forge_append(forge, EVENT, 0, 8, "\x11\x27\0\0", 4);
	forge_put(forge_frame(forge, at + 1) + AT_UNSYNCED, 4, 0);
	forge_seal(forge);
}

/* The last frame says that it goes on behind the end of the file. */
static void end_of_frame(struct forge *forge)
{
	uint8_t *last = forge_frame(forge, forge->count - 1);

	forge_put(last + AT_SIZE, 4, forge_get(last + AT_SIZE, 4) + 100);
}

static void chain_of_frame(struct forge *forge)
{
	size_t at = forge_find(forge, CHANGE, -1);

	forge_put(forge_frame(forge, at) + AT_CHAIN, 4, 4711);
	forge_seal_but_chain(forge, at);
}

static void chain_to_header(struct forge *forge)
{
	forge_put(forge_frame(forge, 0) + AT_CHAIN, 4, 4711);
	forge_seal_but_chain(forge, 0);
}

/* Three events written in one go; the second did not reach the disk. */
static void torn_batch(struct forge *forge)
{
	size_t first = forge->count;

	for (unsigned i = 0; i < 3; i++) {
		size_t at = forge_append(forge, EVENT, 0, 8, "\x11\x27\0\0in=one go\n", 14);

		forge_put(forge_frame(forge, at) + AT_UNSYNCED, 4, i * (48 + 14));
	}
	forge_seal(forge);
	memset(forge_frame(forge, first + 1), 0, 48 + 14);
}

static void counts_back_too_far(struct forge *forge)
{
	uint8_t *last = forge_frame(forge, forge->count - 1);

	forge_put(last + AT_UNSYNCED, 4, forge->frames[forge->count - 1] - 127);
	forge_seal(forge);
}

static void torn_tail(struct forge *forge)
{
	forge_cut(forge, forge->size - 1);
}

static void zeros_ahead(struct forge *forge)
{
	static const uint8_t zeros[5000];
	size_t size = forge->size;

	forge_append(forge, EVENT, 0, 8, zeros, sizeof zeros);
	memset(forge->bytes + size, 0, forge->size - size);
}

/* Version 8's frame was not written when this part of the file was copied, what is behind it was.
 */
static void copied_while_it_grew(struct forge *forge)
{
	uint8_t *frame = change(forge, 7);

	memset(frame, 0, AT_PAYLOAD + (size_t)forge_get(frame + AT_SIZE, 4));
}

static void unknown_kind(struct forge *forge)
{
	forge_append(forge, 9, 0, 8, "from a later release", 20);
	forge_seal(forge);
}

static void unknown_flag(struct forge *forge)
{
	forge_append(forge, EVENT, 0x20, 8, "\x11\x27\0\0", 4);
	forge_seal(forge);
}

static void skipped_kind(struct forge *forge)
{
	forge_append(forge, 0x80, 0, 8, "from a later release", 20);
	forge_seal(forge);
}

static void keyframe_lost(struct forge *forge)
{
	forge_frame(forge, forge_find(forge, KEYFRAME, -2))[AT_PAYLOAD + 3] ^= 1;
}

static void change_lost(struct forge *forge)
{
	change(forge, 2)[AT_PAYLOAD + 20] ^= 1;
}

/* "%rows 0 8" stands for a line of each of those versions: see tell_expected. */
static const struct broken {
	const char *name, *what;
	void (*break_it)(struct forge *);
	const char *expected;
} brokens[] = {
	{"rule1-magic", "Rule 1: the header's magic.", magic_of_header,
		"read format\nwrite format\n"},
	{"rule1-sum", "Rule 1: the header's sum; the log's id is found in an event (section 11).",
		sum_of_header, "read ok\nwrite damage\nverify damage\nhead 8\n%rows 0 8\n"},
	{"rule1-size", "Rule 1: the header's size.", size_of_header, "read format\nwrite format\n"},
	{"format-2", "Section 2: a later format.", format_2, "read format\nwrite format\n"},
	{"header-must", "Section 2: a flag of the header that must be understood.", must_of_header,
		"read format\nwrite format\n"},
	{"header-may", "Section 2: flags of the header that may be ignored.", may_of_header,
		"read ok\nwrite ok\nverify clean\nhead 8\n%rows 0 8\n"},
	{"rule2-magic", "Rules 2 and 6: the magic of version 7's frame.", magic_of_frame,
		"read ok\nwrite damage\nverify damage\nhead 8\nlost 7 missing\nlost 8 "
		"damage\n%rows 0 6\n"},
	{"rule2-limit", "Rules 2 and 6: a frame larger than its kind may be.", limit_of_frame,
		"read ok\nwrite damage\nverify damage\nhead 8\n%rows 0 8\n"},
	/* Its last three bytes are zeros, which no writer leaves to be known from those laid ahead.
	 */
	{"rule2-end", "Rules 2 and 5: a frame that ends behind the end of the file.", end_of_frame,
		"read ok\nwrite ok\nverify clean\nhead 8\ntorn 49\n%rows 0 8\n"},
	{"rule2-sum", "Rules 2 and 6: the sum of version 7's frame.", sum_of_frame,
		"read ok\nwrite damage\nverify damage\nhead 8\nlost 7 missing\nlost 8 "
		"damage\n%rows 0 6\n"},
	{"rule3-chain", "Rules 3 and 6: version 8's frame does not follow the one before.",
		chain_of_frame, "read ok\nwrite damage\nverify damage\nhead 8\n%rows 0 8\n"},
	{"rule3-header", "Rule 3: the first frame does not follow the header.", chain_to_header,
		"read ok\nwrite ok\nverify damage\nhead 8\n%rows 0 8\n"},
	{"rule4-batch",
		"Rule 4: the middle of three frames written in one go is torn, the last is whole.",
		torn_batch, "read ok\nwrite ok\nverify clean\nhead 8\ntorn 124\n%rows 0 8\n"},
	{"rule4-back", "Rule 4: the last frame counts back into the header.", counts_back_too_far,
		"read damage\nwrite damage\n"},
	{"rule5-tail", "Rule 5: the last frame lacks a byte.", torn_tail,
		"read ok\nwrite ok\nverify clean\nhead 8\ntorn 49\n%rows 0 8\n"},
	{"rule5-zeros", "Rule 5: zeros that a writer laid ahead.", zeros_ahead,
		"read ok\nwrite ok\nverify clean\nhead 8\ntorn 0\n%rows 0 8\n"},
	{"rule6-copied", "Rule 6: a copy that was taken while the log grew.", copied_while_it_grew,
		"read ok\nwrite damage\nverify clean\nhead 7\ntorn 0\n%rows 0 7\n"},
	{"rule6-keyframe", "Rule 6: a keyframe is damaged; past it, all versions can be had.",
		keyframe_lost, "read ok\nwrite ok\nverify damage\nhead 8\n%past 0 8\n"},
	{"rule6-change", "Rule 6: a change under a keyframe is damaged: its version is lost.",
		change_lost,
		"read ok\nwrite ok\nverify damage\nhead 8\nlost 3 damage\n%rows 0 2\n%rows 4 8\n"},
	{"unknown-kind", "Section 3: a kind below 0x80 that is not known.", unknown_kind,
		"read format\nwrite format\n"},
	{"unknown-flag", "Section 3: a must flag that is not known.", unknown_flag,
		"read format\nwrite format\n"},
	{"skipped-kind", "Section 3: a kind from 0x80 on that is not known.", skipped_kind,
		"read ok\nwrite ok\nverify clean\nhead 8\n%rows 0 8\n"},
};

static void tell_expected(FILE *text, const char *expected, const struct node *node)
{
	for (const char *line = expected; *line; line += strcspn(line, "\n") + 1) {
		char key[20] = "";
		unsigned from, to;

		if (sscanf(line, "%%%19s %u %u", key, &from, &to) == 3)
			for (; from <= to; from++)
				tell_past(text, key, &node->past[from]);
		else
			fprintf(text, "%.*s\n", (int)strcspn(line, "\n"), line);
	}
}

void make_broken(void)
{
	for (size_t i = 0; i < COUNT_OF(brokens); i++) {
		struct node node;
		struct forge forge;
		FILE *text = fopen(draft(brokens[i].name, ".txt"), "w");

		make_whole(&node);
		forge_load(&forge, node.path);
		brokens[i].break_it(&forge);
		forge_save(&forge, draft(brokens[i].name, ".bkp"));
		fprintf(text, "# %s\n", brokens[i].what);
		tell_expected(text, brokens[i].expected, &node);
		fclose(text);
		forge_done(&forge);
		node_end(&node);
		deliver(brokens[i].name);
	}
}
