/* live.c - the node's own database: its version, and full keyframes copied from it. */
#include "live.h"
#include "build.h"
#include "newfile.h"
#include "replay.h"
#include <bk/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPY_STEP_PAGES 1024

static enum bk_code live_fail(
	sqlite3 *db, int rc, const char *path, const char *doing, struct bk_error *err)
{
	const char *why = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return bk_fail(err, BK_E_BUSY, 0, "cannot %s %s: it stays locked", doing, path);
	case SQLITE_NOMEM:
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to %s %s", doing, path);
	default:
		return bk_fail(err, BK_E_SQL, 0, "cannot %s %s: %s", doing, path, why);
	}
}

static int open_with(const char *path, int flags, unsigned busy_ms, sqlite3 **db)
{
	int rc = sqlite3_open_v2(path, db, flags, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(*db, (int)busy_ms);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*db, "BEGIN; SELECT 1 FROM sqlite_schema;", NULL, NULL, NULL);
	return rc;
}

/* A killed node leaves a journal that must be rolled back first, and a WAL database needs its
 * shared memory file: both take write access, which is asked for only then. */
enum bk_code live_open(const char *path, unsigned busy_ms, sqlite3 **out, struct bk_error *err)
{
	sqlite3 *db = NULL;
	int rc;

	if (access(path, F_OK) != 0)
		return bk_fail(err, BK_E_MISSING, 0, "there is no database %s", path);
	rc = open_with(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, busy_ms, &db);
	if (rc == SQLITE_READONLY || rc == SQLITE_CANTOPEN) {
		sqlite3_close(db);
		db = NULL;
		rc = open_with(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, busy_ms, &db);
	}
	if (rc != SQLITE_OK) {
		enum bk_code code = live_fail(db, rc, path, "read", err);

		sqlite3_close(db);
		return code;
	}
	*out = db;
	return BK_OK;
}

enum bk_code bk_live_version(
	const char *path, unsigned busy_ms, uint32_t *version, struct bk_error *err)
{
	sqlite3 *db;
	uint32_t found;
	enum bk_code code = live_open(path, busy_ms, &db, err);
	int rc;

	if (code)
		return code;
	rc = read_data_version(db, &found);
	if (rc != SQLITE_OK)
		code = live_fail(db, rc, path, "read", err);
	else
		*version = found;
	sqlite3_close(db);
	return code;
}

/* What SQLite's backup writes into: each page goes straight into the keyframe. SQLite keeps page 1
 * to itself until the end, and may write it twice. */
struct sink {
	struct pagestore store;
	struct build *build;
	bool has_first;
	uint8_t first[PAGE_SIZE_MAX];
};

static enum bk_code sink_read(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	struct sink *sink = (struct sink *)store;

	if (page != 1 || !sink->has_first)
		return bk_fail(err, BK_E_SQL, 0, "SQLite's backup reads page %u back", page);
	memcpy(dst, sink->first, store->page_size);
	return BK_OK;
}

static enum bk_code sink_write(
	struct pagestore *store, uint32_t page, const void *src, struct bk_error *err)
{
	struct sink *sink = (struct sink *)store;

	if (page > store->page_count)
		store->page_count = page;
	if (page == 1) {
		memcpy(sink->first, src, store->page_size);
		sink->has_first = true;
		return BK_OK;
	}
	if (page == pagestore_lock_page(store->page_size))
		return BK_OK;
	sink->build->page_size = store->page_size;
	return build_page(sink->build, page, src, NULL, err);
}

static enum bk_code sink_truncate(
	struct pagestore *store, uint32_t page_count, struct bk_error *err)
{
	if (page_count < store->page_count)
		return bk_fail(err, BK_E_SQL, 0, "SQLite's backup cuts what it wrote");
	return BK_OK;
}

/* Stores page 1, in rollback mode (docs/format.md, 5). */
static enum bk_code sink_finish(struct sink *sink, struct bk_error *err)
{
	if (!sink->has_first)
		return BK_OK;
	sink->build->page_size = sink->store.page_size;
	sink->first[18] = sink->first[19] = 1;
	return build_page(sink->build, 1, sink->first, NULL, err);
}

struct copy {
	const char *path;
	bk_progress_fn *progress;
	void *ctx;
};

/* Runs the backup to its end. The transaction on DB keeps others from changing what is read, so it
 * never starts over. */
