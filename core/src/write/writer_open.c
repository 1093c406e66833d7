/* writer_open.c - opening a log for writing: its lock, and its torn tail. */
#include "lines.h"
#include "slots.h"
#include "succession.h"
#include "zeros.h"
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Says who holds the log: what its newest session wrote into it. */
static enum bk_code busy(
	const struct bk_io *io, const char *path, bool is_exposed, struct bk_error *err)
{
	struct bk_log *log;
	char text[512] = "", pid[32], host[128], program[128];
	struct bk_error why;
	enum bk_code code;
	size_t size;

	code = bk_log_open(&log, io, path, &why);
	if (!code) {
		code = bk_log_session(log, text, sizeof text, &why);
		if (code)
			text[0] = '\0';
		bk_log_close(log);
	}
	if (code == BK_E_IO || code == BK_E_NOMEM)
		return bk_fail_as(err, &why);
	size = strlen(text);
	if (is_exposed)
		return bk_fail(err, BK_E_BUSY, 0,
			"%s is locked, and any user may have done that, for its mode lets all "
			"read it (chmod 600 takes that away; who holds it: lsof). If it is a "
			"writer, it is process %s",
			path, bk_line_value(text, size, "pid", pid, sizeof pid) ? pid : "?");
	if (!bk_line_value(text, size, "pid", pid, sizeof pid))
		strcpy(pid, "?");
	if (!bk_line_value(text, size, "host", host, sizeof host))
		strcpy(host, "?");
	if (!bk_line_value(text, size, "program", program, sizeof program))
		strcpy(program, "another program");
	return bk_fail(err, BK_E_BUSY, 0,
		"%s is held by %s, process %s on host %s: one writer at a time; stop that one "
		"first",
		path, program, pid, host);
}

/* Takes the lock, and makes sure that it is that of the file which stands at the path: a
 * compacted successor may have taken its place while we waited. */
static enum bk_code lock_once(struct bk_log *log, bool *taken, struct bk_error *err)
{
	const struct file *file = &log->lf.file;
	int rc = file->io->ops->lock(file->io->ctx, file->fd);
	struct bk_io_stat ours, there;
	enum bk_code code;

	*taken = rc >= 0;
	if (rc == -EWOULDBLOCK || rc == -EINTR)
		return BK_OK;
	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "cannot lock %s", file->path);
	code = bk_file_stat(file, &ours, err);
	if (code)
		return code;
	rc = file->io->ops->stat_path(file->io->ctx, file->path, &there);
	if (rc < 0 || there.device != ours.device || there.inode != ours.inode)
		return bk_fail(
			err, BK_E_BUSY, 0, "%s was replaced just now: try again", file->path);
	return BK_OK;
}

static enum bk_code lock_log(struct bk_log *log, unsigned wait_ms, struct bk_error *err)
{
	const unsigned step_ms = 20;
	const struct timespec step = {.tv_nsec = step_ms * 1000000L};

	for (unsigned waited = 0;; waited += step_ms) {
		bool taken;
		enum bk_code code = lock_once(log, &taken, err);

		if (code || taken)
			return code;
		if (waited >= wait_ms)
			return busy(log->lf.file.io, log->lf.file.path,
				bk_file_is_exposed(&log->lf.file), err);
		nanosleep(&step, NULL);
	}
}

/* Writes what was last written once more, the same bytes. After a sync that failed the system may
 * show what it could not write, and believe it written: a later sync alone would not carry it. */
static enum bk_code write_again(
	const struct file *file, uint64_t from, uint64_t to, struct bk_error *err)
{
	const size_t step = (size_t)1 << 20;
	size_t size = to - from < step ? (size_t)(to - from) : step, part = 0;
	uint8_t *bytes = malloc(size + 1);
	enum bk_code code = BK_OK;

	if (!bytes)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open %s", file->path);
	for (uint64_t at = from; at < to && !code; at += part) {
		code = bk_file_read(
			file, bytes, to - at < size ? (size_t)(to - at) : size, at, &part, err);
		if (!code && !part)
			code = bk_fail(err, BK_E_IO, 0, "%s becomes shorter", file->path);
		if (!code)
			code = bk_file_write(file, bytes, part, at, err);
	}
	free(bytes);
	return code;
}

/* Cuts a torn tail off, and zeros that a writer before laid ahead. What is left may still be in the
 * system's cache only, so it is synced before anything counts on it. */
