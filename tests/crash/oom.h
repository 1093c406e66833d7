/* oom.h - what core allocates with in crash_oom: each goes through a function that can fail it. crash_oom is
 * linked with a copy of core's library in which oom.symbols has put these names in place of the usual ones. */
#ifndef OOM_H
#define OOM_H

#include <stddef.h>
#include <zstd.h>

void *oom_malloc(size_t size);
void *oom_calloc(size_t count, size_t size);
void *oom_realloc(void *old, size_t size);
char *oom_strdup(const char *text);
char *oom_strndup(const char *text, size_t size);
int oom_asprintf(char **out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What asprintf is in a release build. */
int oom_asprintf_chk(char **out, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* zstd allocates within; these fail as it does. */
ZSTD_CCtx *oom_create_cctx(void);
ZSTD_DCtx *oom_create_dctx(void);
size_t oom_compress_stream(
	ZSTD_CCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in, ZSTD_EndDirective end);
size_t oom_decompress_stream(ZSTD_DCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in);
size_t oom_compress(ZSTD_CCtx *zstd, void *dst, size_t room, const void *src, size_t size);
size_t oom_decompress(ZSTD_DCtx *zstd, void *dst, size_t room, const void *src, size_t size);

#endif