static int copy_pages(sqlite3 *to, sqlite3 *from, const struct copy *copy)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int rc;

	if (!backup)
		return sqlite3_errcode(to);
	do {
		rc = sqlite3_backup_step(backup, COPY_STEP_PAGES);
		if (rc == SQLITE_OK && copy->progress) {
			uint64_t total = (uint64_t)sqlite3_backup_pagecount(backup);

			copy->progress(copy->ctx,
				total - (uint64_t)sqlite3_backup_remaining(backup), total);
		}
	} while (rc == SQLITE_OK);
	sqlite3_backup_finish(backup);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Copies the database of DB into STORE. */
static enum bk_code copy_database(sqlite3 *db, struct pagestore *store, const struct bk_io *io,
	const struct copy *copy, struct bk_error *err)
{
	struct vfs vfs;
	sqlite3 *to;
	enum bk_code code;
	int rc;

	vfs_init(&vfs, store, io, file_spill_dir(NULL));
	code = vfs_connect(&vfs, &to, err);
	if (code)
		return code;
	rc = sqlite3_exec(to,
		"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2048",
		NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = copy_pages(to, db, copy);
	if (rc != SQLITE_OK && vfs.error.code)
		code = vfs_fail(&vfs, to, err, "copy the database");
	else if (rc != SQLITE_OK)
		code = live_fail(to, rc, copy->path, "copy", err);
	sqlite3_close(to);
	return code;
}

/* A file of no bytes is a database too, the empty one; the backup API would make a page of it. */
static bool has_pages(sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	bool has = true;

	if (sqlite3_prepare_v2(db, "PRAGMA page_count", -1, &statement, NULL) == SQLITE_OK &&
		sqlite3_step(statement) == SQLITE_ROW)
		has = sqlite3_column_int64(statement, 0) > 0;
	sqlite3_finalize(statement);
	return has;
}

/* A copy of a WAL database is opened without its shared memory file. */
static enum bk_code set_rollback_mode(struct pagestore *store, struct bk_error *err)
{
	uint8_t page[PAGE_SIZE_MAX];
	enum bk_code code = store->read(store, 1, page, err);

	if (code)
		return code;
	page[18] = page[19] = 1;
	return store->write(store, 1, page, err);
}

enum bk_code live_copy(const char *path, unsigned busy_ms, struct pagestore *store,
	const struct bk_io *io, struct bk_error *err)
{
	struct copy copy = {.path = path};
	sqlite3 *db;
	enum bk_code code = live_open(path, busy_ms, &db, err);

	if (code)
		return code;
	if (has_pages(db)) {
		code = copy_database(db, store, io, &copy, err);
		if (!code)
			code = set_rollback_mode(store, err);
	}
	sqlite3_close(db);
	return code;
}

/* Writes a full keyframe of the database of DB, or of none if that is NULL. */
static enum bk_code full_keyframe(struct build *build, sqlite3 *db, uint32_t version,
	const struct copy *copy, struct bk_error *err)
{
	struct bk_log *log = build->writer->log;
	struct sink *sink = calloc(1, sizeof *sink);
	struct build_result result = {.version = version};
	enum bk_code code = BK_OK;

	if (!sink)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to copy a database");
	sink->store = (struct pagestore){
		.read = sink_read, .write = sink_write, .truncate = sink_truncate};
	sink->build = build;
	build->version = version;
	if (db && has_pages(db))
		code = copy_database(db, &sink->store, log->lf.file.io, copy, err);
	if (!code)
		code = sink_finish(sink, err);
	if (!code) {
		/* Only this thread appends changes, so the tail is what it was. */
		result.time_us = log->lf.file.io->ops->now_us(log->lf.file.io->ctx);
		result.page_size = sink->store.page_size;
		result.page_count = sink->store.page_count;
		result.history = log->state.history;
		result.session = log->state.session;
		result.entries = log->state.tail;
		result.entry_count = log->state.tail_count;
		code = build_finish(build, &result, err);
	}
	free(sink);
	return code;
}

static enum bk_code snapshot_event(struct bk_writer *writer, enum bk_snapshot_reason reason,
	uint32_t version, struct bk_error *err)
{
	char text[64];

	snprintf(text, sizeof text, "from=%u\nto=%u\n", writer->log->state.version, version);
	return writer_event(
		writer, reason == BK_SNAPSHOT_GAP ? EVENT_GAP : EVENT_REPLAY_FAILED, text, err);
}

static enum bk_code snapshot_open(struct bk_writer *writer, sqlite3 *db,
	enum bk_snapshot_reason reason, const struct copy *copy, struct bk_error *err)
{
	struct build build;
	uint32_t version;
	enum bk_code code;
	int rc = read_data_version(db, &version);

	if (rc != SQLITE_OK)
		return live_fail(db, rc, copy->path, "read", err);
	if (bk_version_after(writer->log->state.version, version))
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s is at version %u, older than the backup, which is at %u", copy->path,
			version, writer->log->state.version);
	code = snapshot_event(writer, reason, version, err);
	if (!code)
		code = build_begin(&build, writer, true, err);
	if (code)
		return code;
	code = full_keyframe(&build, db, version, copy, err);
	build_done(&build);
	writer->stream_changes = 0;
	return code ? code : writer_sync(writer, err);
}

