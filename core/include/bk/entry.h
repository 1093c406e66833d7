/* entry.h - one version of those that a log holds, as it is listed. */
#ifndef BK_ENTRY_H
#define BK_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

/* The first three are the flags of the change's frame (docs/format.md, 4). */
enum bk_entry_flag {
	BK_ENTRY_STREAM = 0x01,    /* begins a compression stream */
	BK_ENTRY_LONE = 0x02,      /* a lone pragma: repeats the version before it */
	BK_ENTRY_FK_OFF = 0x04,    /* ran with foreign keys off */
	BK_ENTRY_STRUCK = 0x100,   /* a rewind struck it: it never happened */
	BK_ENTRY_SNAPSHOT = 0x200, /* no change, but a full keyframe: the version was copied */
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

/* Behind each statement of a version's text (bk_log_sql) stand so many bytes, of which SQL_BYTES has
 * one. */
#define BK_SQL_END 3

/* How long a version's text is. */
static inline uint64_t bk_entry_text_bytes(const struct bk_entry *entry)
{
	return (uint64_t)entry->sql_bytes + (uint64_t)entry->statements * (BK_SQL_END - 1);
}

#endif
