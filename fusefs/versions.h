/* versions.h - finding versions in the log, one or many, past damage.
 *
 * Functions return 0 or an errno; damage that they meet is noted for status.json. */
#ifndef VERSIONS_H
#define VERSIONS_H

#include "fs.h"
#include <bk/listing.h>

/* The size of the file of ENTRY; 0 if only a replay can tell it. */
uint64_t entry_size(const struct bk_entry *entry);
bool entry_has_size(const struct bk_entry *entry);

/* Bytes of changes/…/N.sql: see fileops.c, which makes it as long as this. */
uint64_t entry_sql_size(const struct bk_entry *entry);

/* Whether ENTRY is the empty database that an empty log begins with: no version to look at. */
bool entry_is_nothing(const struct bk_entry *entry);

/* The entry of VERSION. */
int version_find(struct fs *fs, struct source *source, uint32_t version, struct bk_entry *entry);

/* Makes sure that ENTRY, found before, tells the size of its file; that of the nearest version
 * below which has one, if damage is in the way: such a file is there, though it cannot be opened.
 */
int version_measure(struct fs *fs, struct source *source, struct bk_entry *entry);

/* The newest version that came not after TIME_US; ENOENT if there is none. */
int version_find_time(
	struct fs *fs, struct source *source, int64_t time_us, struct bk_entry *entry);

/* The head; ENOENT in a log that never held a database. */
int version_head(struct fs *fs, struct source *source, struct bk_log_status *status);

/* One after the other, oldest first. What damage hides is passed over. */
struct walk {
	struct fs *fs;
	struct source *source;
	struct bk_listing *history; /* NULL: to be opened at NEXT */
	uint32_t next;
	bool is_measured;
};

/* From the first version that is FROM or after it. */
void walk_open(struct walk *walk, struct fs *fs, struct source *source, uint32_t from);

/* From the log's first version. */
int walk_open_first(struct walk *walk, struct fs *fs, struct source *source);

/* At the end *MORE is false and ENTRY not written. */
int walk_next(struct walk *walk, struct bk_entry *entry, bool *more);

/* As walk_next, but sizes of the newest versions are learned first (those that cannot be stay
 * unknown). */
int walk_next_measured(struct walk *walk, struct bk_entry *entry, bool *more);

void walk_close(struct walk *walk);

/* The newest version of a bucket; ENOENT if it has none. */
int bucket_newest(struct fs *fs, struct source *source, uint32_t bucket, struct bk_entry *entry);

#endif
