/* outgoing.c - an image, sent as a SNAPSHOT. */
#include "outgoing.h"
#include "bigend.h"
#include "file.h"
#include "packet.h"
#include "zip.h"
#include <bk/path.h>
#include <stdlib.h>

#define PIECE_BYTES ((size_t)1 << 20)

/* What stands packed in FILE, SIZE bytes so far, grows by what is in OUT. */
static enum bk_code spool(
	struct file *file, uint64_t *size, struct bk_buf *out, struct bk_error *err)
{
	enum bk_code code = bk_file_write(file, out->data, out->size, *size, err);

	*size += out->size;
	out->size = 0;
	if (!code && *size > UINT32_MAX - 4)
		code = bk_fail(err, BK_E_LIMIT, 0,
			"a snapshot of more than 4 GiB does not fit into the older protocol: take "
			"the log itself");
	return code;
}

/* Packs IMAGE into FILE. */
static enum bk_code pack_image(
	struct bk_image *image, struct file *file, uint64_t *size, struct bk_error *err)
{
	uint8_t *piece = malloc(PIECE_BYTES);
	struct bk_buf out;
	struct zip zip;
	size_t part = 1;
	enum bk_code code = piece ? bk_zip_begin(&zip, err)
				  : bk_fail(err, BK_E_NOMEM, 0, "no memory for a snapshot");

	if (code) {
		free(piece);
		return code;
	}
	bk_buf_init(&out, 4 * PIECE_BYTES);
	for (uint64_t at = 0; part && !code; at += part) {
		code = bk_image_read(image, piece, PIECE_BYTES, at, &part, err);
		if (!code)
			code = bk_zip_pack(&zip, piece, part, &out, err);
		if (!code)
			code = spool(file, size, &out, err);
	}
	if (!code)
		code = bk_zip_pack_end(&zip, &out, err);
	if (!code)
		code = spool(file, size, &out, err);
	bk_zip_done(&zip);
	bk_buf_done(&out);
	free(piece);
	return code;
}

/* Sends what stands in FILE as a SNAPSHOT of VERSION. */
static enum bk_code send_spooled(struct channel *channel, uint32_t version, const struct file *file,
	uint64_t size, struct bk_error *err)
{
	uint8_t head[PACKET_HEAD_SIZE + 4] = {PACKET_SNAPSHOT}, piece[ZIP_PIECE];
	size_t part = 0;
	enum bk_code code;

	bk_store_be32(head + 1, (uint32_t)size + 4);
	bk_store_be32(head + PACKET_HEAD_SIZE, version);
	code = bk_channel_send(channel, head, sizeof head, err);
	for (uint64_t at = 0; at < size && !code; at += part) {
		code = bk_file_read(file, piece, sizeof piece, at, &part, err);
		if (!code && !part)
			code = bk_fail(err, BK_E_IO, 0, "a temporary file became shorter");
		if (!code)
			code = bk_channel_send(channel, piece, part, err);
	}
	return code;
}

enum bk_code bk_outgoing_send(struct channel *channel, const struct bk_io *io, const char *beside,
	struct bk_image *image, struct bk_error *err)
{
	char *dir = bk_path_directory(beside);
	struct file file = FILE_CLOSED;
	uint64_t size = 0;
	enum bk_code code = dir ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a snapshot");

	if (!code && bk_image_size(image)) {
		code = bk_file_open_temp(&file, io, dir, err);
		if (!code)
			code = pack_image(image, &file, &size, err);
		if (!code)
			code = send_spooled(channel, bk_image_version(image), &file, size, err);
		bk_file_close(&file);
	}
	free(dir);
	return code;
}
