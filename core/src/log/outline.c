/* outline.c - what a reader with the key will read of a sealed log, told by the heads of its
 * frames.
 *
 * The heads lead from each keyframe to the one before it. Counted from the first, these have their
 * ordinals, and these tell links and maps (docs/format.md, 6). What is read here is checked by
 * nobody but for its sense: a wrong guess costs the client a read. */
#include "keyframe.h"
#include "opened.h"
#include "search.h"
#include <bk/outline.h>
#include <bk/version.h>
#include <stdlib.h>

#define KEYFRAMES_MAX ((size_t)1 << 16) /* walked over; a log of eight million versions */
#define HEADS_MAX     200000            /* read in all: a quarter of a second */
#define TAIL_BYTES    (16u << 10)       /* where a reader looks for the end */
#define DELTAS        16                /* whose stored pages are read */
#define FIRST_BYTES                                                                                \
	((uint64_t)192 << 10) /* of a full keyframe's pages: the schema stands there               \
			       */

#define KINDS(kind)   (1u << (kind))
#define ALL_BUT_PAGES (~KINDS(FRAME_PAGES))

struct key_head {
	uint64_t offset, end;
	uint32_t version;
	bool is_full;
};

struct outline {
	struct logfile lf; /* what is read through it is no client's business */
	struct file seen;  /* what is read through it is */
	struct log_end end;
	struct key_head *keyframes; /* by ordinal */
	size_t count;
	unsigned heads; /* read so far */
	uint64_t room;  /* bytes still to be read */
};

/* The head at OFFSET; *IS_ONE is false where none can stand. */
static enum bk_code read_head(struct outline *outline, uint64_t offset, struct frame_head *head,
	bool *is_one, struct bk_error *err)
{
	uint8_t bytes[FRAME_HEAD_SIZE];
	size_t got;
	enum bk_code code = bk_file_read(&outline->lf.file, bytes, sizeof bytes, offset, &got, err);

	if (!code && ++outline->heads > HEADS_MAX)
		code = bk_fail(err, BK_E_LIMIT, 0, "%s has too many frames to look at",
			outline->lf.file.path);
	*is_one = !code && got == sizeof bytes && bk_frame_plausible(head, bytes);
	return code;
}

/* Reads SIZE bytes at OFFSET for the client, and MORE behind them, which he reads with them. */
static enum bk_code see(struct outline *outline, uint64_t offset, uint64_t size, uint64_t more,
	struct bk_error *err)
{
	static const size_t piece = (size_t)64 << 10;
	uint64_t upto;
	enum bk_code code = BK_OK;
	size_t got = piece;
	uint8_t *bytes = malloc(piece);

	if (!bytes)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", outline->seen.path);
	size = size < outline->room ? size : outline->room;
	outline->room -= size;
	size += more;
	for (upto = offset + size; !code && got && offset < upto; offset += got)
		code = bk_file_read(&outline->seen, bytes,
			upto - offset < piece ? (size_t)(upto - offset) : piece, offset, &got, err);
	free(bytes);
	return code;
}

/* Reads the frames of KINDS between FROM, where one begins, and UPTO, at most MOST bytes of them.
 */
static enum bk_code see_frames(struct outline *outline, uint64_t from, uint64_t upto,
	uint32_t kinds, uint64_t most, struct bk_error *err)
{
	struct frame_head head;
	bool is_one = true;
	enum bk_code code = BK_OK;

	while (!code && from < upto && outline->room && most) {
		code = read_head(outline, from, &head, &is_one, err);
		if (code || !is_one)
			return code;
		if (head.kind < 32 && kinds >> head.kind & 1) {
			uint64_t size = bk_frame_size(&head) < most ? bk_frame_size(&head) : most;

			code = see(outline, from, size,
				head.kind == FRAME_PAGES ? OPENED_GUESS : WALK_CHUNK_ONE, err);
			most -= size;
		}
		from += bk_frame_size(&head);
	}
	return code;
}

