/* entry.h - one version of those that a log holds, as it is listed. */
#ifndef BK_ENTRY_H
#define BK_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

/* Those below 0x100 are the flags of the change's frame (docs/format.md, 4). */
enum bk_entry_flag {
	BK_ENTRY_STREAM = 0x01,       /* begins a compression stream */
	BK_ENTRY_LONE = 0x02,         /* a lone pragma: repeats the version before it */
	BK_ENTRY_FK_OFF = 0x04,       /* ran with foreign keys off */
	BK_ENTRY_LEGACY_ALTER = 0x08, /* ran with PRAGMA legacy_alter_table on */
	BK_ENTRY_RECURSIVE = 0x10,    /* ran with PRAGMA recursive_triggers on */
	BK_ENTRY_UNLIKE = 0x20,       /* ran in a state of the connection that no replay has */
	BK_ENTRY_STRUCK = 0x100,      /* a rewind struck it: it never happened */
	BK_ENTRY_SNAPSHOT = 0x200,    /* no change, but a full keyframe: the version was copied */
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

#endif
