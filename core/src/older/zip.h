/* zip.h - zlib's format, in pieces.
 *
 * Calling sequence: bk_zip_begin, any bk_zip_pack, bk_zip_pack_end, bk_zip_done; bk_unzip_begin,
 * any bk_unzip_feed, bk_unzip_end, bk_unzip_done. */
#ifndef BK_ZIP_H
#define BK_ZIP_H

#include <bk/buf.h>
#include <zlib.h>

#define ZIP_PIECE 65536

struct zip {
	z_stream stream;
};

BK_MUST_CHECK enum bk_code bk_zip_begin(struct zip *zip, struct bk_error *err);
void bk_zip_done(struct zip *zip);

/* Appends to OUT what SIZE bytes of DATA are packed to, as far as that is known yet; and what is
 * left. Fail with BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_zip_pack(
	struct zip *zip, const void *data, size_t size, struct bk_buf *out, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_zip_pack_end(
	struct zip *zip, struct bk_buf *out, struct bk_error *err);

/* Takes what was unpacked, in pieces of at most ZIP_PIECE bytes. */
typedef enum bk_code unzip_fn(void *ctx, const void *bytes, size_t size, struct bk_error *err);

struct unzip {
	z_stream stream;
	unzip_fn *take;
	void *ctx;
	bool is_whole;
};

BK_MUST_CHECK enum bk_code bk_unzip_begin(
	struct unzip *unzip, unzip_fn *take, void *ctx, struct bk_error *err);
void bk_unzip_done(struct unzip *unzip);

/* Fails with BK_E_INVALID if DATA is no such stream, or goes on behind its end, BK_E_NOMEM, or as
 * TAKE does. */
BK_MUST_CHECK enum bk_code bk_unzip_feed(
	struct unzip *unzip, const void *data, size_t size, struct bk_error *err);

/* Fails with BK_E_INVALID if the stream is not whole. */
BK_MUST_CHECK enum bk_code bk_unzip_end(const struct unzip *unzip, struct bk_error *err);

#endif
