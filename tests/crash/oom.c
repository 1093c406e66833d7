/* oom.c - allocations that can be failed: core's own, zstd's and SQLite's. */
#include "oom.h"
#include "oomplan.h"
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	enum oom_kind kind;
	uint64_t at;
	uint64_t count[OOM_KINDS];
	bool is_on, was_met;
} plan;

static sqlite3_mem_methods sqlite_real;

void oom_fail(enum oom_kind kind, uint64_t nth)
{
	memset(&plan, 0, sizeof plan);
	plan.kind = kind;
	plan.at = nth;
}

bool oom_was_met(void)
{
	return plan.was_met;
}

uint64_t oom_count(enum oom_kind kind)
{
	return plan.count[kind];
}

void oom_on(void)
{
	plan.is_on = true;
}

void oom_off(void)
{
	plan.is_on = false;
}

static bool fails(enum oom_kind kind)
{
	if (!plan.is_on || ++plan.count[kind] != plan.at || kind != plan.kind)
		return false;
	plan.was_met = true;
	return true;
}

void *oom_malloc(size_t size)
{
	return fails(OOM_CORE) ? NULL : malloc(size);
}

void *oom_calloc(size_t count, size_t size)
{
	return fails(OOM_CORE) ? NULL : calloc(count, size);
}

void *oom_realloc(void *old, size_t size)
{
	return fails(OOM_CORE) ? NULL : realloc(old, size);
}

char *oom_strdup(const char *text)
{
	return fails(OOM_CORE) ? NULL : strdup(text);
}

char *oom_strndup(const char *text, size_t size)
{
	return fails(OOM_CORE) ? NULL : strndup(text, size);
}

int oom_asprintf(char **out, const char *fmt, ...)
{
	va_list args;
	int rc;

	if (fails(OOM_CORE))
		return -1;
	va_start(args, fmt);
	rc = vasprintf(out, fmt, args);
	va_end(args);
	return rc;
}

int oom_asprintf_chk(char **out, int level, const char *fmt, ...)
{
	va_list args;
	int rc;

	(void)level;
	if (fails(OOM_CORE))
		return -1;
	va_start(args, fmt);
	rc = vasprintf(out, fmt, args);
	va_end(args);
	return rc;
}

/* As zstd says ZSTD_error_memory_allocation. */
#define ZSTD_NO_MEMORY ((size_t)-64)

ZSTD_CCtx *oom_create_cctx(void)
{
	return fails(OOM_ZSTD) ? NULL : ZSTD_createCCtx();
}

ZSTD_DCtx *oom_create_dctx(void)
{
	return fails(OOM_ZSTD) ? NULL : ZSTD_createDCtx();
}

size_t oom_compress_stream(
	ZSTD_CCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in, ZSTD_EndDirective end)
{
	return fails(OOM_ZSTD) ? ZSTD_NO_MEMORY : ZSTD_compressStream2(zstd, out, in, end);
}

size_t oom_decompress_stream(ZSTD_DCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in)
{
	return fails(OOM_ZSTD) ? ZSTD_NO_MEMORY : ZSTD_decompressStream(zstd, out, in);
}

size_t oom_compress(ZSTD_CCtx *zstd, void *dst, size_t room, const void *src, size_t size)
{
	return fails(OOM_ZSTD) ? ZSTD_NO_MEMORY : ZSTD_compress2(zstd, dst, room, src, size);
}

size_t oom_decompress(ZSTD_DCtx *zstd, void *dst, size_t room, const void *src, size_t size)
{
	return fails(OOM_ZSTD) ? ZSTD_NO_MEMORY : ZSTD_decompressDCtx(zstd, dst, room, src, size);
}

static void *sqlite_malloc(int size)
{
	return fails(OOM_SQLITE) ? NULL : sqlite_real.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size)
{
	return fails(OOM_SQLITE) ? NULL : sqlite_real.xRealloc(old, size);
}

bool oom_begin(void)
{
	sqlite3_mem_methods methods;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_real) != SQLITE_OK)
		return false;
	methods = sqlite_real;
	methods.xMalloc = sqlite_malloc;
	methods.xRealloc = sqlite_realloc;
	return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK;
}
