/* genlog.c - a log of many versions, from a node's traffic. */
#include "genlog.h"
#include "gendb.h"
#include "timing.h"
#include "trace.h"
#include <bk/follower.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* The seam, with the traffic's own clock and no sync before the end. */
struct fast_io {
	struct bk_io_ops ops;
	struct bk_io io;
	int64_t now_us;
};

static int no_sync(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 0;
}

static int64_t trace_clock(void *ctx)
{
	return ((struct fast_io *)ctx)->now_us;
}

static void fast_io_init(struct fast_io *fast)
{
	fast->ops = *bk_io_posix()->ops;
	fast->ops.datasync = no_sync;
	fast->ops.now_us = trace_clock;
	fast->io = (struct bk_io){.ops = &fast->ops, .ctx = fast};
	fast->now_us = 0;
}

static void tell(uint32_t version, uint32_t versions)
{
	if (version % 10000 == 0 && isatty(STDERR_FILENO))
		fprintf(stderr, "\r%u of %u versions ", version, versions);
}

static enum bk_code write_all(struct bk_writer *writer, struct fast_io *fast, struct trace *trace,
	uint32_t versions, struct genlog_result *result, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	bool more = true;

	while (!code && bk_writer_version(writer) < versions) {
		struct trace_call call;

		code = trace_next(trace, &call, &more, err);
		if (code || !more)
			break;
		fast->now_us = call.time_us;
		code = bk_writer_append(writer, &call.change, err);
		if (!code)
			code = bk_keyframes_build(writer, err);
		for (size_t i = 0; i < call.change.statement_count; i++)
			result->sql_bytes += call.change.statements[i].size;
		result->changes++;
		tell(call.change.version, versions);
	}
	return code;
}

/* An empty log, or one that begins with a snapshot of a large database. */
static enum bk_code create(const char *path, const struct fast_io *fast, struct trace *trace,
	const struct genlog_options *options, struct bk_error *err)
{
	char *database = NULL;
	uint32_t version;
	enum bk_code code = BK_OK;

	if (options->database_bytes && asprintf(&database, "%s.sqlite3", path) < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	if (database)
		code = gendb_make(
			database, trace, options->versions / 2, options->database_bytes, err);
	if (!code)
		code = bk_log_create(&fast->io, path, database, 0, NULL, NULL, &version, err);
	if (database)
		unlink(database);
	free(database);
	return code;
}

static enum bk_code fill(const char *path, struct fast_io *fast, struct trace *trace,
	const struct genlog_options *options, struct genlog_result *result, struct bk_error *err)
{
	struct bk_log_status status;
	struct bk_writer *writer;
	enum bk_code code = create(path, fast, trace, options, err);

	if (!code)
		code = bk_writer_open(&writer, &fast->io, path, NULL, err);
	if (code)
		return code;
	code = write_all(writer, fast, trace, options->versions, result, err);
	fast->ops.datasync = bk_io_posix()->ops->datasync;
	if (!code)
		code = bk_log_status(bk_writer_log(writer), &status, err);
	bk_writer_close(writer);
	if (code)
		return code;
	result->head = status.version;
	result->log_bytes = status.log_bytes;
	return BK_OK;
}

enum bk_code genlog_make(const char *path, const struct genlog_options *options,
	struct genlog_result *result, struct bk_error *err)
{
	struct genlog_result made = {0};
	double began = seconds_now();
	struct fast_io fast;
	struct trace *trace;
	enum bk_code code = options->trace
				    ? trace_open(&trace, options->trace, err)
				    : trace_open_generated(&trace, options->seed, UINT64_MAX, err);

	if (code)
		return code;
	fast_io_init(&fast);
	code = fill(path, &fast, trace, options, &made, err);
	trace_close(trace);
	made.seconds = seconds_now() - began;
	if (!code)
		*result = made;
	return code;
}
