/* zip.c - zlib's format, in pieces. */
#include "zip.h"
#include <string.h>

/* zlib counts in 32 bits. */
#define FEED_MAX ((size_t)1 << 30)

enum bk_code bk_zip_begin(struct zip *zip, struct bk_error *err)
{
	memset(zip, 0, sizeof *zip);
	return deflateInit(&zip->stream, Z_DEFAULT_COMPRESSION) == Z_OK
		       ? BK_OK
		       : bk_fail(err, BK_E_NOMEM, 0, "no memory to pack a change");
}

void bk_zip_done(struct zip *zip)
{
	deflateEnd(&zip->stream);
}

/* Lets zlib write as much as it does. */
static enum bk_code pack(struct zip *zip, int flush, struct bk_buf *out, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	do {
		code = bk_buf_reserve(out, ZIP_PIECE, err);
		if (code)
			return code;
		zip->stream.next_out = out->data + out->size;
		zip->stream.avail_out = ZIP_PIECE;
		deflate(&zip->stream, flush);
		out->size += ZIP_PIECE - zip->stream.avail_out;
	} while (!zip->stream.avail_out);
	return code;
}

enum bk_code bk_zip_pack(
	struct zip *zip, const void *data, size_t size, struct bk_buf *out, struct bk_error *err)
{
	const uint8_t *at = data;
	enum bk_code code = BK_OK;

	while (size && !code) {
		size_t part = size < FEED_MAX ? size : FEED_MAX;

		zip->stream.next_in = (z_const Bytef *)(uintptr_t)at;
		zip->stream.avail_in = (uInt)part;
		code = pack(zip, Z_NO_FLUSH, out, err);
		at += part;
		size -= part;
	}
	return code;
}

enum bk_code bk_zip_pack_end(struct zip *zip, struct bk_buf *out, struct bk_error *err)
{
	zip->stream.avail_in = 0;
	return pack(zip, Z_FINISH, out, err);
}

enum bk_code bk_unzip_begin(struct unzip *unzip, unzip_fn *take, void *ctx, struct bk_error *err)
{
	memset(unzip, 0, sizeof *unzip);
	unzip->take = take;
	unzip->ctx = ctx;
	return inflateInit(&unzip->stream) == Z_OK
		       ? BK_OK
		       : bk_fail(err, BK_E_NOMEM, 0, "no memory to unpack what came");
}

void bk_unzip_done(struct unzip *unzip)
{
	inflateEnd(&unzip->stream);
}

/* Unpacks one piece. */
static enum bk_code unpack_piece(struct unzip *unzip, struct bk_error *err)
{
	uint8_t piece[ZIP_PIECE];
	int rc;

	unzip->stream.next_out = piece;
	unzip->stream.avail_out = sizeof piece;
	rc = inflate(&unzip->stream, Z_NO_FLUSH);
	if (rc == Z_MEM_ERROR)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to unpack what came");
	unzip->is_whole = rc == Z_STREAM_END;
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return bk_fail(err, BK_E_INVALID, 0, "what came is not packed as it should be");
	return unzip->take(unzip->ctx, piece, sizeof piece - unzip->stream.avail_out, err);
}

enum bk_code bk_unzip_feed(struct unzip *unzip, const void *data, size_t size, struct bk_error *err)
{
	const uint8_t *at = data;
	enum bk_code code = BK_OK;

	while (size && !code) {
		size_t part = size < FEED_MAX ? size : FEED_MAX;

		unzip->stream.next_in = (z_const Bytef *)(uintptr_t)at;
		unzip->stream.avail_in = (uInt)part;
		do
			code = unzip->is_whole ? bk_fail(err, BK_E_INVALID, 0,
							 "what came goes on behind its end")
					       : unpack_piece(unzip, err);
		while (!code &&
			(unzip->stream.avail_in || (!unzip->is_whole && !unzip->stream.avail_out)));
		at += part;
		size -= part;
	}
	return code;
}

enum bk_code bk_unzip_end(const struct unzip *unzip, struct bk_error *err)
{
	return unzip->is_whole ? BK_OK
			       : bk_fail(err, BK_E_INVALID, 0, "what came ends before its end");
}
