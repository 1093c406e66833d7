/* logfile.c - the log as a file of frames. */
#include "logfile.h"
#include "slot.h"
#include <bk/process.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* From this size on a frame's sum is looked at before memory is taken for it, piece by piece. */
#define LARGE_FRAME ((size_t)8 << 20)
#define PIECE       ((size_t)256 << 10)

/* The id that the event in BYTES names, an OPENED one, of SIZE bytes. */
static bool id_of_event(struct log_header *header, const uint8_t *bytes, size_t size)
{
	static const char key[] = "\nlog=";
	const uint8_t *at = memmem(bytes, size, key, sizeof key - 1);

	return at && bk_header_from_id(header, at + sizeof key - 1,
			     (size_t)(bytes + size - at) - (sizeof key - 1));
}

/* The id that a slot names: its log is sealed. */
static bool id_of_slot(struct log_header *header, const uint8_t *payload, size_t size)
{
	if (!bk_slot_is_right(payload, size))
		return false;
	*header = (struct log_header){.is_sealed = true};
	memcpy(header->id, bk_slot_id(payload), LOG_ID_SIZE);
	header->seed = XXH3_64bits(header->id, LOG_ID_SIZE);
	return true;
}

/* The id of the log, if BYTES are the start of a frame at OFFSET that names it and is valid under
 * that very id. */
static bool id_of_frame(
	struct log_header *header, const uint8_t *bytes, size_t size, uint64_t offset)
{
	struct frame_head head;
	bool names;

	if (size < FRAME_HEAD_SIZE || !bk_frame_plausible(&head, bytes) ||
		bk_frame_size(&head) > size)
		return false;
	names = head.kind == FRAME_EVENT  ? id_of_event(header, bytes, (size_t)bk_frame_size(&head))
		: head.kind == FRAME_SLOT ? id_of_slot(header, bytes + FRAME_HEAD_SIZE, head.size)
					  : false;
	if (!names)
		return false;
	header->created_us = head.time_us;
	return bk_frame_intact(&head, bytes, header->seed + offset);
}

/* Searches the file for a frame that names the log's id. */
static enum bk_code find_id(struct logfile *lf, bool *found, struct bk_error *err)
{
	const size_t event_max = FRAME_HEAD_SIZE + 1024, chunk = (size_t)256 << 10;
	uint8_t *bytes = malloc(chunk);
	uint64_t start = LOG_HEADER_SIZE;
	enum bk_code code = BK_OK;
	size_t size = chunk;

	*found = false;
	if (!bytes)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to search %s", lf->file.path);
	while (!code && !*found && size == chunk) {
		code = bk_file_read(&lf->file, bytes, chunk, start, &size, err);
		for (size_t i = 0; !code && !*found && i < size; i++) {
			const uint8_t *at = memmem(bytes + i, size - i, FRAME_MAGIC, 4);

			if (!at)
				break;
			i = (size_t)(at - bytes);
			*found = i >= 8 && id_of_frame(&lf->header, bytes + i - 8, size - i + 8,
						   start + i - 8);
		}
		start += chunk - event_max;
	}
	free(bytes);
	return code;
}

static enum bk_code read_header(struct logfile *lf, enum bk_io_open how, struct bk_error *err)
{
	uint8_t bytes[LOG_HEADER_SIZE];
	struct bk_error ignored;
	size_t size;
	bool found = false;
	enum bk_code code = bk_file_read(&lf->file, bytes, sizeof bytes, 0, &size, err), searched;

	if (!code)
		code = bk_header_decode(&lf->header, bytes, size, lf->file.path, err);
	if (code != BK_E_DAMAGE || how != BK_IO_READ)
		return code;
	searched = find_id(lf, &found, &ignored);
	if (searched || !found)
		return code;
	lf->header_damaged = true;
	return BK_OK;
}

enum bk_code bk_logfile_open(struct logfile *lf, const struct bk_io *io, const char *path,
	enum bk_io_open how, struct bk_error *err)
{
	enum bk_code code = bk_file_open(&lf->file, io, path, how, err);

	if (code)
		return code;
	lf->header_damaged = false;
	lf->key = NULL;
	code = read_header(lf, how, err);
	if (code)
		bk_file_close(&lf->file);
	return code;
}

void bk_logfile_close(struct logfile *lf)
{
	bk_logkey_drop(lf->key);
	lf->key = NULL;
	bk_file_close(&lf->file);
}

