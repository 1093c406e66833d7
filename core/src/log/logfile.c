/* logfile.c - the log as a file of frames. */
#include "logfile.h"
#include <stdlib.h>
#include <string.h>

/* The id that an OPENED event in BYTES names, if BYTES are the start of a frame at OFFSET that is
 * valid under that very id. */
static bool id_of_event(
	struct log_header *header, const uint8_t *bytes, size_t size, uint64_t offset)
{
	static const char key[] = "\nlog=";
	struct frame_head head;
	const uint8_t *at;

	if (size < FRAME_HEAD_SIZE || !bk_frame_plausible(&head, bytes) ||
		head.kind != FRAME_EVENT || bk_frame_size(&head) > size)
		return false;
	at = memmem(bytes, (size_t)bk_frame_size(&head), key, sizeof key - 1);
	if (!at || !bk_header_from_id(header, at + sizeof key - 1,
			   (size_t)(bytes + bk_frame_size(&head) - at) - (sizeof key - 1)))
		return false;
	header->created_us = head.time_us;
	return bk_frame_intact(&head, bytes, header->seed + offset);
}

/* Searches the file for an event that names the log's id. */
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
			*found = i >= 8 && id_of_event(&lf->header, bytes + i - 8, size - i + 8,
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
	code = read_header(lf, how, err);
	if (code)
		bk_file_close(&lf->file);
	return code;
}

void bk_logfile_close(struct logfile *lf)
{
	bk_file_close(&lf->file);
}

void bk_walk_init(struct walk *walk, const struct logfile *lf, size_t chunk)
{
	*walk = (struct walk){.lf = lf, .chunk = chunk};
	bk_buf_init(&walk->buf, (size_t)FRAME_HEAD_SIZE + PAYLOAD_CHANGE_MAX + WALK_CHUNK_MANY);
}

void bk_walk_done(struct walk *walk)
{
	bk_buf_done(&walk->buf);
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

enum bk_code bk_walk_frame(
	struct walk *walk, uint64_t offset, struct frame *out, struct bk_error *err)
{
	uint64_t seed = walk->lf->header.seed + offset;
	struct frame frame = {.offset = offset};
	enum bk_code code = walk_fill(walk, offset, FRAME_HEAD_SIZE, err);

	if (code)
		return code;
	if (walk_have(walk, offset) < FRAME_HEAD_SIZE)
		return damaged(walk, offset, "the file ends", err);
	if (!bk_frame_plausible(&frame.head, walk->buf.data + (offset - walk->start)))
		return damaged(walk, offset, "no frame begins here", err);
	code = walk_fill(walk, offset, (size_t)bk_frame_size(&frame.head), err);
	if (code)
		return code;
	if (walk_have(walk, offset) < bk_frame_size(&frame.head))
		return damaged(walk, offset, "the file ends within the frame", err);
	if (!bk_frame_intact(&frame.head, walk->buf.data + (offset - walk->start), seed))
		return damaged(walk, offset, "the frame's checksum does not fit", err);
	if (!bk_frame_understood(&frame.head))
		return bk_fail(err, BK_E_FORMAT, 0,
			"%s has a frame of kind %u with flags 0x%x at offset %llu, which this "
			"release "
			"does not know: use a newer one",
			walk->lf->file.path, frame.head.kind, frame.head.must,
			(unsigned long long)offset);
	frame.payload = walk->buf.data + (offset - walk->start) + FRAME_HEAD_SIZE;
	*out = frame;
	return BK_OK;
}

/* What a search for the last frame may read in all. Forged heads in a torn tail make it read
 * the same bytes again; without a bound a hostile file could keep it busy for ever. */
#define SCAN_BYTES_MAX ((uint64_t)64 << 30)

struct scan {
	struct walk walk;
	uint64_t limit; /* the frame must end at or before */
	uint64_t spent; /* bytes of candidates read */
	struct frame found;
	bool has_found;
};

static enum bk_code scan_candidate(struct scan *scan, uint64_t offset, struct bk_error *err)
{
	struct frame frame;
	enum bk_code code = bk_walk_frame(&scan->walk, offset, &frame, err);

	scan->spent += FRAME_HEAD_SIZE + scan->walk.buf.size;
	if (code == BK_E_DAMAGE && scan->spent < SCAN_BYTES_MAX)
		return BK_OK;
	if (code || bk_frame_end(&frame) > scan->limit)
		return code;
	scan->found = frame;
	scan->has_found = true;
	return BK_OK;
}

/* Tries every place in BYTES (which stand at START) where a head could begin, last first. */
static enum bk_code scan_bytes(
	struct scan *scan, const uint8_t *bytes, size_t size, uint64_t start, struct bk_error *err)
{
	const size_t magic_at = 8, magic_size = 4;

	for (size_t i = size; i-- > 0 && !scan->has_found;) {
		enum bk_code code;

		if (size - i < magic_at + magic_size ||
			memcmp(bytes + i + magic_at, FRAME_MAGIC, magic_size) != 0)
			continue;
		code = scan_candidate(scan, start + i, err);
		if (code)
			return code;
	}
	return BK_OK;
}

/* Finds the valid frame that ends last at or before LIMIT, from there backwards. */
static enum bk_code find_last_valid(struct scan *scan, uint64_t limit, struct bk_error *err)
{
	const size_t overlap = FRAME_HEAD_SIZE;
	uint8_t bytes[8192];
	uint64_t upto = limit;

	scan->limit = limit;
	scan->has_found = false;
	while (upto > LOG_HEADER_SIZE && !scan->has_found) {
		size_t step = sizeof bytes - overlap;
		uint64_t start = upto - LOG_HEADER_SIZE > step ? upto - step : LOG_HEADER_SIZE;
		size_t size;
		enum bk_code code = bk_file_read(&scan->walk.lf->file, bytes,
			(size_t)(upto - start) + overlap, start, &size, err);

		if (!code)
			code = scan_bytes(scan, bytes, size, start, err);
		if (code)
			return code;
		upto = start;
	}
	if (!scan->has_found)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged at offset %u: no valid frame follows the header",
			scan->walk.lf->file.path, LOG_HEADER_SIZE);
	return BK_OK;
}

