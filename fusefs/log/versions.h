/* versions.h - finding versions in the log, past damage.
 *
 * Functions return 0 or an errno; damage that they meet is noted for status.json. */
#ifndef VERSIONS_H
#define VERSIONS_H

#include "node.h"
#include "source.h"
#include <bk/listing.h>

/* The size of the file of ENTRY; 0 if only a replay can tell it. */
uint64_t entry_size(const struct bk_entry *entry);
bool entry_has_size(const struct bk_entry *entry);

/* Bytes of changes/…/N.sql, as they are told without reading the statements. */
uint64_t entry_sql_size(const struct bk_entry *entry);

/* Whether ENTRY is the empty database that an empty log begins with: no version to look at. */
bool entry_is_nothing(const struct bk_entry *entry);

/* The entry of VERSION. */
int version_find(struct source *source, uint32_t version, struct bk_entry *entry);

/* The entry of the version that NODE is a file or link of; ESTALE if NODE is not what the version
 * is by now: the kernel then looks the name up anew. */
int version_of_node(struct source *source, const struct node *node, struct bk_entry *entry);

/* The newest version that came not after TIME_US; ENOENT if there is none. */
int version_find_time(struct source *source, int64_t time_us, struct bk_entry *entry);

/* The head; ENOENT in a log that never held a database. */
int version_head(struct source *source, struct bk_log_status *status);

#endif
