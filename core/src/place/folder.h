/* folder.h - one log in a folder of a store: found by a listing and by names, read, and gone on
 * with (docs/objects.md, 2, 4 and 5).
 *
 * What is put never stands for more than the store said: after any failure the folder is to be
 * loaded anew.
 *
 * Threads: one; but bk_folder_read from one beside none that appends. */
#ifndef BK_FOLDER_H
#define BK_FOLDER_H

#include "chain.h"
#include "fetch.h"
#include "objects.h"
#include "pieces.h"

#define FOLDER_NAME 48

/* A piece that a merged one covers, and when it may go. */
struct doomed {
	struct piece piece;
	int64_t due_ms;
};

struct folder {
	struct objects *objects; /* borrowed */
	char name[FOLDER_NAME];  /* "": nothing is loaded */
	uint8_t header[LOG_HEADER_SIZE];
	struct log_header log;
	struct pieces way;   /* from behind the header on */
	uint64_t reached;    /* where WAY ends */
	bool is_closed;      /* nothing more is taken */
	uint32_t newest;     /* writer's number that is known of (writers.h) */
	bool is_start_known; /* the sum before CHAIN's first frame */
	bool is_read;        /* only: CHAIN knows no sums where it need not */
	struct chain chain;  /* of what is there, and what was appended */
	int64_t asked_ms;    /* when it was looked whether there is more */

	/* Of who appends. */
	bool is_settled;
	uint32_t writer;    /* our number, where numbers are needed; else 0 */
	bool is_listed;     /* it was in the listing, which so is newer than that */
	int64_t checked_ms; /* when it was seen last that nobody is ahead */
	struct bk_buf held; /* what was appended, and not put yet: it begins at REACHED */

	/* Of who merges (foldermerge.c). */
	struct bk_buf kept; /* what was put last, up to REACHED */
	size_t merged;      /* objects of WAY that were looked at */
	struct doomed *doomed;
	size_t doomed_count, doomed_next;
	bool is_kept; /* nothing may be removed: then nothing is merged */
};

void bk_folder_init(struct folder *folder, struct objects *objects);
void bk_folder_done(struct folder *folder);

/* Forgets what was loaded. */
void bk_folder_forget(struct folder *folder);

/* Finds out where the log in the folder NAME stands. Fails with BK_E_MISSING where none does,
 * BK_E_DAMAGE, BK_E_FORMAT, BK_E_IO, BK_E_NOMEM, BK_E_BUSY. */
BK_MUST_CHECK enum bk_code bk_folder_load(
	struct folder *folder, const char *name, struct bk_error *err);

/* The same of that folder, for the writer of that number: all is found that any before him put. */
BK_MUST_CHECK enum bk_code bk_folder_load_as(
	struct folder *folder, uint32_t writer, struct bk_error *err);

/* Whether there is more, by its name. */
BK_MUST_CHECK enum bk_code bk_folder_probe(struct folder *folder, struct bk_error *err);

/* Makes the folder NAME with the header's piece, or finds that there; and makes sure that the store
 * keeps a second one out. Fails with BK_E_UNSAFE where it does not, or another's is there. */
BK_MUST_CHECK enum bk_code bk_folder_begin(
	struct folder *folder, const char *name, const uint8_t *header, struct bk_error *err);

/* As place.h has it, of this log. */
BK_MUST_CHECK enum bk_code bk_folder_append(struct folder *folder, uint64_t offset,
	const void *data, size_t size, bool sync, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_folder_read(struct folder *folder, uint64_t offset, void *data,
	size_t size, size_t *got, struct bk_error *err);

/* For who only reads: as bk_folder_load, but what stands at the end is not looked through, and much
 * is asked for at once. Bytes at the log's ends are given to TAKE, with CTX. */
typedef void folder_take(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size);
BK_MUST_CHECK enum bk_code bk_folder_look(struct folder *folder, const char *name,
	struct fetch *fetch, folder_take *take, void *ctx, struct bk_error *err);

/* As bk_folder_read, by FETCH and from any number of threads at once; BK_E_BUSY where it is to be
 * loaded anew. */
BK_MUST_CHECK enum bk_code bk_folder_part(const struct folder *folder, struct fetch *fetch,
	uint64_t offset, void *data, size_t size, size_t *got, struct bk_error *err);

/* From now on nobody appends any more. */
BK_MUST_CHECK enum bk_code bk_folder_close(struct folder *folder, struct bk_error *err);

/* Merges a stretch, or removes a piece that is covered; *WAIT_MS: when there is more to do (0: at
 * once; UINT32_MAX: not before more comes). */
BK_MUST_CHECK enum bk_code bk_folder_tend(
	struct folder *folder, uint32_t *wait_ms, struct bk_error *err);

/* For those files: what a folder is loaded by, one after the other. MORE: it is to be looked
 * whether there is something that the listing lacks. */
BK_MUST_CHECK enum bk_code bk_folder_list(struct folder *folder, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_folder_go_on(struct folder *folder, bool more, struct bk_error *err);
size_t bk_folder_header(const struct folder *folder, uint64_t offset, uint8_t *data, size_t size);

/* For those files: SIZE bytes from AT on, which one object of WAY has, into OUT; BK_E_BUSY where it
 * is gone, and the folder is to be loaded anew. */
BK_MUST_CHECK enum bk_code bk_folder_get(
	struct folder *folder, uint64_t at, size_t size, struct bk_buf *out, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_folder_get_of(struct folder *folder, const struct piece *piece,
	uint64_t from, size_t size, struct bk_buf *out, struct bk_error *err);
void bk_folder_keep(struct folder *folder, const void *data, size_t size);
BK_MUST_CHECK enum bk_code bk_folder_doom(
	struct folder *folder, const struct piece *piece, int64_t due_ms, struct bk_error *err);
enum bk_code bk_folder_feed(struct folder *folder, const struct bk_buf *body, struct bk_error *err);
enum bk_code bk_folder_settle(struct folder *folder, struct bk_error *err);

/* What may stand behind the way, for who only reads: its piece. Whether names of other writers are
 * to be tried, too. */
struct piece bk_folder_next(const struct folder *folder);
bool bk_folder_is_contended(const struct folder *folder);

#endif
