/* outgoing.c - an image, sent as a SNAPSHOT. */
#include "outgoing.h"
#include "bigend.h"
#include "packet.h"
#include "zip.h"
#include <bk/path.h>
#include <bk/spill.h>
#include <stdlib.h>

#define PIECE_BYTES ((size_t)1 << 20)

/* What stands packed in SPILL, SIZE bytes so far, grows by what is in OUT. */
static enum bk_code spool(
	struct bk_spill *spill, uint64_t *size, struct bk_buf *out, struct bk_error *err)
{
	enum bk_code code = bk_spill_write(spill, out->data, out->size, *size, err);

	*size += out->size;
	out->size = 0;
	if (!code && *size > UINT32_MAX - 4)
		code = bk_fail(err, BK_E_LIMIT, 0,
			"a snapshot of more than 4 GiB does not fit into the older protocol: take "
			"the log itself");
	return code;
}

/* Packs IMAGE into SPILL. */
static enum bk_code pack_image(
	struct bk_image *image, struct bk_spill *spill, uint64_t *size, struct bk_error *err)
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
			code = spool(spill, size, &out, err);
	}
	if (!code)
		code = bk_zip_pack_end(&zip, &out, err);
	if (!code)
		code = spool(spill, size, &out, err);
	bk_zip_done(&zip);
	bk_buf_done(&out);
	free(piece);
	return code;
}

/* Sends what stands in SPILL as a SNAPSHOT of VERSION. */
static enum bk_code send_spooled(struct channel *channel, uint32_t version,
	const struct bk_spill *spill, uint64_t size, struct bk_error *err)
{
	uint8_t head[PACKET_HEAD_SIZE + 4] = {PACKET_SNAPSHOT}, piece[ZIP_PIECE];
	size_t part = 0;
	enum bk_code code;

	bk_store_be32(head + 1, (uint32_t)size + 4);
	bk_store_be32(head + PACKET_HEAD_SIZE, version);
	code = bk_channel_send(channel, head, sizeof head, err);
	for (uint64_t at = 0; at < size && !code; at += part) {
		code = bk_spill_read(spill, piece, sizeof piece, at, &part, err);
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
	struct bk_spill *spill = NULL;
	uint64_t size = 0;
	enum bk_code code = dir ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a snapshot");

	if (!code && bk_image_size(image)) {
		code = bk_spill_open(&spill, io, dir, err);
		if (!code)
			code = pack_image(image, spill, &size, err);
		if (!code)
			code = send_spooled(channel, bk_image_version(image), spill, size, err);
		bk_spill_close(spill);
	}
	free(dir);
	return code;
}
