/* keyframe.c - the KEYFRAME frame's payload. */
#include "keyframe.h"
#include "codec.h"
#include "record.h"
#include <stdlib.h>
#include <string.h>

#define FIXED_SIZE    88
#define LINK_SIZE     20
#define MAP_SIZE      16
#define ENTRY_NUMBERS 8
#define ENTRY_FLAGS   (CHANGE_FLAGS | CHANGE_STATE_MASK | BK_ENTRY_STRUCK)

unsigned bk_keyframe_link_count(uint64_t ordinal)
{
	unsigned level = 0;

	if (!ordinal)
		return 0;
	while (level < KEYFRAME_LEVEL_MAX && ordinal % KEYFRAME_FANOUT == 0) {
		ordinal /= KEYFRAME_FANOUT;
		level++;
	}
	return level + 1;
}

uint64_t bk_keyframe_step(unsigned level)
{
	return (uint64_t)1 << (4 * level);
}

struct bk_entry bk_keyframe_snapshot(const struct keyframe *kf)
{
	return (struct bk_entry){
		.offset = kf->offset,
		.time_us = kf->time_us,
		.version = kf->version,
		.page_count = kf->page_count,
		.page_size = kf->page_size,
		.log_bytes = (uint32_t)(kf->end - kf->offset),
		.flags = BK_ENTRY_SNAPSHOT | (kf->is_carried || kf->is_thinned ? BK_ENTRY_KEPT : 0),
	};
}

int64_t bk_keyframe_earliest(const struct keyframe *kf)
{
	int64_t earliest = bk_keyframe_is_entry(kf) ? kf->time_us : INT64_MAX;

	for (size_t i = 0; i < kf->entry_count; i++)
		if (!(kf->entries[i].flags & BK_ENTRY_STRUCK) && kf->entries[i].time_us < earliest)
			earliest = kf->entries[i].time_us;
	return earliest;
}

static uint32_t version_before(const struct keyframe *kf)
{
	return kf->link_count ? kf->links[0].version : 0;
}

static uint8_t *put_entry(uint8_t *at, const struct bk_entry *entry, const struct bk_entry *before,
	bool has_page_count)
{
	at = bk_put_number(at, entry->offset - before->offset);
	at = bk_put_signed(at, (int32_t)(entry->version - before->version));
	at = bk_put_signed(at, (int64_t)((uint64_t)entry->time_us - (uint64_t)before->time_us));
	at = bk_put_number(at, entry->flags & ENTRY_FLAGS);
	at = bk_put_number(at, entry->statements);
	at = bk_put_number(at, entry->sql_bytes);
	at = bk_put_number(at, entry->log_bytes - FRAME_HEAD_SIZE);
	return bk_put_number(at, has_page_count ? entry->page_count : 0);
}

static uint8_t *put_fixed(uint8_t *at, const struct keyframe *kf)
{
	at = bk_put_u64(at, kf->ordinal);
	at = bk_put_u64(at, kf->full);
	at = bk_put_u64(at, kf->from);
	at = bk_put_u64(at, bk_keyframe_is_entry(kf) ? 0 : kf->next);
	at = bk_put_u64(at, kf->history);
	at = bk_put_u64(at, kf->pages_sum);
	at = bk_put_u64(at, kf->session);
	at = bk_put_u64(at, kf->count);
	at = bk_put_u32(at, kf->page_size);
	at = bk_put_u32(at, kf->page_count);
	at = bk_put_u32(at, kf->reach);
	at = bk_put_u32(at, (uint32_t)kf->link_count);
	at = bk_put_u32(at, (uint32_t)kf->map_count);
	return bk_put_u32(at, (uint32_t)kf->entry_count);
}

static bool has_notes(const struct keyframe *kf)
{
	return kf->notes && *kf->notes;
}

uint8_t bk_keyframe_must(const struct keyframe *kf)
{
	return (uint8_t)((kf->is_full ? KEYFRAME_FULL : 0) | (has_notes(kf) ? KEYFRAME_NOTES : 0) |
			 (kf->is_carried ? KEYFRAME_CARRIED : 0) |
			 (kf->is_thinned ? KEYFRAME_THINNED : 0));
}

static size_t notes_size(const struct keyframe *kf)
{
	return has_notes(kf) ? strlen(kf->notes) : 0;
}

static uint8_t *put_notes(uint8_t *at, const char *notes, size_t size)
{
	if (!size)
		return at;
	at = bk_put_u32(at, (uint32_t)size);
	memcpy(at, notes, size);
	return at + size;
}

