/* hold.c - one log that is held for another: what stands in its file, found and appended to. */
#include "hold.h"
#include "holdfact.h"
#include "newfile.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PIECE ((size_t)256 << 10)

/* A call of another on the same file is over soon, though on a slow disk the next may follow at
 * once; a writer never lets go. */
#define LOCK_WAIT_MS 5000

enum bk_code bk_hold_init(
	struct hold *hold, const struct bk_io *io, const char *path, struct bk_error *err)
{
	enum bk_code code;

	*hold = (struct hold){
		.io = io, .lock = FILE_CLOSED, .file = FILE_CLOSED, .fact = FILE_CLOSED};
	code = bk_chain_new(&hold->chain, err);
	if (code)
		return code;
	hold->path = strdup(path);
	if (hold->path && asprintf(&hold->fact_path, "%s%s", path, HOLD_FACT_SUFFIX) < 0)
		hold->fact_path = NULL;
	if (hold->fact_path)
		return BK_OK;
	bk_hold_done(hold);
	return bk_fail(err, BK_E_NOMEM, 0, "no memory to open %s", path);
}

void bk_hold_forget(struct hold *hold)
{
	bk_file_close(&hold->file);
	bk_file_close(&hold->fact);
	hold->is_settled = hold->is_committed = false;
}

void bk_hold_done(struct hold *hold)
{
	struct bk_error ignored;

	/* So that the next one need not look far. */
	if (hold->fact.fd >= 0)
		(void)!bk_file_sync(&hold->fact, &ignored);
	bk_hold_forget(hold);
	bk_file_close(&hold->lock);
	bk_chain_free(&hold->chain);
	free(hold->path);
	free(hold->fact_path);
	*hold = (struct hold){.lock = FILE_CLOSED, .file = FILE_CLOSED, .fact = FILE_CLOSED};
}

/* One try for the lock of the file that stands at the path; *TAKEN is false where it has to be
 * tried again. */
static enum bk_code try_lock(
	struct hold *hold, struct bk_io_stat *st, bool *taken, struct bk_error *err)
{
	const struct bk_io *io = hold->io;
	struct bk_io_stat there;
	enum bk_code code = bk_file_open(&hold->lock, io, hold->path, BK_IO_WRITE, err);
	int rc;

	*taken = false;
	if (code)
		return code;
	rc = io->ops->lock(io->ctx, hold->lock.fd);
	if (rc < 0 && rc != -EWOULDBLOCK && rc != -EINTR)
		code = bk_fail(err, BK_E_IO, -rc, "cannot lock %s", hold->path);
	if (!code)
		code = bk_file_stat(&hold->lock, st, err);
	*taken = !code && !rc && io->ops->stat_path(io->ctx, hold->path, &there) == 0 &&
		 there.device == st->device && there.inode == st->inode;
	if (!*taken)
		bk_file_close(&hold->lock);
	return code;
}

static enum bk_code lock_file(struct hold *hold, struct bk_io_stat *st, struct bk_error *err)
{
	const unsigned step_ms = 10;
	const struct timespec step = {.tv_nsec = step_ms * 1000000L};

	for (unsigned waited = 0;; waited += step_ms) {
		bool taken;
		enum bk_code code = try_lock(hold, st, &taken, err);

		if (code || taken)
			return code;
		if (waited >= LOCK_WAIT_MS)
			return bk_fail(err, BK_E_BUSY, 0,
				"%s is held by a writer: it is no mirror, but a log in use",
				hold->path);
		nanosleep(&step, NULL);
	}
}

static enum bk_code load_header(struct hold *hold, struct bk_error *err)
{
	size_t got;
	enum bk_code code = bk_file_open(&hold->file, hold->io, hold->path, BK_IO_WRITE, err);

	if (!code)
		code = bk_file_read(&hold->file, hold->header_bytes, LOG_HEADER_SIZE, 0, &got, err);
	if (!code)
		code = bk_header_decode(&hold->header, hold->header_bytes, got, hold->path, err);
	return code;
}

/* Where to begin to look: at the durable length, where the fact tells it. */
static enum bk_code load_fact(struct hold *hold, uint64_t size, struct bk_error *err)
{
	struct hold_fact fact = {0};
	enum bk_code code = bk_holdfact_open(&hold->fact, hold->io, hold->fact_path, err);
	bool is_known = false;