static enum bk_code recover(
	struct bk_writer *writer, const struct log_end *end, struct bk_error *err)
{
	const struct file *file = &writer->log->lf.file;
	char text[64];
	enum bk_code code = BK_OK;

	writer->cut_bytes = end->tail_end - end->end;
	if (end->file_end > end->end)
		code = bk_file_truncate(file, end->end, err);
	writer->log->file_end = writer->log->tail_end = end->end;
	writer->durable = end->end;
	if (!code)
		code = write_again(file, end->synced, end->end, err);
	if (!code)
		code = bk_writer_sync(writer, err);
	if (!code && writer->mirrors) {
		writer->given = end->end;
		bk_mirrors_attach(writer->mirrors, end->end, writer->log->state.last_sum);
	}
	if (!code && writer->cut_bytes) {
		snprintf(text, sizeof text, "bytes=%" PRIu64 "\n", writer->cut_bytes);
		code = bk_writer_event(writer, EVENT_CUT, text, err);
	}
	return code;
}

enum bk_code bk_writer_announce(struct bk_writer *writer, const char *program, struct bk_error *err)
{
	char text[768], host[128] = "?", id[BK_LOG_ID_TEXT];
	const char *node = writer->log->state.facts.node;
	struct bk_seal *seal;
	enum bk_code code = bk_logfile_seal(&seal, &writer->log->lf, false, err);

	/* Once more in each session: the ones behind the header can be damaged. */
	if (!code)
		code = bk_writer_put_slots(writer, seal, err);
	bk_seal_free(seal);
	if (code)
		return code;

	gethostname(host, sizeof host - 1);
	host[sizeof host - 1] = '\0';
	bk_log_id_text(writer->log, id);
	snprintf(text, sizeof text,
		"program=%s\nrelease=%s\nformat=%d.%d\npid=%ld\nhost=%s\nsqlite=%s\nlog=%s\n%s%s%s",
		program ? program : "unnamed", BK_RELEASE, LOG_FORMAT, LOG_MINOR, (long)getpid(),
		host, sqlite3_libversion(), id, *node ? "node=" : "", node, *node ? "\n" : "");
	code = bk_writer_event(writer, EVENT_OPENED, text, err);
	/* Before a mirror is given a change of it in flight (bk_mirrors_ask). */
	if (!code && writer->mirrors && bk_mirrors_takes_flight(writer->mirrors))
		code = bk_writer_sync(writer, err);
	return code;
}

static enum bk_code open_once(struct bk_log **out, const struct bk_io *io, const char *path,
	unsigned wait_ms, struct log_end *end, struct bk_error *err)
{
	struct logfile lf;
	struct bk_log *log = NULL;
	enum bk_code code = bk_logfile_open(&lf, io, path, BK_IO_WRITE, err);

	if (code)
		return code;
	code = bk_logfile_unseal(&lf, err);
	if (!code)
		code = bk_log_new(&log, &lf, err);
	if (code) {
		bk_logfile_close(&lf);
		return code;
	}
	log->is_writer = true;
	code = lock_log(log, wait_ms, err);
	if (!code)
		code = bk_log_load(log, end, err);
	if (code) {
		bk_log_close(log);
		return code;
	}
	*out = log;
	return BK_OK;
}

/* The same of the log that takes appends: a switch that was cut short is completed first. */
static enum bk_code open_current(struct bk_log **out, const struct bk_io *io, const char *path,
	unsigned wait_ms, struct log_end *end, struct bk_error *err)
{
	struct bk_log *log;
	enum bk_code code = open_once(&log, io, path, wait_ms, end, err);

	if (code)
		return code;
	if (log->state.facts.is_succeeded) {
		code = bk_succession_complete(log, err);
		bk_log_close(log);
		if (!code)
			code = open_once(&log, io, path, wait_ms, end, err);
	}
	if (!code)
		*out = log;
	return code;
}

/* Asks the mirrors, where there are any, before a byte is written: what one has behind the log's
 * end is the log's. Then the log is another than it was looked at. */
static enum bk_code open_level(struct bk_log **out, const struct bk_io *io, const char *path,
	const struct bk_writer_options *options, struct log_end *end, enum mirrors_took *took,
	struct bk_error *err)
{
	unsigned wait_ms = options ? options->lock_wait_ms : 0;
	enum bk_code code = open_current(out, io, path, wait_ms, end, err);

	*took = MIRRORS_TOOK_NOTHING;
	if (code || !options || !options->mirrors)
		return code;
	code = bk_mirrors_ask(
		options->mirrors, &(*out)->lf, end->end, (*out)->state.last_sum, took, err);
	if (!code && *took == MIRRORS_TOOK_NOTHING)
		return BK_OK;
	bk_log_close(*out);
	return code ? code : open_current(out, io, path, wait_ms, end, err);
}