/* Puts the keyframes into their order: they were found from the last to the first. */
static void turn_round(struct outline *outline)
{
	for (size_t i = 0; i < outline->count / 2; i++) {
		struct key_head *other = &outline->keyframes[outline->count - 1 - i];
		struct key_head kept = outline->keyframes[i];

		outline->keyframes[i] = *other;
		*other = kept;
	}
}

static enum bk_code find_keyframes(struct outline *outline, struct bk_error *err)
{
	uint64_t at = outline->end.last, before = UINT64_MAX;
	struct frame_head head;
	bool is_one = true;
	enum bk_code code = BK_OK;

	while (at && at < before) {
		code = read_head(outline, at, &head, &is_one, err);
		if (code)
			return code;
		if (!is_one || outline->count == KEYFRAMES_MAX)
			return bk_fail(err, BK_E_LIMIT, 0, "%s cannot be looked through",
				outline->lf.file.path);
		if (head.kind == FRAME_KEYFRAME)
			outline->keyframes[outline->count++] = (struct key_head){.offset = at,
				.end = at + bk_frame_size(&head),
				.version = head.version,
				.is_full = head.must & KEYFRAME_FULL};
		before = at;
		at = head.keyframe;
	}
	turn_round(outline);
	return BK_OK;
}

/* How far the longest link of a keyframe leads, and its maps reach; not that of the first. */
static size_t longest(size_t ordinal)
{
	return (size_t)bk_keyframe_step(bk_keyframe_link_count(ordinal) - 1);
}

/* Reads the keyframes that a search for VERSION passes, from the newest on: the longest link that
 * does not pass it, again and again; and those beside the one that it looks for. */
static enum bk_code see_search(struct outline *outline, uint32_t version, struct bk_error *err)
{
	size_t at = outline->count - 1;
	enum bk_code code = BK_OK;

	while (!code) {
		const struct key_head *kf = &outline->keyframes[at];
		size_t step = at ? longest(at) : 0;

		code = see(outline, kf->offset, kf->end - kf->offset, WALK_CHUNK_ONE, err);
		while (step && !bk_version_after(outline->keyframes[at - step].version, version))
			step /= KEYFRAME_FANOUT;
		if (!step)
			break;
		at -= step;
	}
	return code;
}

/* The end of the keyframe before that of ORDINAL; before the first, of the header. */
static uint64_t behind_previous(const struct outline *outline, size_t ordinal)
{
	return ordinal ? outline->keyframes[ordinal - 1].end : LOG_HEADER_SIZE;
}

/* Reads the keyframe of ORDINAL, and of what was written for it the frames of KINDS. */
static enum bk_code see_keyframe(struct outline *outline, size_t ordinal, uint32_t kinds,
	uint64_t most, struct bk_error *err)
{
	const struct key_head *kf = &outline->keyframes[ordinal];
	enum bk_code code = see(outline, kf->offset, kf->end - kf->offset, WALK_CHUNK_ONE, err);

	return code ? code
		    : see_frames(outline, behind_previous(outline, ordinal), kf->offset, kinds,
			      most, err);
}

/* The keyframe whose maps go on where those of ORDINAL end, which is not full. */
static size_t next_maps(const struct outline *outline, size_t ordinal)
{
	size_t upto = ordinal - longest(ordinal);

	for (size_t at = ordinal; at-- > upto;)
		if (outline->keyframes[at].is_full)
			return at;
	return upto;
}

/* Reads the maps that tell where the pages of the keyframe of ORDINAL stand, and of the full one
 * that all of that stands on the first pages. */
static enum bk_code see_maps(struct outline *outline, size_t ordinal, struct bk_error *err)
{
	enum bk_code code = see_keyframe(outline, ordinal, KINDS(FRAME_MAP), UINT64_MAX, err);