	if (!code)
		code = bk_holdfact_read(&hold->fact, &fact, &is_known, err);
	if (code)
		return code;
	hold->turn = fact.turn;
	is_known = is_known && memcmp(fact.id, hold->header.id, LOG_ID_SIZE) == 0 &&
		   fact.durable >= LOG_HEADER_SIZE;
	if (is_known && fact.durable > size)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s has %llu bytes, and had %llu once: what stood there is gone",
			hold->path, (unsigned long long)size, (unsigned long long)fact.durable);
	hold->durable = is_known ? fact.durable : LOG_HEADER_SIZE;
	hold->durable_sum = is_known ? fact.sum : hold->header.sum;
	hold->is_committed = is_known && fact.is_committed;
	bk_chain_start(&hold->chain, hold->header.seed, hold->durable, hold->durable_sum);
	return BK_OK;
}

/* Takes what stands behind the durable length, as far as it is whole and chained. */
static enum bk_code load_rest(struct hold *hold, struct bk_error *err)
{
	uint8_t *piece = malloc(PIECE);
	enum bk_code code =
		piece ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", hold->path);
	size_t got = 1;

	while (!code && got) {
		code = bk_file_read(&hold->file, piece, PIECE, hold->chain.fed, &got, err);
		if (!code && bk_chain_feed(&hold->chain, piece, got))
			break;
	}
	bk_chain_drop(&hold->chain);
	free(piece);
	return code;
}

static enum bk_code load(struct hold *hold, const struct bk_io_stat *st, struct bk_error *err)
{
	enum bk_code code;

	bk_hold_forget(hold);
	code = load_header(hold, err);
	if (!code)
		code = load_fact(hold, st->size, err);
	if (!code)
		code = load_rest(hold, err);
	hold->inode = st->inode;
	hold->size = st->size;
	return code;
}

static enum bk_code leave(struct hold *hold, enum bk_code code)
{
	bk_file_close(&hold->lock);
	/* What is in the file is not what we believe, or may not be on the disk: BK_E_BUSY and the
	 * like are no such thing, and cost a look. */
	if (code)
		bk_hold_forget(hold);
	return code;
}

/* Whether nobody else has written to the file since this one last did. */
static enum bk_code is_ours(
	struct hold *hold, const struct bk_io_stat *st, bool *ours, struct bk_error *err)
{
	struct hold_fact fact;
	bool is_known;
	enum bk_code code = BK_OK;

	*ours = false;
	if (hold->file.fd < 0 || st->inode != hold->inode || st->size != hold->size)
		return BK_OK;
	code = bk_holdfact_read(&hold->fact, &fact, &is_known, err);
	*ours = !code && (is_known ? fact.turn : 0) == hold->turn;
	return code;
}

/* Begins a call; *THERE is false where no file stands at the path. Ends with leave. */
static enum bk_code enter(struct hold *hold, bool *there, struct bk_error *err)
{
	struct bk_io_stat st;
	bool ours;
	enum bk_code code = lock_file(hold, &st, err);

	*there = !code;
	if (code == BK_E_MISSING) {
		bk_hold_forget(hold);
		return BK_OK;
	}
	if (code)
		return leave(hold, code);
	code = is_ours(hold, &st, &ours, err);
	if (!code && !ours)
		code = load(hold, &st, err);
	return code ? leave(hold, code) : BK_OK;
}

enum bk_code bk_hold_tell(struct hold *hold, struct place_log *out, struct bk_error *err)
{
	bool there;
	enum bk_code code = enter(hold, &there, err);

	if (code)
		return code;
	*out = (struct place_log){.is_there = there};
	if (there) {
		memcpy(out->id, hold->header.id, LOG_ID_SIZE);
		out->end = hold->chain.end;
		out->sum = hold->chain.sum;
		out->durable = hold->durable;
	}
	return leave(hold, BK_OK);
}

enum bk_code bk_hold_begin(struct hold *hold, const uint8_t *header, struct bk_error *err)
{
	struct newfile nf;
	enum bk_code code = bk_newfile_open(&nf, hold->io, hold->path, ".new", err);

	bk_hold_forget(hold);
	if (code)
		return code;
	code = bk_file_write(&nf.file, header, LOG_HEADER_SIZE, 0, err);
	if (code) {
		bk_newfile_abort(&nf);
		return code;
	}
	return bk_newfile_commit(&nf, err);
}

static enum bk_code write_fact(struct hold *hold, struct bk_error *err)
{
	struct hold_fact fact = {.durable = hold->durable,
		.sum = hold->durable_sum,
		.turn = hold->turn,
		.is_committed = hold->is_committed};

	memcpy(fact.id, hold->header.id, LOG_ID_SIZE);
	return bk_holdfact_write(&hold->fact, &fact, err);
}

/* All whole frames are on stable storage. The fact may come later to the disk, or never: then a
 * crash costs a look at what follows the one before. */
static enum bk_code sync_all(struct hold *hold, struct bk_error *err)
{
	enum bk_code code = bk_file_sync(&hold->file, err);