/* A byte of ours in a log that lost its end would part it from a mirror that was away just now, and
 * has that end. */
static enum bk_code check_seen(const struct bk_log *log, const struct log_end *end,
	const struct bk_writer_options *options, struct bk_error *err)
{
	char id[BK_LOG_ID_TEXT];

	if (!options || !options->seen_log || end->end >= options->seen_bytes)
		return BK_OK;
	bk_log_id_text(log, id);
	if (strcmp(id, options->seen_log) != 0)
		return BK_OK;
	return bk_fail(err, BK_E_UNSAFE, 0, "%s has %" PRIu64 " bytes, and had %" PRIu64 " once",
		log->lf.file.path, end->end, options->seen_bytes);
}

static enum bk_code open_log(struct bk_log **out, const struct bk_io *io, const char *path,
	const struct bk_writer_options *options, struct log_end *end, enum mirrors_took *took,
	struct bk_error *err)
{
	enum bk_code code = open_level(out, io, path, options, end, took, err);

	if (code)
		return code;
	code = check_seen(*out, end, options, err);
	if (code)
		bk_log_close(*out);
	return code;
}

enum bk_code bk_writer_open_quietly(struct bk_writer **out, const struct bk_io *io,
	const char *path, const struct bk_writer_options *options, struct bk_error *err)
{
	struct bk_writer *writer;
	struct bk_log *log;
	struct log_end end;
	enum mirrors_took took;
	enum bk_code code = open_log(&log, io, path, options, &end, &took, err);

	if (!code)
		code = bk_writer_new(&writer, log, options, err);
	if (code && options && options->mirrors)
		bk_mirrors_detach(options->mirrors);
	if (code)
		return code;
	writer->mirrors = options ? options->mirrors : NULL;
	writer->is_others = took == MIRRORS_TOOK_OTHERS;
	code = bk_writer_open_again(writer, &writer->aside, err);
	if (!code)
		code = recover(writer, &end, err);
	if (code) {
		bk_writer_free(writer);
		return code;
	}
	*out = writer;
	return BK_OK;
}

enum bk_code bk_writer_open(struct bk_writer **out, const struct bk_io *io, const char *path,
	const struct bk_writer_options *options, struct bk_error *err)
{
	struct bk_writer *writer;
	enum bk_code code = bk_writer_open_quietly(&writer, io, path, options, err);

	if (code)
		return code;
	code = bk_writer_announce(writer, options ? options->program : NULL, err);
	if (code) {
		bk_writer_free(writer);
		return code;
	}
	bk_succession_clean(writer);
	*out = writer;
	return BK_OK;
}

/* Durability never hangs on this: failures are passed over. */
static void close_with(struct bk_writer *writer, bool in_order)
{
	struct bk_error ignored;
	enum bk_code code;

	if (!writer)
		return;
	bk_zeros_stop(writer);
	code = bk_writer_sync(writer, &ignored);
	if (!code && in_order)
		code = bk_writer_event(writer, EVENT_CLOSED, "", &ignored);
	if (!code)
		bk_zeros_cut(writer);
	if (!code && in_order)
		(void)!bk_writer_sync(writer, &ignored);
	bk_writer_free(writer);
}

void bk_writer_close(struct bk_writer *writer)
{
	close_with(writer, true);
}

void bk_writer_leave(struct bk_writer *writer)
{
	close_with(writer, false);
}

enum bk_code bk_writer_check_free(const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_error why = {.code = BK_OK};
	struct file file;
	/* Over NFS, only what is open for writing can be locked. */
	enum bk_code code = bk_file_open(&file, io, path, BK_IO_WRITE, &why);
	int rc;

	if (why.sys_errno == EACCES || why.sys_errno == EPERM || why.sys_errno == EROFS)
		code = bk_file_open(&file, io, path, BK_IO_READ, err);
	else if (code)
		bk_fail_as(err, &why);
	if (code)
		return code;
	do
		rc = io->ops->lock(io->ctx, file.fd);
	while (rc == -EINTR);
	if (rc == -EWOULDBLOCK)
		code = busy(io, path, bk_file_is_exposed(&file), err);
	else if (rc < 0)
		code = bk_fail(err, BK_E_IO, -rc, "cannot lock %s", path);
	bk_file_close(&file);
	return code;
}
