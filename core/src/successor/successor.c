/* successor.c - a finished successor takes its predecessor's place.
 *
 * The order of what is made durable is the proof (docs/format.md, 12): the successor, with all that
 * stands in the log; then the log's last frame, which names it; then the name. Before the frame is
 * durable the log is the log, and after it the successor is, whatever becomes of the name. */
#include "successor.h"
#include "carry.h"
#include "lines.h"
#include "succession.h"
#include <bk/compact.h>
#include <stdlib.h>
#include <string.h>

/* So much is taken in while lightningd waits, at most. */
#define LAST_BYTES ((uint64_t)1 << 20)

/* Who took in no more than this is near; who is not syncs so much at once. */
#define NEAR_BYTES ((uint64_t)64 << 10)
#define SYNC_BYTES ((uint64_t)256 << 10)

struct bk_successor {
	struct bk_writer *to; /* NULL once it has taken the place */
	const struct bk_io *io;
	char *name; /* then: the name it took, whose durability is left to bk_successor_close */
	struct carry carry;
	uint8_t header[LOG_HEADER_SIZE]; /* of `to`, for mirrors */
	struct bk_mirrors *mirrors;      /* that are sent it; NULL: none are */
	uint64_t sent;                   /* those that the quorum needs have it up to there */
};

/* The path at which LOG's users know it. */
static const char *path_of(const struct bk_log *log)
{
	return log->home ? log->home : log->lf.file.path;
}

bool bk_successor_is_there(const struct bk_io *io, const char *path)
{
	char *name = bk_succession_name(path);
	struct bk_io_stat st;
	bool is = name && io->ops->stat_path(io->ctx, name, &st) >= 0;

	free(name);
	return is;
}

void bk_successor_remove(const struct bk_io *io, const char *path)
{
	bk_succession_remove(io, path);
}

static enum bk_code not_ours(const struct bk_writer *to, const char *what, struct bk_error *err)
{
	return bk_fail(err, BK_E_INVALID, 0, "%s %s: it is not used", to->log->lf.file.path, what);
}

/* Reads up to where of LOG what stands in TO goes: its last frame says it. */
static enum bk_code read_level(
	struct bk_writer *to, uint64_t *offset, uint64_t *sum, struct bk_error *err)
{
	const char *text;
	struct frame frame;
	struct walk walk;
	bool found = false;
	enum bk_code code;

	bk_walk_init(&walk, &to->log->lf, WALK_CHUNK_ONE);
	code = bk_walk_frame(&walk, to->log->state.last, &frame, err);
	if (!code && frame.head.kind == FRAME_EVENT && frame.head.size >= 4) {
		text = (const char *)frame.payload + 4;
		found = bk_line_number(text, frame.head.size - 4, "offset", offset) &&
			bk_line_number(text, frame.head.size - 4, "sum", sum);
	}
	bk_walk_done(&walk);
	return code || found ? code : not_ours(to, "is not as it was finished", err);
}

static enum bk_code begin(struct bk_successor *successor, struct bk_log *log, struct bk_error *err)
{
	struct bk_writer *to = successor->to;
	uint64_t offset, sum;
	enum bk_code code;

	if (memcmp(to->log->lf.header.predecessor, log->lf.header.id, LOG_ID_SIZE) != 0)
		return not_ours(to, "is another log's successor", err);
	code = read_level(to, &offset, &sum, err);
	if (!code)
		bk_carry_init(&successor->carry, log, to, offset, sum);
	return code;
}

enum bk_code bk_successor_open(struct bk_successor **out, struct bk_log *log, struct bk_error *err)
{
	struct bk_successor *successor = calloc(1, sizeof *successor);
	char *name = bk_succession_name(path_of(log));
	enum bk_code code;

	if (!successor || !name) {
		free(successor);
		free(name);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open a successor");
	}
	code = bk_writer_open_quietly(&successor->to, log->lf.file.io, name, NULL, err);
	free(name);
	if (!code) {
		code = begin(successor, log, err);
		if (code)
			bk_writer_free(successor->to);
	}
	if (code) {
		free(successor);
		return code;
	}
	*out = successor;
	return BK_OK;
}

void bk_successor_from(struct bk_successor *successor, struct bk_log *log)
{
	struct carry *carry = &successor->carry;
	uint64_t at = carry->mark;
	uint32_t sum = carry->mark_sum;

	bk_carry_done(carry);
	bk_carry_init(carry, log, successor->to, at, sum);
}