	if (code)
		return code;
	hold->durable = hold->chain.end;
	hold->durable_sum = hold->chain.sum;
	return write_fact(hold, err);
}

/* Cuts what follows the last good frame, and writes once more what may not be on stable storage:
 * after a sync that failed the system may show what it could not write, and believe it written. */
static enum bk_code settle(struct hold *hold, struct bk_error *err)
{
	uint8_t *piece = malloc(PIECE);
	enum bk_code code =
		piece ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", hold->path);
	size_t got = 1;

	hold->turn++;
	if (!code)
		code = write_fact(hold, err);
	if (!code && hold->size > hold->chain.end)
		code = bk_file_truncate(&hold->file, hold->chain.end, err);
	for (uint64_t at = hold->durable; !code && at < hold->chain.end && got; at += got) {
		code = bk_file_read(&hold->file, piece, PIECE, at, &got, err);
		if (!code)
			code = bk_file_write(&hold->file, piece, got, at, err);
	}
	free(piece);
	if (!code)
		code = sync_all(hold, err);
	hold->size = hold->chain.end;
	hold->is_settled = !code;
	return code;
}

/* Whether the log is ID, and stands at OFFSET, so that SIZE bytes may come. */
static enum bk_code check_append(const struct hold *hold, bool there, const uint8_t *id,
	uint64_t offset, size_t size, uint64_t limit, struct bk_error *err)
{
	if (!there || memcmp(hold->header.id, id, LOG_ID_SIZE) != 0)
		return bk_fail(err, BK_E_MISSING, 0, "%s holds no such log", hold->path);
	if (size && offset != hold->chain.fed)
		return bk_fail(err, BK_E_BUSY, 0, "%s stands at offset %llu, and not at %llu",
			hold->path, (unsigned long long)hold->chain.fed,
			(unsigned long long)offset);
	if (limit && offset + size > limit)
		return bk_fail(err, BK_E_LIMIT, 0, "%s would be over its limit of %llu bytes",
			hold->path, (unsigned long long)limit);
	return BK_OK;
}

/* Bytes that are refused are not written; of a frame that turns out wrong, what came before is cut
 * off at the next call. */
static enum bk_code append(
	struct hold *hold, uint64_t offset, const void *data, size_t size, struct bk_error *err)
{
	const char *wrong = bk_chain_feed(&hold->chain, data, size);
	enum bk_code code;

	if (wrong)
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s does not take what comes: at offset %llu %s", hold->path,
			(unsigned long long)hold->chain.end, wrong);
	code = bk_file_write(&hold->file, data, size, offset, err);
	if (!code)
		hold->size = offset + size;
	return code;
}

enum bk_code bk_hold_append(struct hold *hold, const uint8_t *id, uint64_t offset, const void *data,
	size_t size, bool sync, uint64_t limit, struct bk_error *err)
{
	bool there;
	enum bk_code code = enter(hold, &there, err);

	if (code)
		return code;
	code = check_append(hold, there, id, offset, size, limit, err);
	if (!code && !hold->is_settled)
		code = settle(hold, err);
	if (!code && size)
		code = append(hold, offset, data, size, err);
	if (!code && sync && hold->durable < hold->chain.end)
		code = sync_all(hold, err);
	return leave(hold, code);
}

enum bk_code bk_hold_read(struct hold *hold, const uint8_t *id, uint64_t offset, void *data,
	size_t size, size_t *got, struct bk_error *err)
{
	bool there;
	enum bk_code code = enter(hold, &there, err);

	if (code)
		return code;
	*got = 0;
	if (!there || memcmp(hold->header.id, id, LOG_ID_SIZE) != 0)
		code = bk_fail(err, BK_E_MISSING, 0, "%s holds no such log", hold->path);
	else if (offset < hold->chain.end)
		code = bk_file_read(&hold->file, data,
			hold->chain.end - offset < size ? (size_t)(hold->chain.end - offset) : size,
			offset, got, err);
	return leave(hold, code);
}

enum bk_code bk_hold_commit(struct hold *hold, struct bk_error *err)
{
	bool there;
	enum bk_code code = enter(hold, &there, err);

	if (!code && !there)
		code = bk_fail(err, BK_E_MISSING, 0, "%s holds no log", hold->path);
	if (!code && !hold->is_settled)
		code = settle(hold, err);
	hold->is_committed = true;
	if (!code)
		code = sync_all(hold, err);
	if (!code)
		code = bk_file_sync(&hold->fact, err);
	if (!code)
		code = bk_file_sync_name(hold->io, hold->fact_path, err);
	return leave(hold, code);
}
