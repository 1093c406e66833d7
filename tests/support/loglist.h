/* loglist.h - what `backup-cli log --json` says that a log holds. */
#ifndef LOGLIST_H
#define LOGLIST_H

#include <bk/error.h>
#include <stddef.h>
#include <stdint.h>

struct loglist_entry {
	uint32_t version;
	uint32_t statements, sql_bytes, log_bytes;
	int64_t time_us;
	char note[16]; /* "struck out", "snapshot", "pragma" or "" */
};

struct loglist {
	struct loglist_entry *entries;
	size_t count;
};

enum loglist_what {
	LOGLIST_VERSIONS, /* each version once */
	LOGLIST_ALL,      /* and lone pragmas, what was struck out, snapshots */
};

/* Runs CLI, the program backup-cli, on the log URL. Fails with BK_E_INVALID if it fails or prints
 * something else. The caller calls loglist_done. */
BK_MUST_CHECK enum bk_code loglist_read(struct loglist *list, const char *cli, const char *url,
	enum loglist_what what, struct bk_error *err);
void loglist_done(struct loglist *list);

/* How many entries lead to VERSION and have the note NOTE (NULL: whatever note). */
size_t loglist_count(const struct loglist *list, uint32_t version, const char *note);

#endif
