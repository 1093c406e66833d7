/* test_keyframe.c - the KEYFRAME frame's payload (docs/format.md, 6). */
#include "forge.h"
#include "keyframe.h"

SUITE(keyframe);

#define OFFSET UINT64_C(1000000)

/* Ordinal 16: two links. */
struct parts {
	struct keyframe kf;
	struct keyframe_link links[KEYFRAME_LINKS_MAX];
	struct keyframe_map maps[2];
	struct bk_entry entries[3];
};

static void make_delta(struct parts *parts)
{
	*parts = (struct parts){
		.kf = {.offset = OFFSET,
			.time_us = TEST_NOW_US,
			.version = 1002,
			.previous = 900000,
			.ordinal = 16,
			.full = 500,
			.from = 910000,
			.next = 950000,
			.history = 0x1234567890abcdef,
			.session = 300,
			.count = 77,
			.page_size = 4096,
			.page_count = 88,
			.reach = 16,
			.link_count = 2,
			.map_count = 2,
			.entry_count = 3},
		.links = {{900000, TEST_NOW_US - 50, 999}, {400, INT64_MAX, 5}},
		.maps = {{940000, 1, 60000}, {960000, 70000, 3}},
		.entries = {{.offset = 910000,
				    .time_us = TEST_NOW_US - 10,
				    .version = 1000,
				    .flags = CHANGE_STREAM,
				    .statements = 3,
				    .sql_bytes = 500,
				    .log_bytes = 200,
				    .page_count = 87,
				    .page_size = 4096},
			{.offset = 910200,
				.time_us = TEST_NOW_US - 99,
				.version = 1001,
				.flags = CHANGE_LONE | CHANGE_FK_OFF | BK_ENTRY_STRUCK,
				.statements = 1,
				.sql_bytes = 27,
				.log_bytes = 100},
			{.offset = 910400,
				.time_us = TEST_NOW_US + 10,
				.version = 1002,
				.statements = 9,
				.sql_bytes = 9000000,
				.log_bytes = 4000000,
				.page_count = 88,
				.page_size = 4096}},
	};
}

static void point(struct parts *parts)
{
	parts->kf.links = parts->links;
	parts->kf.maps = parts->maps;
	parts->kf.entries = parts->entries;
}

/* The first keyframe of a log: full, of an empty database, with an empty list. */
static void make_first(struct parts *parts)
{
	*parts = (struct parts){
		.kf = {.offset = OFFSET, .is_full = true, .from = 128, .next = OFFSET, .reach = 1}};
}

/* A full keyframe in the middle of a log. */
static void make_full(struct parts *parts)
{
	make_delta(parts);
	parts->kf.is_full = true;
	parts->kf.full = 0;
	parts->kf.reach = 1;
	parts->kf.next = OFFSET;
	parts->kf.pages_sum = 99;
}

static void encode(struct parts *parts, struct bk_buf *payload, struct frame_head *head)
{
	point(parts);
	payload->size = 0;
	ok(bk_keyframe_encode(&parts->kf, payload, why()));
	*head = (struct frame_head){.kind = FRAME_KEYFRAME,
		.must = parts->kf.is_full ? KEYFRAME_FULL : 0,
		.size = (uint32_t)payload->size,
		.version = parts->kf.version,
		.time_us = parts->kf.time_us,
		.keyframe = parts->kf.previous};
}

static enum bk_code decode(struct parts *parts, struct keyframe **out)
{
	struct frame_head head;
	struct bk_buf payload;
	enum bk_code code;

	bk_buf_init(&payload, 1 << 20);
	encode(parts, &payload, &head);
	code = bk_keyframe_decode(out, &head, OFFSET, payload.data, why());
	bk_buf_done(&payload);
	return code;
}

static bool same_entry(const struct bk_entry *a, const struct bk_entry *b)
{
	return a->offset == b->offset && a->time_us == b->time_us && a->version == b->version &&
	       a->statements == b->statements && a->sql_bytes == b->sql_bytes &&
	       a->log_bytes == b->log_bytes && a->page_count == b->page_count &&
	       a->page_size == b->page_size && a->flags == b->flags;
}

