/* older.c - what the older plugin wrote, as a log. */
#include "older.h"
#include "interrupt.h"
#include <bk/change.h>
#include <bk/net.h>
#include <bk/olderclient.h>
#include <bk/olderfile.h>
#include <bk/version.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTES_MAX   100
#define PIECE_BYTES ((uint32_t)1 << 20)

/* The time that what is imported is given. */
static int64_t older_time_us;

static int64_t older_now(void *ctx)
{
	(void)ctx;
	return older_time_us;
}

/* The world, in which the clock stands where the file PATH was changed last. */
static const struct bk_io *older_io(const char *path)
{
	static struct bk_io_ops ops;
	static struct bk_io io;
	const struct bk_io *base = interrupt_io();
	struct stat st;

	older_time_us = now_us();
	if (stat(path, &st) == 0)
		older_time_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
	ops = *base->ops;
	ops.now_us = older_now;
	io = (struct bk_io){.ops = &ops, .ctx = base->ctx, .keys = base->keys};
	return &io;
}

static void take_note(void *ctx, const char *what)
{
	struct older *older = ctx;
	char **notes = older->note_count < NOTES_MAX
			       ? realloc(older->notes, (older->note_count + 1) * sizeof *notes)
			       : NULL;

	if (notes)
		older->notes = notes;
	if (notes && (notes[older->note_count] = strdup(what)))
		older->note_count++;
	else
		older->notes_more++;
}

void older_done(struct older *older)
{
	for (size_t i = 0; i < older->note_count; i++)
		free(older->notes[i]);
	free(older->notes);
	*older = (struct older){0};
}

static enum bk_code take_snapshot(struct bk_import *import, const struct bk_olderfile *file,
	const struct bk_older_record *record, struct bk_error *err)
{
	uint8_t *piece = malloc(PIECE_BYTES);
	enum bk_code code = piece ? bk_import_snapshot_begin(import, record->version, err)
				  : bk_fail(err, BK_E_NOMEM, 0, "no memory for a snapshot");

	for (uint32_t at = 0, size; at < record->size && !code; at += size) {
		size = record->size - at < PIECE_BYTES ? record->size - at : PIECE_BYTES;
		code = bk_olderfile_read(file, record, at, piece, size, err);
		if (!code)
			code = bk_import_snapshot_write(import, piece, size, err);
	}
	free(piece);
	return code ? code : bk_import_snapshot_end(import, err);
}

static enum bk_code take_change(struct bk_import *import, const struct bk_olderfile *file,
	const struct bk_older_record *record, struct bk_buf *payload, struct bk_error *err)
{
	enum bk_code code;

	bk_buf_clear(payload, PIECE_BYTES);
	code = bk_buf_reserve(payload, record->size, err);
	if (!code)
		code = bk_olderfile_read(file, record, 0, payload->data, record->size, err);
	return code ? code
		    : bk_import_change(import, record->version, payload->data, record->size, err);
}

static enum bk_code take_all(
	struct bk_import *import, struct bk_olderfile *file, struct bk_error *err)
{
	struct progress progress = progress_of("importing");
	struct bk_olderfile_status status;
	struct bk_older_record record;
	struct bk_buf payload;
	bool more = true;
	enum bk_code code = BK_OK;

	bk_buf_init(&payload, BK_CHANGE_BYTES_MAX);
	while (!code && more) {
		code = bk_olderfile_next(file, &record, &more, err);
		if (!code && more)
			code = record.is_snapshot
				       ? take_snapshot(import, file, &record, err)
				       : take_change(import, file, &record, &payload, err);
		bk_olderfile_status(file, &status);
		progress_show(&progress, status.at, status.bytes);
	}
	progress_end(&progress);
	bk_buf_done(&payload);
	return code;
}

/* What the file's header and its end tell beside the records. */
static void look_at_end(struct older *older, const struct bk_olderfile *file)
{
	struct bk_olderfile_status status;

	bk_olderfile_status(file, &status);
	older->torn_bytes = status.torn_bytes;
	older->named = status.records ? status.version : older->result.version;
}

/* What is imported: the older plugin's file, or what a server has. */
struct source {
	struct bk_olderfile *file;
	struct bk_older_client *client;
};

static void source_close(struct source *source)
{
	bk_olderfile_close(source->file);
	bk_older_client_close(source->client);
}

static enum bk_code take_source(
	struct bk_import *import, const struct source *source, struct bk_error *err)
{
	return source->file ? take_all(import, source->file, err)
			    : bk_older_client_restore(source->client, import, err);
}

