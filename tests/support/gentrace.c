/* gentrace.c - writes a made-up trace (tracegen.h) as lines of JSON. */
#include "args.h"
#include "jsontext.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CALLS_DEFAULT   1000
#define LINE_BYTES_MOST ((size_t)16 << 20)

static const char help[] = "Usage: gentrace [--calls N] [--seed S] [--out FILE]\n"
			   "\n"
			   "Writes the db_write calls of a made-up node, one line of JSON each:\n"
			   "  {\"data_version\": 7, \"writes\": [\"...\"], \"t\": 1767225600.5}\n"
			   "The same seed gives the same calls.\n"
			   "\n"
			   "  --calls N   how many (default 1000)\n"
			   "  --seed S    which ones (default 1)\n"
			   "  --out FILE  where to (default: stdout)\n";

static enum bk_code put_line(
	struct bk_buf *line, const struct trace_call *call, struct bk_error *err)
{
	enum bk_code code;

	line->size = 0;
	code = json_raw(line, err, "{");
	if (!code)
		code = json_change(line, &call->change, err);
	if (!code)
		code = json_raw(line, err, ",\"t\":%.6f}\n", (double)call->time_us / 1e6);
	return code;
}

static enum bk_code write_trace(struct trace *trace, FILE *out, struct bk_error *err)
{
	struct trace_call call;
	struct bk_buf line;
	bool more = true;
	enum bk_code code = BK_OK;

	bk_buf_init(&line, LINE_BYTES_MOST);
	while (!code && more) {
		code = trace_next(trace, &call, &more, err);
		if (code || !more)
			break;
		code = put_line(&line, &call, err);
		if (!code && fwrite(line.data, 1, line.size, out) != line.size)
			code = bk_fail(err, BK_E_IO, errno, "cannot write the trace");
	}
	bk_buf_done(&line);
	return code;
}

static int run(uint64_t calls, uint64_t seed, const char *path)
{
	FILE *out = path ? fopen(path, "we") : stdout;
	struct trace *trace = NULL;
	struct bk_error err;
	enum bk_code code;

	if (!out) {
		perror(path);
		return EXIT_FAILURE;
	}
	code = trace_open_generated(&trace, seed, calls, &err);
	if (!code)
		code = write_trace(trace, out, &err);
	trace_close(trace);
	if (fclose(out) != 0 && !code)
		code = bk_fail(&err, BK_E_IO, errno, "cannot write the trace");
	if (code)
		fprintf(stderr, "gentrace: %s\n", err.msg);
	return code ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	uint64_t calls = CALLS_DEFAULT, seed = 1;
	const char *path = NULL;
	const struct arg args[] = {{"calls", .number = &calls}, {"seed", .number = &seed},
		{"out", .text = &path}, {.name = NULL}};

	args_read(argc, argv, args, help);
	return run(calls, seed, path);
}