void bk_successor_close(struct bk_successor *successor)
{
	struct bk_error ignored;

	if (!successor)
		return;
	bk_carry_done(&successor->carry);
	if (successor->mirrors && successor->to)
		bk_mirrors_end_ahead(successor->mirrors);
	if (successor->to)
		bk_writer_free(successor->to);
	/* Until then it is found by the frame that names it. */
	if (successor->name)
		(void)!bk_file_sync_name(successor->io, successor->name, &ignored);
	free(successor->name);
	free(successor);
}

static uint64_t end_of(struct bk_log *log)
{
	uint64_t end;

	pthread_mutex_lock(&log->mutex);
	end = log->state.end;
	pthread_mutex_unlock(&log->mutex);
	return end;
}

enum bk_code bk_successor_catch_up(
	struct bk_successor *successor, uint64_t *left, struct bk_error *err)
{
	const struct carry_how how = {0};
	struct carry *carry = &successor->carry;
	struct bk_writer *to = successor->to;
	uint64_t from = carry->at, end = end_of(carry->from);
	enum bk_code code = bk_carry_to(carry, end, &how, err);

	/* Each sync keeps a call waiting that syncs the log. */
	if (!code && (end - from <= NEAR_BYTES || to->log->state.end - to->durable > SYNC_BYTES))
		code = bk_writer_sync(to, err);
	if (!code)
		*left = end_of(carry->from) - end;
	return code;
}

static enum bk_code read_header(struct bk_successor *successor, struct bk_error *err)
{
	size_t got;

	return bk_file_read(
		&successor->to->log->lf.file, successor->header, LOG_HEADER_SIZE, 0, &got, err);
}

enum bk_code bk_successor_send(struct bk_successor *successor, struct bk_mirrors *mirrors,
	bool (*is_wanted)(void *ctx), void *ctx, struct bk_error *err)
{
	const struct mirrors_wanted wanted = {.is_wanted = is_wanted, .ctx = ctx};
	const struct bk_log *log = successor->to->log;
	uint64_t end = successor->to->durable;
	enum bk_code code;

	if (bk_mirrors_quorum(mirrors) < 2)
		return BK_OK;
	code = read_header(successor, err);
	if (code)
		return code;
	successor->mirrors = mirrors;
	code = bk_mirrors_send_ahead(
		mirrors, &log->lf.header, successor->header, log->lf.file.path, end, &wanted, err);
	if (!code)
		successor->sent = end;
	return code;
}

/* Fails where so much came to OLD since that lightningd would wait for it. */
static enum bk_code check_far(
	const struct bk_successor *successor, const struct bk_writer *old, struct bk_error *err)
{
	uint64_t end = end_of(old->log), mark = successor->carry.mark;

	if (end <= mark || end - mark <= LAST_BYTES)
		return BK_OK;
	return bk_fail(err, BK_E_BUSY, 0,
		"the log moved on too far for its successor to take its place at once");
}

/* Takes in the last frames of OLD, and lets nobody append behind them. */
static enum bk_code take_rest(
	struct bk_successor *successor, struct bk_writer *old, struct bk_error *err)
{
	const struct carry_how how = {.without_keyframes = true};
	struct carry *carry = &successor->carry;
	uint64_t end = end_of(old->log);
	enum bk_code code = BK_OK;
	bool is_level = false;

	while (!code && !is_level) {
		code = bk_carry_to(carry, end, &how, err);
		pthread_mutex_lock(&old->log->mutex);
		is_level = !code && old->log->state.end == end;
		end = old->log->state.end;
		if (is_level && !old->failure.code)
			bk_fail(&old->failure, BK_E_BUSY, 0,
				"the log is being succeeded by another");
		else if (is_level)
			code = bk_fail_as(err, &old->failure);
		pthread_mutex_unlock(&old->log->mutex);
	}
	return code;
}

/* Lets OLD go on after all, unless a sync of another thread's has failed meanwhile. */
static void go_on(struct bk_writer *old)
{
	pthread_mutex_lock(&old->log->mutex);
	if (old->failure.code == BK_E_BUSY)
		old->failure = (struct bk_error){.code = BK_OK};
	pthread_mutex_unlock(&old->log->mutex);
}

