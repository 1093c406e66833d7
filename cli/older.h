/* older.h - what the older plugin wrote, as a log. */
#ifndef OLDER_H
#define OLDER_H

#include "common.h"
#include <bk/import.h>
#include <bk/log.h>
#include <stdbool.h>

/* An import under way: what was said of it, and how far it is. Zeros to begin with. */
struct older {
	struct bk_import_result result;
	char **notes;
	size_t note_count;
	uint64_t notes_more; /* that were too many to be kept */
	uint64_t torn_bytes; /* at the file's end: no whole record */
	uint32_t named;      /* the newest version, as the file's header or the server names it */
	bool is_newest_lost; /* which is newer than what there is */
};

void older_done(struct older *older);

/* Makes a log at LOG_PATH of what is at URL: the older plugin's file, whose changes get the time at
 * which it was changed last, for it knows no other; or what a server (socket:) has. Fails as
 * bk_olderfile_open, bk_older_client_open and bk_import do. */
BK_MUST_CHECK enum bk_code older_import(
	struct older *older, const char *url, const char *log_path, struct bk_error *err);

/* Prints what was mended and left out. */
void older_tell(const struct older *older);

/* Whether URL is a server's, or leads to a file of the older plugin. */
bool older_is(const char *url);

/* A log that is made of what is at URL for this once, in a directory for temporary files;
 * older_close takes it away. Fails as older_import does. */
struct older_log {
	struct bk_log *log;
	char *dir, *path;
};
BK_MUST_CHECK enum bk_code older_open(
	struct older_log *out, struct older *older, const char *url, struct bk_error *err);
void older_close(struct older_log *log);

#endif