static void check_same(const struct keyframe *a, const struct keyframe *b)
{
	cr_assert(a->time_us == b->time_us && a->version == b->version &&
		  a->is_full == b->is_full && a->previous == b->previous);
	cr_assert(a->ordinal == b->ordinal && a->full == b->full && a->from == b->from &&
		  a->next == b->next && a->history == b->history && a->pages_sum == b->pages_sum &&
		  a->session == b->session && a->count == b->count);
	cr_assert(a->page_size == b->page_size && a->page_count == b->page_count &&
		  a->reach == b->reach);
	cr_assert(a->link_count == b->link_count && a->map_count == b->map_count &&
		  a->entry_count == b->entry_count);
	for (size_t i = 0; i < a->link_count; i++)
		cr_assert(a->links[i].offset == b->links[i].offset &&
			  a->links[i].version == b->links[i].version &&
			  a->links[i].earliest_us == b->links[i].earliest_us);
	for (size_t i = 0; i < a->map_count; i++)
		cr_assert(a->maps[i].offset == b->maps[i].offset &&
			  a->maps[i].first_page == b->maps[i].first_page &&
			  a->maps[i].entries == b->maps[i].entries);
	for (size_t i = 0; i < a->entry_count; i++)
		cr_assert(same_entry(&a->entries[i], &b->entries[i]), "entry %zu", i);
}

/* decode(encode(x)) = x */
Test(keyframe, comes_back)
{
	void (*const makes[])(struct parts *) = {make_delta, make_first, make_full};

	for (size_t i = 0; i < COUNT_OF(makes); i++) {
		struct parts parts;
		struct keyframe *kf = NULL;

		makes[i](&parts);
		if (parts.kf.is_full) /* page counts are not known there */
			for (size_t e = 0; e < 3; e++)
				parts.entries[e].page_count = parts.entries[e].page_size = 0;
		ok(decode(&parts, &kf));
		cr_assert(kf->offset == OFFSET && kf->cached.item.key == OFFSET);
		check_same(kf, &parts.kf);
		bk_keyframe_free(&kf->cached);
	}
}

/* The table of section 6. */
Test(keyframe, layout)
{
	static const struct {
		size_t at, size;
		uint64_t value;
	} cases[] = {{0, 8, 16}, {8, 8, 500}, {16, 8, 910000}, {24, 8, 950000},
		{32, 8, 0x1234567890abcdef}, {40, 8, 0}, {48, 8, 300}, {56, 8, 77}, {64, 4, 4096},
		{68, 4, 88}, {72, 4, 16}, {76, 4, 2}, {80, 4, 2}, {84, 4, 3},
		/* links: u64 offset, u32 version, i64 earliest */
		{88, 8, 900000}, {96, 4, 999}, {100, 8, (uint64_t)TEST_NOW_US - 50}, {108, 8, 400},
		{116, 4, 5}, {120, 8, INT64_MAX},
		/* maps: u64 offset, u32 first page, u32 entries */
		{128, 8, 940000}, {136, 4, 1}, {140, 4, 60000}, {144, 8, 960000}, {152, 4, 70000},
		{156, 4, 3},
		/* first change: offset 0 after `from`; version 1000 after 999 as zigzag 2; time 10
		 * before as zigzag 19; STREAM; 3 statements; 500 raw; payload 152; 87 pages */
		{160, 1, 0}, {161, 1, 2}, {162, 1, 19}, {163, 1, 1}, {164, 1, 3}, {165, 2, 0x03f4},
		{167, 2, 0x0198}, {169, 1, 87}};
	struct parts parts;
	struct frame_head head;
	struct bk_buf payload;

	bk_buf_init(&payload, 1 << 20);
	make_delta(&parts);
	encode(&parts, &payload, &head);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		cr_assert(forge_get(payload.data + cases[i].at, cases[i].size) == cases[i].value,
			"case %zu", i);
	make_full(&parts);
	encode(&parts, &payload, &head);
	cr_assert(forge_get(payload.data + 8, 8) == 0 && forge_get(payload.data + 24, 8) == 0 &&
		  forge_get(payload.data + 40, 8) == 99);
	bk_buf_done(&payload);
}

/* "mod 2^32": a list may pass the wrap. */
Test(keyframe, versions_wrap)
{
	struct parts parts;
	struct keyframe *kf = NULL;

	make_delta(&parts);
	parts.kf.version = 1;
	parts.links[0].version = UINT32_MAX - 1;
	parts.entries[0].version = UINT32_MAX;
	parts.entries[1].version = 0;
	parts.entries[2].version = 1;
	ok(decode(&parts, &kf));
	check_same(kf, &parts.kf);
	bk_keyframe_free(&kf->cached);
}

/* A rule broken in turn; BREAK is called on a delta, a first or another full keyframe. */
struct broken {
	const char *rule;
	void (*make)(struct parts *);
	void (*break_it)(struct parts *);
};

#define BREAK(name, statement)                                                                     \
	static void name(struct parts *parts)                                                      \
	{                                                                                          \
		statement;                                                                         \
	}