/* Follows the frames from START, which were written in one go with the last one, to where the
 * first one fails. */
static enum bk_code follow_batch(
	struct walk *walk, uint64_t start, uint64_t last, struct log_end *out, struct bk_error *err)
{
	uint64_t offset = start;
	uint32_t chain = 0;

	while (offset <= last) {
		struct frame frame;
		enum bk_code code = bk_walk_frame(walk, offset, &frame, err);

		if (code == BK_E_DAMAGE || (!code && offset != start && frame.head.chain != chain))
			break;
		if (code)
			return code;
		out->last = offset;
		out->end = offset = bk_frame_end(&frame);
		chain = (uint32_t)frame.head.sum;
	}
	return BK_OK;
}

static enum bk_code find_end(struct scan *scan, struct log_end *out, struct bk_error *err)
{
	const char *path = scan->walk.lf->file.path;
	uint64_t start;
	enum bk_code code = find_last_valid(scan, out->file_end, err);

	if (code)
		return code;
	if (scan->found.head.unsynced > scan->found.offset - LOG_HEADER_SIZE)
		return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged at offset %llu: %s", path,
			(unsigned long long)scan->found.offset, "the frame counts back too far");
	start = scan->found.offset - scan->found.head.unsynced;
	out->synced = start;
	code = follow_batch(&scan->walk, start, scan->found.offset, out, err);
	if (code || out->end)
		return code;
	/* Even the first frame of the batch is not whole: the log ends before it, with a frame
	 * that was on stable storage. */
	code = find_last_valid(scan, start, err);
	if (code)
		return code;
	if (bk_frame_end(&scan->found) != start)
		return bk_fail(err, BK_E_DAMAGE, 0, "%s is damaged before offset %llu: %s", path,
			(unsigned long long)start,
			"a frame that was on stable storage is not valid");
	out->last = scan->found.offset;
	out->end = start;
	return BK_OK;
}

enum bk_code bk_logfile_last_before(const struct logfile *lf, uint64_t limit,
	struct frame_head *head, uint64_t *offset, struct bk_error *err)
{
	struct scan scan = {0};
	enum bk_code code;

	bk_walk_init(&scan.walk, lf, WALK_CHUNK_ONE);
	code = find_last_valid(&scan, limit, err);
	bk_walk_done(&scan.walk);
	if (code)
		return code;
	*head = scan.found.head;
	*offset = scan.found.offset;
	return BK_OK;
}

enum bk_code bk_walk_resync(
	struct walk *walk, uint64_t offset, uint64_t limit, uint64_t *next, struct bk_error *err)
{
	const size_t magic_at = 8, magic_size = 4;
	uint8_t bytes[8192];

	for (uint64_t start = offset + 1; start < limit;) {
		size_t size, tried;
		enum bk_code code =
			bk_file_read(&walk->lf->file, bytes, sizeof bytes, start, &size, err);

		if (code)
			return code;
		tried = size < magic_at + magic_size ? 0 : size - magic_at - magic_size + 1;
		for (size_t i = 0; i < tried && start + i < limit; i++) {
			struct frame frame;

			if (memcmp(bytes + i + magic_at, FRAME_MAGIC, magic_size) != 0)
				continue;
			code = bk_walk_frame(walk, start + i, &frame, err);
			if (code == BK_E_DAMAGE)
				continue;
			*next = start + i;
			return code == BK_E_FORMAT ? BK_OK : code;
		}
		if (!tried)
			break;
		start += tried;
	}
	*next = limit;
	return BK_OK;
}

enum bk_code bk_logfile_find_end(
	const struct logfile *lf, struct log_end *out, struct bk_error *err)
{
	struct log_end end = {0};
	struct scan scan = {0};
	struct bk_io_stat st;
	enum bk_code code = bk_file_stat(&lf->file, &st, err);

	if (code)
		return code;
	end.file_end = st.size;
	bk_walk_init(&scan.walk, lf, WALK_CHUNK_ONE);
	code = find_end(&scan, &end, err);
	bk_walk_done(&scan.walk);
	if (!code)
		*out = end;
	return code;
}