static void look_at_source(struct older *older, const struct source *source)
{
	if (source->file)
		look_at_end(older, source->file);
	else
		older->named = bk_older_client_at(source->client).version;
	older->is_newest_lost = bk_version_after(older->named, older->result.version);
}

static enum bk_code import_from(struct older *older, const struct source *source,
	const char *log_path, const struct bk_io *io, struct bk_error *err)
{
	const struct bk_import_options options = {
		.program = "backup-cli import", .note = take_note, .ctx = older};
	struct bk_import *import;
	enum bk_code code = bk_import_begin(&import, io, log_path, &options, err);

	if (code)
		return code;
	interrupt_making(bk_import_temp(import));
	code = take_source(import, source, err);
	if (code) {
		bk_import_abort(import);
		return code;
	}
	code = bk_import_finish(import, &older->result, err);
	if (!code)
		look_at_source(older, source);
	return code;
}

static enum bk_code source_open(
	struct source *source, const char *url, const struct bk_io **io, struct bk_error *err)
{
	const struct bk_older_client_options options = {.tries = 1, .delay_ms = 1000};
	char *path;
	enum bk_code code;

	*source = (struct source){0};
	*io = interrupt_io();
	if (bk_socket_url_is(url))
		return bk_older_client_open(&source->client, bk_net_posix(), url, &options, err);
	code = find_log(&path, url, err);
	if (code)
		return code;
	*io = older_io(path);
	code = bk_olderfile_open(&source->file, *io, path, err);
	free(path);
	return code;
}

enum bk_code older_import(
	struct older *older, const char *url, const char *log_path, struct bk_error *err)
{
	const struct bk_io *io;
	struct source source;
	enum bk_code code = source_open(&source, url, &io, err);

	if (code)
		return code;
	code = import_from(older, &source, log_path, io, err);
	source_close(&source);
	return code;
}

void older_tell(const struct older *older)
{
	struct shown shown;

	for (size_t i = 0; i < older->note_count; i++)
		printf("Mended: %s\n", shown_of(&shown, older->notes[i]));
	if (older->notes_more)
		printf("Mended: %llu more of these\n", (unsigned long long)older->notes_more);
	if (older->result.blanks)
		printf("Mended: a blank that old nodes left out before WHERE was put in, %llu "
		       "times\n",
			(unsigned long long)older->result.blanks);
	if (older->torn_bytes)
		printf("Mended: the file ends in %llu bytes that are no whole record: a write that "
		       "never reached the disk\n",
			(unsigned long long)older->torn_bytes);
	if (older->is_newest_lost)
		printf("Warning: the file's header names version %u as the newest, and it is not "
		       "there: the older plugin synced nothing. When lightningd starts with the "
		       "new "
		       "one, a full snapshot heals that\n",
			older->named);
}

bool older_is(const char *url)
{
	struct bk_error ignored;
	bool is_it = bk_socket_url_is(url);
	char *path;

	if (is_it || find_log(&path, url, &ignored))
		return is_it;
	is_it = bk_olderfile_is(interrupt_io(), path);
	free(path);
	return is_it;
}

static enum bk_code make_place(struct older_log *out, struct bk_error *err)
{
	const char *tmp = getenv("TMPDIR");

	if (asprintf(&out->dir, "%s/backup-cli.XXXXXX", tmp && *tmp ? tmp : "/var/tmp") < 0)
		out->dir = NULL;
	if (!out->dir)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	if (!mkdtemp(out->dir))
		return bk_fail(err, BK_E_IO, errno, "cannot make a directory %s", out->dir);
	if (asprintf(&out->path, "%s/log.bkp", out->dir) < 0) {
		out->path = NULL;
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	}
	return BK_OK;
}

enum bk_code older_open(
	struct older_log *out, struct older *older, const char *url, struct bk_error *err)
{
	enum bk_code code;

	*out = (struct older_log){0};
	code = make_place(out, err);
	if (!code)
		code = older_import(older, url, out->path, err);
	if (!code) {
		interrupt_making(out->path);
		code = bk_log_open(&out->log, interrupt_io(), out->path, err);
	}
	if (code)
		older_close(out);
	return code;
}

void older_close(struct older_log *log)
{
	const struct bk_io *io = interrupt_io();

	bk_log_close(log->log);
	if (log->path)
		io->ops->unlink(io->ctx, log->path);
	if (log->dir)
		rmdir(log->dir);
	free(log->path);
	free(log->dir);
	*log = (struct older_log){0};
}