BREAK(more_links, parts->kf.link_count = 3)
BREAK(fewer_links, parts->kf.link_count = 1)
BREAK(first_with_link, parts->kf.link_count = 1)
BREAK(no_previous, parts->kf.previous = 0)
BREAK(first_with_previous, parts->kf.previous = 500)
BREAK(previous_later, parts->kf.previous = parts->links[0].offset = OFFSET)
BREAK(link_elsewhere, parts->links[0].offset = 899999)
BREAK(link_later, parts->links[1].offset = OFFSET)
BREAK(no_full, parts->kf.full = 0)
BREAK(full_later, parts->kf.full = OFFSET)
BREAK(full_on_full, parts->kf.full = 500)
BREAK(from_in_header, parts->kf.from = 127)
BREAK(next_before_from, parts->kf.next = 909999)
BREAK(next_later, parts->kf.next = OFFSET + 1)
BREAK(size_256, parts->kf.page_size = 256)
BREAK(size_131072, parts->kf.page_size = 131072)
BREAK(size_5000, parts->kf.page_size = 5000)
BREAK(size_0, parts->kf.page_size = 0)
BREAK(empty_with_size, parts->kf.page_size = 4096)
BREAK(reach_0, parts->kf.reach = 0)
BREAK(reach_17, parts->kf.reach = 17)
BREAK(full_reach_2, parts->kf.reach = 2)
BREAK(map_later, parts->maps[1].offset = OFFSET)
BREAK(map_page_0, parts->maps[0].first_page = 0)
BREAK(map_order, parts->maps[1].first_page = 1)
BREAK(entry_past_next, parts->entries[2].offset = 950000)
BREAK(entry_twice, parts->entries[1].offset = parts->entries[0].offset)
BREAK(entry_order, parts->entries[2].offset = 910100)
BREAK(entry_before_from, parts->entries[0].offset = 909999)

Test(keyframe, rules)
{
	static const struct broken cases[] = {
		{"L + 1 links, no more", make_delta, more_links},
		{"L + 1 links, no fewer", make_delta, fewer_links},
		{"the first has no link", make_first, first_with_link},
		{"previous is 0 in the first only", make_delta, no_previous},
		{"previous is 0 in the first", make_first, first_with_previous},
		{"previous is before", make_delta, previous_later},
		{"link 0 leads to the keyframe before", make_delta, link_elsewhere},
		{"links lead back", make_delta, link_later},
		{"a delta stands on a full one", make_delta, no_full},
		{"which is before it", make_delta, full_later},
		{"full is 0 in a full one", make_full, full_on_full},
		{"from is behind the header", make_delta, from_in_header},
		{"an interval does not end before it starts", make_delta, next_before_from},
		{"next is before the keyframe", make_delta, next_later},
		{"page sizes: from 512", make_delta, size_256},
		{"page sizes: to 65536", make_delta, size_131072},
		{"page sizes: powers of two", make_delta, size_5000},
		{"page sizes: 0 in an empty database only", make_delta, size_0},
		{"page sizes: 0 in an empty database", make_first, empty_with_size},
		{"reach is at least 1", make_delta, reach_0},
		{"reach is at most 16^L", make_delta, reach_17},
		{"reach is 1 in a full one", make_full, full_reach_2},
		{"maps are before the keyframe", make_delta, map_later},
		{"pages count from 1", make_delta, map_page_0},
		{"maps are in order", make_delta, map_order},
		{"changes are before next", make_delta, entry_past_next},
		{"a change is listed once", make_delta, entry_twice},
		{"changes are in order", make_delta, entry_order},
		{"changes are behind from", make_delta, entry_before_from},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct parts parts;
		struct keyframe *kf = NULL;

		cases[i].make(&parts);
		cases[i].break_it(&parts);
		cr_assert(code_is(decode(&parts, &kf), BK_E_DAMAGE), "%s: %s", cases[i].rule,
			why()->msg);
		says("offset 1000000");
	}
}

/* Any other number of bytes than the lists need; and bytes that no encoder writes. */
Test(keyframe, rules_on_bytes)
{
	static const struct {
		size_t at, size;
		uint64_t value;
	} cases[] = {
		{24, 8, 0},                             /* next of a delta */
		{68, 4, 2 + OFFSET / 24},               /* more pages than there is room for */
		{76, 4, UINT32_MAX},                    /* links */
		{80, 4, UINT32_MAX},                    /* maps */
		{84, 4, UINT32_MAX},                    /* changes */
		{84, 4, 2}, {84, 4, 4}, {163, 1, 0x20}, /* an unknown flag of a change */
		{164, 1, 0x80},                         /* a number that does not end as it did */
	};
	struct parts parts;
	struct frame_head head;
	struct keyframe *kf = NULL;
	struct bk_buf payload;

	bk_buf_init(&payload, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		make_delta(&parts);
		encode(&parts, &payload, &head);
		forge_put(payload.data + cases[i].at, cases[i].size, cases[i].value);
		cr_assert(code_is(bk_keyframe_decode(&kf, &head, OFFSET, payload.data, why()),
				  BK_E_DAMAGE),
			"case %zu: %s", i, why()->msg);
	}
	make_delta(&parts);
	encode(&parts, &payload, &head);
	forge_put(payload.data + 68, 4, 1 + OFFSET / 24);
	ok(bk_keyframe_decode(&kf, &head, OFFSET, payload.data, why()));
	bk_keyframe_free(&kf->cached);
	make_full(&parts);
	encode(&parts, &payload, &head);
	forge_put(payload.data + 24, 8, OFFSET); /* next of a full one */
	fails(BK_E_DAMAGE, bk_keyframe_decode(&kf, &head, OFFSET, payload.data, why()));
	bk_buf_done(&payload);
}