enum bk_code bk_keyframe_encode(const struct keyframe *kf, struct bk_buf *out, struct bk_error *err)
{
	struct bk_entry before = {
		.offset = kf->from, .version = version_before(kf), .time_us = kf->time_us};
	size_t room = FIXED_SIZE + kf->link_count * LINK_SIZE + kf->map_count * MAP_SIZE +
		      kf->entry_count * ENTRY_NUMBERS * NUMBER_SIZE_MAX + 4 + notes_size(kf);
	enum bk_code code = bk_buf_reserve(out, room, err);
	uint8_t *at;

	if (code)
		return code;
	at = put_notes(put_fixed(out->data + out->size, kf), kf->notes, notes_size(kf));
	for (size_t i = 0; i < kf->link_count; i++) {
		at = bk_put_u64(at, kf->links[i].offset);
		at = bk_put_u32(at, kf->links[i].version);
		at = bk_put_u64(at, (uint64_t)kf->links[i].earliest_us);
	}
	for (size_t i = 0; i < kf->map_count; i++) {
		at = bk_put_u64(at, kf->maps[i].offset);
		at = bk_put_u32(at, kf->maps[i].first_page);
		at = bk_put_u32(at, kf->maps[i].entries);
	}
	for (size_t i = 0; i < kf->entry_count; i++) {
		at = put_entry(at, &kf->entries[i], &before, !kf->is_full);
		before = kf->entries[i];
	}
	out->size = (size_t)(at - out->data);
	return BK_OK;
}

static void get_fixed(struct cursor *cur, struct keyframe *kf)
{
	kf->ordinal = bk_get_u64(cur);
	kf->full = bk_get_u64(cur);
	kf->from = bk_get_u64(cur);
	kf->next = bk_get_u64(cur);
	if (bk_keyframe_is_entry(kf))
		kf->next = kf->next ? UINT64_MAX : kf->offset;
	kf->history = bk_get_u64(cur);
	kf->pages_sum = bk_get_u64(cur);
	kf->session = bk_get_u64(cur);
	kf->count = bk_get_u64(cur);
	kf->page_size = bk_get_u32(cur);
	kf->page_count = bk_get_u32(cur);
	kf->reach = bk_get_u32(cur);
	kf->link_count = bk_get_u32(cur);
	kf->map_count = bk_get_u32(cur);
	kf->entry_count = bk_get_u32(cur);
}

/* A u32 as a number; anything larger marks the cursor. */
static uint32_t get_number32(struct cursor *cur)
{
	uint64_t value = bk_get_number(cur);

	if (value > UINT32_MAX)
		cur->failed = true;
	return (uint32_t)value;
}

static void get_entry(struct cursor *cur, struct bk_entry *entry, const struct bk_entry *before)
{
	uint32_t size;
	int64_t step;

	entry->offset = before->offset + bk_get_number(cur);
	step = bk_get_signed(cur);
	cur->failed |= step != (int32_t)step;
	entry->version = before->version + (uint32_t)step;
	entry->time_us = (int64_t)((uint64_t)before->time_us + (uint64_t)bk_get_signed(cur));
	entry->flags = get_number32(cur);
	entry->statements = get_number32(cur);
	entry->sql_bytes = get_number32(cur);
	size = get_number32(cur);
	entry->page_count = get_number32(cur);
	if (entry->offset < before->offset || size > PAYLOAD_CHANGE_MAX ||
		(entry->flags & ~(uint32_t)ENTRY_FLAGS))
		cur->failed = true;
	entry->log_bytes = size + FRAME_HEAD_SIZE;
}

static void get_lists(struct cursor *cur, struct keyframe *kf)
{
	struct bk_entry before = {.offset = kf->from, .time_us = kf->time_us};

	for (size_t i = 0; i < kf->link_count; i++) {
		kf->links[i].offset = bk_get_u64(cur);
		kf->links[i].version = bk_get_u32(cur);
		kf->links[i].earliest_us = (int64_t)bk_get_u64(cur);
		cur->failed |= kf->links[i].offset >= kf->offset;
	}
	for (size_t i = 0; i < kf->map_count; i++) {
		kf->maps[i].offset = bk_get_u64(cur);
		kf->maps[i].first_page = bk_get_u32(cur);
		kf->maps[i].entries = bk_get_u32(cur);
		cur->failed |= kf->maps[i].offset >= kf->offset ||
			       kf->maps[i].first_page <= (i ? kf->maps[i - 1].first_page : 0);
	}
	before.version = version_before(kf);
	for (size_t i = 0; i < kf->entry_count && !cur->failed; i++) {
		get_entry(cur, &kf->entries[i], &before);
		kf->entries[i].page_size = kf->entries[i].page_count ? kf->page_size : 0;
		cur->failed |= kf->entries[i].offset >= kf->next ||
			       (i && kf->entries[i].offset == before.offset);
		before = kf->entries[i];
	}
}

