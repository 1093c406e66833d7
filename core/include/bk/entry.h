/* entry.h - one version of those that a log holds, as it is listed. */
#ifndef BK_ENTRY_H
#define BK_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

/* Those below 0x100 are the `must` flags of the change's frame, those from 0x1000 on the state of
 * the node's connection that it ran in, out of the frame's `may` (docs/format.md, 4). */
enum bk_entry_flag {
	BK_ENTRY_STREAM = 0x01,    /* begins a compression stream */
	BK_ENTRY_LONE = 0x02,      /* a lone pragma: repeats the version before it */
	BK_ENTRY_FK_OFF = 0x04,    /* ran with foreign keys off */
	BK_ENTRY_STATE = 0x08,     /* some of those from 0x1000 on are there */
	BK_ENTRY_UNLIKE = 0x10,    /* did what no replay can do again */
	BK_ENTRY_STRUCK = 0x100,   /* a rewind struck it: it never happened */
	BK_ENTRY_SNAPSHOT = 0x200, /* no change, but a full keyframe: the version was copied */
	BK_ENTRY_KEPT = 0x400, /* with SNAPSHOT: kept by a compaction, without the changes that led
				* to it */
	BK_ENTRY_LEGACY_ALTER = 0x1000,  /* PRAGMA legacy_alter_table was on */
	BK_ENTRY_RECURSIVE = 0x2000,     /* recursive_triggers was on */
	BK_ENTRY_IGNORE_CHECK = 0x4000,  /* ignore_check_constraints was on */
	BK_ENTRY_CASE_LIKE = 0x8000,     /* case_sensitive_like was on */
	BK_ENTRY_REVERSE = 0x10000,      /* reverse_unordered_selects was on */
	BK_ENTRY_NO_AUTOINDEX = 0x20000, /* automatic_index was off */
};

struct bk_entry {
	uint64_t offset; /* of its frame in the log */
	int64_t time_us; /* when the call came, microseconds since 1970 UTC */
	uint32_t version;
	uint32_t statements; /* 0 in a snapshot */
	uint32_t sql_bytes;  /* one for each statement's end included; 0 in a snapshot */
	uint32_t log_bytes;  /* what its frame takes in the log */
	uint32_t page_count; /* of the database after it; 0 where only a replay can tell */
	uint32_t page_size;  /* bytes; 0 with page_count 0 */
	uint32_t flags;      /* of enum bk_entry_flag */
};

/* Whether an entry stands: it was not struck out. */
static inline bool bk_entry_stands(const struct bk_entry *entry)
{
	return !(entry->flags & BK_ENTRY_STRUCK);
}

/* What ENTRY is besides a change that stands, in a word, as listings have it; "": nothing. */
static inline const char *bk_entry_note(const struct bk_entry *entry)
{
	if (entry->flags & BK_ENTRY_STRUCK)
		return "struck out";
	if (entry->flags & BK_ENTRY_KEPT)
		return "kept";
	if (entry->flags & BK_ENTRY_SNAPSHOT)
		return "snapshot";
	if (entry->flags & BK_ENTRY_LONE)
		return "pragma";
	return "";
}

/* Behind each statement of a version's text (bk_log_sql) stand so many bytes, of which SQL_BYTES
 * has one. */
#define BK_SQL_END 3

/* How long a version's text is. */
static inline uint64_t bk_entry_text_bytes(const struct bk_entry *entry)
{
	return (uint64_t)entry->sql_bytes + (uint64_t)entry->statements * (BK_SQL_END - 1);
}

#endif