void bk_walk_init(struct walk *walk, const struct logfile *lf, size_t chunk)
{
	*walk = (struct walk){.lf = lf, .chunk = chunk, .limit = UINT64_MAX};
	bk_buf_init(&walk->buf, (size_t)FRAME_HEAD_SIZE + PAYLOAD_CHANGE_MAX +
					PAYLOAD_CHANGE_MAX / 8 + SEALED_MORE + WALK_CHUNK_MANY);
	bk_buf_init(&walk->opened, walk->buf.max);
}

void bk_walk_done(struct walk *walk)
{
	bk_buf_done(&walk->buf);
	bk_buf_done(&walk->opened);
}

/* How many bytes of the file from OFFSET on stand in the buffer. */
static size_t walk_have(const struct walk *walk, uint64_t offset)
{
	if (offset < walk->start || offset >= walk->start + walk->buf.size)
		return 0;
	return (size_t)(walk->start + walk->buf.size - offset);
}

/* Brings SIZE bytes at OFFSET into the buffer, or as many as the file has. */
static enum bk_code walk_fill(struct walk *walk, uint64_t offset, size_t size, struct bk_error *err)
{
	size_t have = walk_have(walk, offset);
	size_t want, done;
	enum bk_code code;

	if (have >= size)
		return BK_OK;
	bk_buf_consume(&walk->buf, walk->buf.size - have);
	walk->start = offset;
	want = size - have > walk->chunk ? size - have : walk->chunk;
	/* A length from a damaged head can ask for a gigabyte that the file does not have, so
	 * memory follows what was read. */
	for (size_t step = walk->chunk; want; step *= 2) {
		size_t part = want < step ? want : step;

		code = bk_buf_reserve(&walk->buf, part, err);
		if (!code)
			code = bk_file_read(&walk->lf->file, walk->buf.data + walk->buf.size, part,
				offset + walk->buf.size, &done, err);
		if (code)
			return code;
		walk->buf.size += done;
		if (done < part)
			break;
		want -= part;
	}
	return BK_OK;
}

static enum bk_code damaged(
	const struct walk *walk, uint64_t offset, const char *what, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged at offset %llu: %s", walk->lf->file.path,
		(unsigned long long)offset, what);
}

/* Whether the frame with HEAD at OFFSET ends within the file, and before the walk's limit. Only for
 * what would be read ahead of the buffer the file is asked: memory follows what it has. */
static enum bk_code frame_fits(struct walk *walk, uint64_t offset, const struct frame_head *head,
	bool *fits, struct bk_error *err)
{
	uint64_t end = offset + bk_frame_size(head);
	struct bk_io_stat st;
	enum bk_code code;

	*fits = end <= walk->limit;
	if (!*fits || walk_have(walk, offset) >= bk_frame_size(head) ||
		bk_frame_size(head) <= walk->chunk)
		return BK_OK;
	code = bk_file_stat(&walk->lf->file, &st, err);
	*fits = !code && end <= st.size;
	return code;
}

/* Whether more may be read, after what was read in vain. */
static enum bk_code check_waste(const struct walk *walk, uint64_t offset, struct bk_error *err)
{
	uint64_t may =
		WASTE_BYTES + WASTE_TIMES * walk->passed + WASTE_LARGEST * walk->wasted_largest;

	if (walk->wasted <= may)
		return BK_OK;
	return bk_fail(err, BK_E_LIMIT, 0,
		"%s holds too much around offset %llu that looks like a frame and is none: %llu MB "
		"were "
		"read in vain",
		walk->lf->file.path, (unsigned long long)offset,
		(unsigned long long)(walk->wasted >> 20));
}

/* Whether the sum of a large frame fits, read in pieces: memory is for those whose does. */
static enum bk_code large_frame_intact(struct walk *walk, uint64_t offset,
	const struct frame_head *head, bool *intact, struct bk_error *err)
{
	uint64_t at = offset + sizeof head->sum, end = offset + bk_frame_size(head);
	XXH3_state_t *state = XXH3_createState();
	uint8_t *piece = malloc(PIECE);
	enum bk_code code = BK_OK;
	size_t size = 1;

	if (!state || !piece)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", walk->lf->file.path);
	else
		XXH3_64bits_reset_withSeed(state, walk->lf->header.seed + offset);
	while (!code && at < end && size) {
		size = end - at < PIECE ? (size_t)(end - at) : PIECE;
		code = bk_file_read(&walk->lf->file, piece, size, at, &size, err);
		if (!code)
			XXH3_64bits_update(state, piece, size);
		at += size;
	}
	if (!code)
		*intact = XXH3_64bits_digest(state) == head->sum;
	free(piece);
	XXH3_freeState(state);
	return code;
}