static bool page_size_allowed(uint32_t size, uint32_t count)
{
	if (!count)
		return size == 0;
	return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

/* The rules of docs/format.md, 6, that tie the fields to each other. */
static bool fields_agree(const struct keyframe *kf)
{
	unsigned links = bk_keyframe_link_count(kf->ordinal);

	if (kf->link_count != links || !page_size_allowed(kf->page_size, kf->page_count))
		return false;
	if (kf->from < LOG_HEADER_SIZE || kf->next < kf->from || kf->next > kf->offset)
		return false;
	if (kf->previous >= kf->offset || !kf->previous != !kf->ordinal)
		return false;
	/* More keyframes than fit before it: searches that go from one to the next would not end.
	 */
	if (kf->ordinal > kf->offset / (FRAME_HEAD_SIZE + FIXED_SIZE))
		return false;
	/* More pages than fit before it, of which all but the lock page are stored: what goes from
	 * one to the next would not end. */
	if (kf->page_count && kf->page_count - 1 > kf->offset / RECORD_HEAD_SIZE)
		return false;
	if (kf->is_full)
		return kf->full == 0 && kf->reach == 1 && !kf->is_thinned;
	if (kf->is_carried || (kf->is_thinned && kf->entry_count))
		return false;
	return kf->full && kf->full < kf->offset && kf->reach && kf->reach <= kf->ordinal &&
	       kf->reach <= bk_keyframe_step(links - 1);
}

/* The notes in front of the lists, *SIZE bytes; NULL if there are none, or none that are right. */
static const uint8_t *get_notes(struct cursor *cur, uint8_t must, size_t *size)
{
	const uint8_t *at;

	*size = 0;
	if (!(must & KEYFRAME_NOTES))
		return NULL;
	*size = bk_get_u32(cur);
	if (!*size || *size > KEYFRAME_NOTES_MAX)
		cur->failed = true;
	at = bk_get_bytes(cur, *size);
	if (at && memchr(at, '\0', *size))
		cur->failed = true;
	return cur->failed ? NULL : at;
}

/* Takes FIXED over, with room for its lists and a copy of NOTES, SIZE bytes. */
static struct keyframe *keyframe_new(
	const struct keyframe *fixed, const uint8_t *notes, size_t size)
{
	size_t entries = fixed->entry_count * sizeof *fixed->entries;
	size_t links = fixed->link_count * sizeof *fixed->links;
	size_t maps = fixed->map_count * sizeof *fixed->maps;
	struct keyframe *kf = malloc(sizeof *kf + entries + links + maps + size + 1);
	char *text;

	if (!kf)
		return NULL;
	*kf = *fixed;
	kf->entries = (struct bk_entry *)(kf + 1);
	kf->links = (struct keyframe_link *)(kf->entries + kf->entry_count);
	kf->maps = (struct keyframe_map *)(kf->links + kf->link_count);
	text = (char *)(kf->maps + kf->map_count);
	if (size)
		memcpy(text, notes, size);
	text[size] = '\0';
	kf->notes = text;
	kf->cached = (struct cached){.item.key = kf->offset,
		.bytes = sizeof *kf + entries + links + maps + size + 1,
		.free = bk_keyframe_free};
	return kf;
}

enum bk_code bk_keyframe_decode(struct keyframe **out, const struct frame_head *head,
	uint64_t offset, const uint8_t *payload, struct bk_error *err)
{
	struct cursor cur = bk_cursor_of(payload, head->size);
	struct keyframe fixed = {
		.offset = offset,
		.end = offset + bk_frame_size(head),
		.time_us = head->time_us,
		.version = head->version,
		.is_full = head->must & KEYFRAME_FULL,
		.is_carried = head->must & KEYFRAME_CARRIED,
		.is_thinned = head->must & KEYFRAME_THINNED,
		.previous = head->keyframe,
	};
	struct keyframe *kf = NULL;
	const uint8_t *notes;
	size_t size;
	bool right;

	get_fixed(&cur, &fixed);
	notes = get_notes(&cur, head->must, &size);
	right = !cur.failed && fixed.link_count <= KEYFRAME_LINKS_MAX &&
		fixed.map_count <= bk_cursor_left(&cur) / MAP_SIZE &&
		fixed.entry_count <= bk_cursor_left(&cur) / ENTRY_NUMBERS && fields_agree(&fixed);
	if (right) {
		kf = keyframe_new(&fixed, notes, size);
		if (!kf)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for a keyframe");
		get_lists(&cur, kf);
		right = !cur.failed && !bk_cursor_left(&cur) &&
			(!kf->link_count || kf->links[0].offset == kf->previous);
	}
	if (!right) {
		free(kf);
		return bk_frame_senseless("keyframe", offset, err);
	}
	*out = kf;
	return BK_OK;
}

void bk_keyframe_free(struct cached *kf)
{
	free(kf);
}