	while (!code && ordinal && !outline->keyframes[ordinal].is_full) {
		ordinal = next_maps(outline, ordinal);
		code = see_keyframe(outline, ordinal, KINDS(FRAME_MAP), UINT64_MAX, err);
	}
	return code ? code
		    : see_frames(outline, behind_previous(outline, ordinal),
			      outline->keyframes[ordinal].offset, KINDS(FRAME_PAGES), FIRST_BYTES,
			      err);
}

/* Reads the pages that the newest deltas up to that of ORDINAL stored. */
static enum bk_code see_pages(struct outline *outline, size_t ordinal, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; !code && i < DELTAS && !outline->keyframes[ordinal].is_full; i++) {
		code = see_keyframe(outline, ordinal, KINDS(FRAME_PAGES), UINT64_MAX, err);
		if (!ordinal--)
			break;
	}
	return code;
}

/* Reads the changes between the keyframe of ORDINAL and the one above it. Where its interval ends
 * stands sealed in it: not before the keyframe below. */
static enum bk_code see_changes(struct outline *outline, size_t ordinal, struct bk_error *err)
{
	uint64_t upto = outline->end.end;

	if (ordinal + 1 < outline->count)
		upto = outline->keyframes[ordinal + 1].end;
	return see_frames(
		outline, behind_previous(outline, ordinal), upto, ALL_BUT_PAGES, UINT64_MAX, err);
}

static enum bk_code see_image(struct outline *outline, uint32_t version, struct bk_error *err)
{
	size_t ordinal = outline->count;
	enum bk_code code;

	while (ordinal && bk_version_after(outline->keyframes[ordinal - 1].version, version))
		ordinal--;
	if (!ordinal--)
		return BK_OK; /* it is before the first */
	code = see_search(outline, version, err);
	if (!code)
		code = see_changes(outline, ordinal, err);
	if (!code)
		code = see_maps(outline, ordinal, err);
	return code ? code : see_pages(outline, ordinal, err);
}

/* What opening the log itself reads. */
static enum bk_code see_ends(struct outline *outline, struct bk_error *err)
{
	uint64_t end = outline->end.end;
	uint64_t tail = end < TAIL_BYTES ? end : TAIL_BYTES;
	struct frame_head head;
	bool is_one;
	enum bk_code code = see(outline, end - tail, tail, 0, err);

	for (uint64_t at = LOG_HEADER_SIZE; !code && at < end; at += bk_frame_size(&head)) {
		code = read_head(outline, at, &head, &is_one, err);
		if (code || !is_one || head.kind != FRAME_SLOT)
			return code ? code : see(outline, 0, at, WALK_CHUNK_ONE, err);
	}
	return code;
}

static enum bk_code read_outline(
	struct outline *outline, const uint32_t *version, struct bk_error *err)
{
	enum bk_code code = bk_logfile_find_end(&outline->lf, &outline->end, err);

	outline->keyframes = calloc(KEYFRAMES_MAX, sizeof *outline->keyframes);
	if (!code && !outline->keyframes)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory for an outline");
	if (!code)
		code = find_keyframes(outline, err);
	if (!code && !version)
		code = see_ends(outline, err);
	if (!code && outline->count)
		code = see_image(outline,
			version ? *version : outline->keyframes[outline->count - 1].version, err);
	free(outline->keyframes);
	return code;
}

enum bk_code bk_outline_read(const struct bk_io *io, const char *path, const uint32_t *version,
	bool *is_sealed, struct bk_error *err)
{
	struct outline outline = {.seen = FILE_CLOSED, .room = OUTLINE_BYTES};
	struct bk_io quiet = *io;
	enum bk_code code;

	quiet.saw = NULL;
	code = bk_logfile_open(&outline.lf, &quiet, path, BK_IO_READ, err);
	if (code)
		return code;
	*is_sealed = outline.lf.header.is_sealed;
	if (*is_sealed)
		code = bk_file_open(&outline.seen, io, path, BK_IO_READ, err);
	if (*is_sealed && !code)
		code = read_outline(&outline, version, err);
	bk_file_close(&outline.seen);
	bk_logfile_close(&outline.lf);
	return code;
}