static void count_waste(struct walk *walk, uint64_t size)
{
	walk->wasted += size;
	if (size > walk->wasted_largest)
		walk->wasted_largest = size;
}

static enum bk_code fill_payload(
	struct walk *walk, uint64_t offset, const struct frame_head *head, struct bk_error *err)
{
	size_t size = (size_t)bk_frame_size(head);
	bool intact = true;
	enum bk_code code = BK_OK;

	if (size > LARGE_FRAME && walk_have(walk, offset) < size)
		code = large_frame_intact(walk, offset, head, &intact, err);
	if (!code && !intact) {
		count_waste(walk, size);
		code = damaged(walk, offset, "the frame's checksum does not fit", err);
	}
	return code ? code : walk_fill(walk, offset, size, err);
}

/* Brings the whole frame that may begin at OFFSET into the buffer. */
static enum bk_code fill_frame(
	struct walk *walk, uint64_t offset, struct frame_head *head, struct bk_error *err)
{
	bool fits;
	enum bk_code code = walk_fill(walk, offset, FRAME_HEAD_SIZE, err);

	if (code)
		return code;
	if (walk_have(walk, offset) < FRAME_HEAD_SIZE)
		return damaged(walk, offset, "the file ends", err);
	if (!bk_frame_plausible(head, walk->buf.data + (offset - walk->start)))
		return damaged(walk, offset, "no frame begins here", err);
	code = frame_fits(walk, offset, head, &fits, err);
	if (!code && fits)
		code = check_waste(walk, offset, err);
	if (!code && fits)
		code = fill_payload(walk, offset, head, err);
	if (!code && (!fits || walk_have(walk, offset) < bk_frame_size(head)))
		code = damaged(walk, offset, "the file ends within the frame", err);
	return code;
}

/* Whether frames are taken as they stand. */
static bool takes_shut(const struct walk *walk)
{
	return walk->lf->header.is_sealed && (walk->as_stands || !walk->lf->key);
}

/* Opens FRAME, which stands in a sealed log. Slots are in the clear: they are what a key is found
 * by. */
static enum bk_code open_frame(struct walk *walk, struct frame *frame, struct bk_error *err)
{
	const struct sealing sealing = {&walk->lf->header, walk->lf->key};
	const char *wrong;
	enum bk_code code;

	if (frame->head.kind == FRAME_SLOT && !frame->head.must)
		return BK_OK;
	walk->opened.size = 0;
	code = bk_buf_reserve(&walk->opened, (size_t)frame->head.size + 1, err);
	if (code)
		return code;
	wrong = bk_frame_open(walk->opened.data, &frame->head, frame->payload - FRAME_HEAD_SIZE,
		frame->offset, &sealing);
	frame->payload = walk->opened.data;
	return wrong ? damaged(walk, frame->offset, wrong, err) : BK_OK;
}

enum bk_code bk_walk_frame(
	struct walk *walk, uint64_t offset, struct frame *out, struct bk_error *err)
{
	struct frame frame = {.offset = offset};
	enum bk_code code = fill_frame(walk, offset, &frame.head, err);

	if (code)
		return code;
	bk_process_give_way();
	if (!bk_frame_intact(&frame.head, walk->buf.data + (offset - walk->start),
		    walk->lf->header.seed + offset)) {
		count_waste(walk, bk_frame_size(&frame.head));
		return damaged(walk, offset, "the frame's checksum does not fit", err);
	}
	walk->passed += bk_frame_size(&frame.head);
	frame.payload = walk->buf.data + (offset - walk->start) + FRAME_HEAD_SIZE;
	if (walk->lf->header.is_sealed && !takes_shut(walk))
		code = open_frame(walk, &frame, err);
	if (code)
		return code;
	if (!takes_shut(walk) && !bk_frame_understood(&frame.head))
		return bk_fail(err, BK_E_FORMAT, 0,
			"%s has a frame of kind %u with flags 0x%x at offset %llu, which this "
			"release "
			"does not know: use a newer one",
			walk->lf->file.path, frame.head.kind, frame.head.must,
			(unsigned long long)offset);
	*out = frame;
	return BK_OK;
}

enum bk_code bk_walk_zeros(struct walk *walk, uint64_t offset, bool *zeros, struct bk_error *err)
{
	static const uint8_t none[12];
	enum bk_code code = walk_fill(walk, offset, sizeof none, err);

	if (!code)
		*zeros = walk_have(walk, offset) >= sizeof none &&
			 memcmp(walk->buf.data + (offset - walk->start), none, sizeof none) == 0;
	return code;
}
