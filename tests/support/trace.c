/* trace.c - reading the db_write calls of a node. */
#include "trace.h"
#include "textfile.h"
#include "tracegen.h"
#include <bk/version.h>
#include <cJSON.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct trace {
	struct textfile *file; /* or */
	struct tracegen *gen;
	uint64_t left; /* calls that the generator is still asked for */
	char *path;
	uint64_t line;
	cJSON *json; /* of the call given out last: the statements point into it */
	struct bk_slice *statements;
	size_t capacity;
	struct trace_call ahead; /* given out by trace_skip_to to itself, not yet to the caller */
	bool has_ahead;
};

const char *traces_dir(void)
{
	static const char *const places[] = {
		"/work/shared/traces", BK_SOURCE_DIR "/../shared/traces"};
	const char *set = getenv("BK_TRACES");

	if (set && *set)
		return set;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

enum bk_code trace_open(struct trace **out, const char *path, struct bk_error *err)
{
	struct trace *trace = calloc(1, sizeof *trace);
	enum bk_code code = BK_OK;

	if (trace)
		trace->path = strdup(path);
	if (!trace || !trace->path)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", path);
	if (!code)
		code = textfile_open(&trace->file, trace->path, err);
	if (code) {
		trace_close(trace);
		return code;
	}
	*out = trace;
	return BK_OK;
}

enum bk_code trace_open_generated(
	struct trace **out, uint64_t seed, uint64_t count, struct bk_error *err)
{
	struct trace *trace = calloc(1, sizeof *trace);

	if (trace)
		trace->gen = trace_gen_new(seed);
	if (!trace || !trace->gen) {
		trace_close(trace);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to make a trace");
	}
	trace->left = count;
	*out = trace;
	return BK_OK;
}

void trace_close(struct trace *trace)
{
	if (!trace)
		return;
	textfile_close(trace->file);
	trace_gen_free(trace->gen);
	cJSON_Delete(trace->json);
	free(trace->statements);
	free(trace->path);
	free(trace);
}

static enum bk_code bad_line(const struct trace *trace, const char *what, struct bk_error *err)
{
	return bk_fail(err, BK_E_INVALID, 0, "%s, line %llu: %s", trace->path,
		(unsigned long long)trace->line, what);
}

static enum bk_code take_statements(
	struct trace *trace, const cJSON *writes, size_t *count, struct bk_error *err)
{
	size_t n = (size_t)cJSON_GetArraySize(writes), i = 0;
	const cJSON *item;

	if (n > trace->capacity) {
		struct bk_slice *grown = realloc(trace->statements, n * sizeof *grown);

		if (!grown)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu statements", n);
		trace->statements = grown;
		trace->capacity = n;
	}
	cJSON_ArrayForEach(item, writes)
	{
		const char *text = cJSON_GetStringValue(item);

		if (!text)
			return bad_line(trace, "a statement is no text", err);
		trace->statements[i++] = (struct bk_slice){text, strlen(text)};
	}
	*count = n;
	return BK_OK;
}

static enum bk_code take_line(struct trace *trace, const struct bk_slice *line,
	struct trace_call *call, struct bk_error *err)
{
	const cJSON *version, *writes, *time;
	double number;
	enum bk_code code;

	cJSON_Delete(trace->json);
	trace->json = cJSON_ParseWithLength(line->data, line->size);
	version = cJSON_GetObjectItemCaseSensitive(trace->json, "data_version");
	writes = cJSON_GetObjectItemCaseSensitive(trace->json, "writes");
	time = cJSON_GetObjectItemCaseSensitive(trace->json, "t");
	number = cJSON_GetNumberValue(version);
	if (!(number >= 0 && number <= UINT32_MAX) || !cJSON_IsArray(writes))
		return bad_line(trace, "not a call: {\"data_version\": …, \"writes\": […]}", err);
	code = take_statements(trace, writes, &call->change.statement_count, err);
	if (code)
		return code;
	call->change.version = (uint32_t)number;
	call->change.statements = trace->statements;
	call->time_us = cJSON_IsNumber(time) ? (int64_t)(time->valuedouble * 1e6) : 0;
	return BK_OK;
}

enum bk_code trace_next(
	struct trace *trace, struct trace_call *call, bool *more, struct bk_error *err)
{
	struct bk_slice line;
	enum bk_code code;

	if (trace->has_ahead) {
		trace->has_ahead = false;
		*call = trace->ahead;
		*more = true;
		return BK_OK;
	}
	if (trace->gen) {
		*more = trace->left > 0;
		if (*more) {
			trace->left--;
			trace_gen_next(trace->gen, call);
		}
		return BK_OK;
	}
	code = textfile_line(trace->file, &line, more, err);
	trace->line++;
	return code || !*more ? code : take_line(trace, &line, call, err);
}

enum bk_code trace_skip_to(struct trace *trace, uint32_t version, struct bk_error *err)
{
	while (version) {
		struct trace_call *call = &trace->ahead;
		bool more;
		enum bk_code code = trace_next(trace, call, &more, err);

		if (code)
			return code;
		if (!more)
			return bk_fail(
				err, BK_E_MISSING, 0, "the trace ends before version %u", version);
		if (bk_version_after(call->change.version, version)) {
			trace->has_ahead = true; /* it begins after VERSION */
			break;
		}
		if (call->change.version == version)
			break;
	}
	return BK_OK;
}