/* The last frame of OLD's log, durable. After a failed sync nobody knows which log is the log, and
 * OLD stays failed: who opens it anew finds out. *IS_OPEN: nothing of it stands there. */
static enum bk_code put_succeeded(
	struct bk_writer *old, const struct bk_writer *to, bool *is_open, struct bk_error *err)
{
	struct put put = {.kind = FRAME_SUCCEEDED,
		.version = old->log->state.version,
		.time_us = bk_writer_now_us(old)};
	uint64_t offset;
	enum bk_code code = bk_put_begin(&old->frame, err);

	*is_open = true;
	if (!code)
		code = bk_buf_append(&old->frame, to->log->lf.header.id, LOG_ID_SIZE, err);
	if (code)
		return code;
	code = bk_writer_put_last(old, &put, &offset, err);
	if (code)
		return code;
	*is_open = false;
	code = bk_file_sync(&old->log->lf.file, err);
	if (code)
		bk_writer_fail(old, err);
	return code;
}

/* Under its own name it is found by all; until then, by the frame that names it. */
static void take_name(struct bk_writer *to, const char *path)
{
	struct file *file = &to->log->lf.file;
	char *ours = strdup(path), *aside = strdup(path);

	if (ours && aside && file->io->ops->rename(file->io->ctx, file->path, path) >= 0) {
		free(file->path);
		free(to->aside.path);
		file->path = ours;
		to->aside.path = aside;
		return;
	}
	free(ours);
	free(aside);
}

/* The mirrors follow TO, which is durable. */
static void hand_mirrors_over(struct bk_writer *old, struct bk_writer *to, const uint8_t *header)
{
	struct bk_log *log = to->log;

	pthread_mutex_lock(&old->log->mutex);
	to->mirrors = old->mirrors;
	old->mirrors = NULL;
	pthread_mutex_unlock(&old->log->mutex);
	to->given = log->state.end;
	bk_mirrors_move(to->mirrors, &log->lf.header, header, log->lf.file.path, log->state.end,
		log->state.last_sum);
}

/* What OLD knew beyond its log goes on in TO. */
static void hand_over(struct bk_writer *old, struct bk_writer *to)
{
	to->state = old->state;
	to->probe = old->probe;
	old->probe = NULL;
	to->stream_changes_max = old->stream_changes_max;
	to->stream_bytes_max = old->stream_bytes_max;
	to->page_level = old->page_level;
}

static enum bk_code take(
	struct bk_successor *successor, struct bk_writer *old, bool *is_open, struct bk_error *err)
{
	struct bk_writer *to = successor->to;
	enum bk_code code = bk_carry_check(&successor->carry, err);

	*is_open = true;
	if (!code)
		code = read_header(successor, err);
	if (!code && !bk_file_stands_at(&to->log->lf.file, to->log->lf.file.path))
		code = not_ours(to, "was replaced", err);
	if (!code)
		code = bk_writer_sync(to, err);
	return code ? code : put_succeeded(old, to, is_open, err);
}

enum bk_code bk_successor_take(struct bk_successor *successor, struct bk_writer *old,
	struct bk_writer **out, struct bk_error *err)
{
	struct bk_log *from = successor->carry.from;
	bool is_open;
	enum bk_code code;

	if (old->mirrors && !bk_mirrors_have_ahead(old->mirrors, successor->to->log->lf.header.id,
				    successor->sent))
		return bk_fail(err, BK_E_BUSY, 0,
			"the mirrors of %s that the quorum needs have not its successor yet",
			bk_log_path(old->log));
	code = check_far(successor, old, err);
	if (code)
		return code;
	bk_successor_from(successor, old->log);
	code = take_rest(successor, old, err);
	/* Who goes on to catch up does so from a handle of its own, and holds no lock of OLD's. */
	if (code) {
		bk_successor_from(successor, from);
		return code;
	}
	code = take(successor, old, &is_open, err);
	if (code) {
		if (is_open)
			go_on(old);
		return code;
	}
	hand_over(old, successor->to);
	take_name(successor->to, path_of(old->log));
	if (old->mirrors)
		hand_mirrors_over(old, successor->to, successor->header);
	successor->io = old->log->lf.file.io;
	successor->name = strdup(path_of(old->log));
	*out = successor->to;
	successor->to = NULL;
	return BK_OK;
}
