/* oom.h - included before everything else in the copy of core that crash_oom is built from: each
 * allocation of core's goes through a function that can fail it. */
#ifndef OOM_H
#define OOM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

void *oom_malloc(size_t size);
void *oom_calloc(size_t count, size_t size);
void *oom_realloc(void *old, size_t size);
char *oom_strdup(const char *text);
char *oom_strndup(const char *text, size_t size);
int oom_asprintf(char **out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* zstd allocates within; these fail as it does. */
ZSTD_CCtx *oom_create_cctx(void);
ZSTD_DCtx *oom_create_dctx(void);
size_t oom_compress_stream(
	ZSTD_CCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in, ZSTD_EndDirective end);
size_t oom_decompress_stream(ZSTD_DCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in);
size_t oom_compress(ZSTD_CCtx *zstd, void *dst, size_t room, const void *src, size_t size);
size_t oom_decompress(ZSTD_DCtx *zstd, void *dst, size_t room, const void *src, size_t size);

#ifdef OOM_REPLACES
#undef strdup
#undef strndup
#undef asprintf
#define malloc(size)                       oom_malloc(size)
#define calloc(count, size)                oom_calloc(count, size)
#define realloc(old, size)                 oom_realloc(old, size)
#define strdup(text)                       oom_strdup(text)
#define strndup(text, size)                oom_strndup(text, size)
#define asprintf(...)                      oom_asprintf(__VA_ARGS__)
#define ZSTD_createCCtx()                  oom_create_cctx()
#define ZSTD_createDCtx()                  oom_create_dctx()
#define ZSTD_compressStream2(a, b, c, d)   oom_compress_stream(a, b, c, d)
#define ZSTD_decompressStream(a, b, c)     oom_decompress_stream(a, b, c)
#define ZSTD_compress2(a, b, c, d, e)      oom_compress(a, b, c, d, e)
#define ZSTD_decompressDCtx(a, b, c, d, e) oom_decompress(a, b, c, d, e)
#endif

#endif