enum bk_code bk_writer_snapshot(struct bk_writer *writer, const char *database_path,
	enum bk_snapshot_reason reason, unsigned busy_ms, bk_progress_fn *progress, void *ctx,
	struct bk_error *err)
{
	struct copy copy = {.path = database_path, .progress = progress, .ctx = ctx};
	sqlite3 *db;
	enum bk_code code = live_open(database_path, busy_ms, &db, err);

	if (code)
		return code;
	code = snapshot_open(writer, db, reason, &copy, err);
	sqlite3_close(db);
	return code;
}

/* A log over the open file FILE, which goes on to belong to its caller too: the log has a copy of
 * the handle. */
static enum bk_code log_over(
	struct bk_log **out, const struct file *file, struct logfile *lf, struct bk_error *err)
{
	enum bk_code code = file_open(&lf->file, file->io, file->path, BK_IO_WRITE, err);

	if (!code)
		code = log_new(out, lf, err);
	if (code)
		file_close(&lf->file);
	return code;
}

/* Writes header and first keyframe into the new file FILE. */
static enum bk_code create_in(const struct file *file, sqlite3 *db, const struct copy *copy,
	uint32_t version, struct bk_error *err)
{
	const struct bk_io *io = file->io;
	struct logfile lf = {.file = FILE_CLOSED};
	uint8_t header[LOG_HEADER_SIZE];
	struct bk_log *log = NULL;
	struct bk_writer *writer;
	struct build build;
	enum bk_code code = BK_OK;

	lf.header.created_us = io->ops->now_us(io->ctx);
	if (io->ops->random(io->ctx, lf.header.id, LOG_ID_SIZE) < 0)
		return bk_fail(err, BK_E_IO, 0, "no random bytes for the id of a new log");
	header_encode(header, &lf.header);
	code = file_write(file, header, sizeof header, 0, err);
	if (!code)
		code = log_over(&log, file, &lf, err);
	if (code)
		return code;
	log->state.end = LOG_HEADER_SIZE;
	log->state.last_sum = lf.header.sum;
	code = writer_new(&writer, log, NULL, err);
	if (code)
		return code;
	/* Nobody sees the file before it is synced and renamed, so the header counts as synced. */
	writer->durable = LOG_HEADER_SIZE;
	code = build_begin(&build, writer, true, err);
	if (!code) {
		code = full_keyframe(&build, db, version, copy, err);
		build_done(&build);
	}
	writer_free(writer);
	return code;
}

enum bk_code bk_log_create(const struct bk_io *io, const char *path, const char *database_path,
	unsigned busy_ms, bk_progress_fn *progress, void *ctx, uint32_t *version,
	struct bk_error *err)
{
	struct copy copy = {.path = database_path, .progress = progress, .ctx = ctx};
	struct newfile nf;
	sqlite3 *db = NULL;
	uint32_t found = 0;
	enum bk_code code = newfile_open(&nf, io, path, ".new", err);

	if (code)
		return code;
	if (database_path)
		code = live_open(database_path, busy_ms, &db, err);
	if (db && read_data_version(db, &found) != SQLITE_OK)
		code = live_fail(db, sqlite3_errcode(db), database_path, "read", err);
	if (!code)
		code = create_in(&nf.file, db, &copy, found, err);
	sqlite3_close(db);
	if (code) {
		newfile_abort(&nf);
		return code;
	}
	code = newfile_commit(&nf, err);
	if (!code)
		*version = found;
	return code;
}
