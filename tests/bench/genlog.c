/* genlog.c - a log of many versions, from a made-up node's traffic. */
#include "genlog.h"
#include "timing.h"
#include "tracegen.h"
#include <bk/follower.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <stdio.h>
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

static enum bk_code write_all(struct bk_writer *writer, struct fast_io *fast, struct tracegen *gen,
	uint32_t versions, struct genlog_result *result, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	while (!code && bk_writer_version(writer) < versions) {
		struct trace_call call;

		trace_gen_next(gen, &call);
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

static enum bk_code fill(const char *path, struct fast_io *fast, struct tracegen *gen,
	uint32_t versions, struct genlog_result *result, struct bk_error *err)
{
	struct bk_log_status status;
	struct bk_writer *writer;
	uint32_t version;
	enum bk_code code = bk_log_create(&fast->io, path, NULL, 0, NULL, NULL, &version, err);

	if (!code)
		code = bk_writer_open(&writer, &fast->io, path, NULL, err);
	if (code)
		return code;
	code = write_all(writer, fast, gen, versions, result, err);
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

enum bk_code genlog_make(const char *path, uint32_t versions, uint64_t seed,
	struct genlog_result *result, struct bk_error *err)
{
	struct genlog_result made = {0};
	struct tracegen *gen = trace_gen_new(seed);
	double began = seconds_now();
	struct fast_io fast;
	enum bk_code code;

	if (!gen)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for made-up traffic");
	fast_io_init(&fast);
	code = fill(path, &fast, gen, versions, &made, err);
	trace_gen_free(gen);
	made.seconds = seconds_now() - began;
	if (!code)
		*result = made;
	return code;
}