Test(keyframe, has_the_size_that_its_lists_need)
{
	struct parts parts;
	struct frame_head head;
	struct keyframe *kf = NULL;
	struct bk_buf payload;
	uint32_t whole;

	bk_buf_init(&payload, 1 << 20);
	make_delta(&parts);
	encode(&parts, &payload, &head);
	whole = head.size;
	for (head.size = 0; head.size < whole; head.size++)
		fails(BK_E_DAMAGE, bk_keyframe_decode(&kf, &head, OFFSET, payload.data, why()));
	ok(bk_buf_append(&payload, "", 1, why()));
	head.size = whole + 1;
	fails(BK_E_DAMAGE, bk_keyframe_decode(&kf, &head, OFFSET, payload.data, why()));
	bk_buf_done(&payload);
}

/* "With L the number of times 16 divides the ordinal (at most 7) … L + 1 links" */
Test(keyframe, link_counts)
{
	static const struct {
		uint64_t ordinal;
		unsigned links;
	} cases[] = {{0, 0}, {1, 1}, {15, 1}, {16, 2}, {17, 1}, {32, 2}, {240, 2}, {256, 3},
		{272, 2}, {4096, 4}, {65536, 5}, {(uint64_t)1 << 28, 8}, {(uint64_t)1 << 32, 8},
		{((uint64_t)1 << 28) + 1, 1}};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		cr_assert(
			bk_keyframe_link_count(cases[i].ordinal) == cases[i].links, "case %zu", i);
	cr_assert(bk_keyframe_step(0) == 1 && bk_keyframe_step(1) == 16 &&
		  bk_keyframe_step(7) == 268435456);
}

/* "the smallest time of any change that stands, or full keyframe" */
Test(keyframe, earliest)
{
	struct parts parts;

	make_delta(&parts);
	point(&parts);
	cr_assert(bk_keyframe_earliest(&parts.kf) == TEST_NOW_US - 10,
		"the struck one does not count");
	parts.kf.is_full = true;
	parts.kf.time_us = TEST_NOW_US - 20;
	cr_assert(bk_keyframe_earliest(&parts.kf) == TEST_NOW_US - 20);
	parts.kf.is_full = false;
	parts.kf.entry_count = 0;
	cr_assert(bk_keyframe_earliest(&parts.kf) == INT64_MAX);
}

/* Section 6, "Notes": in front of the lists, with their size. */
Test(keyframe, notes)
{
	static const char notes[] = "node=02ab\ndoubt=why\n";
	struct keyframe *kf = NULL;
	struct frame_head head;
	struct parts parts;
	struct bk_buf out;

	make_delta(&parts);
	point(&parts);
	parts.kf.notes = notes;
	bk_buf_init(&out, 1 << 20);
	ok(bk_keyframe_encode(&parts.kf, &out, why()));
	cr_assert(forge_get(out.data + 88, 4) == sizeof notes - 1);
	cr_assert(memcmp(out.data + 92, notes, sizeof notes - 1) == 0);
	head = (struct frame_head){.size = (uint32_t)out.size,
		.must = bk_keyframe_must(&parts.kf),
		.version = parts.kf.version,
		.time_us = parts.kf.time_us,
		.keyframe = parts.kf.previous};
	cr_assert(head.must == KEYFRAME_NOTES);
	ok(bk_keyframe_decode(&kf, &head, OFFSET, out.data, why()));
	cr_assert_str_eq(kf->notes, notes);
	cr_assert(kf->entry_count == 3 && kf->links[1].offset == 400);
	bk_keyframe_free(&kf->cached);
	forge_put(out.data + 88, 4, KEYFRAME_NOTES_MAX + 1);
	fails(BK_E_DAMAGE, bk_keyframe_decode(&kf, &head, OFFSET, out.data, why()));
	forge_put(out.data + 88, 4, 0);
	fails(BK_E_DAMAGE, bk_keyframe_decode(&kf, &head, OFFSET, out.data, why()));
	forge_put(out.data + 88, 4, sizeof notes - 1);
	out.data[95] = 0;
	fails(BK_E_DAMAGE, bk_keyframe_decode(&kf, &head, OFFSET, out.data, why()));
	bk_buf_done(&out);
}
