/* incoming.c - a database that comes in pieces, as a file for SQLite to open. */
#include "incoming.h"
#include "zip.h"

/* Bytes of a database's header: 2 in WAL mode, else 1. */
#define WAL_FIRST 18
#define WAL_COUNT 2

enum bk_code bk_incoming_begin(struct incoming *incoming, struct bk_error *err)
{
	const struct bk_io *io = incoming->io;
	enum bk_code code;

	io->ops->unlink(io->ctx, incoming->path);
	incoming->size = 0;
	code = bk_file_open(&incoming->file, io, incoming->path, BK_IO_CREATE, err);
	incoming->is_there = !code;
	return code;
}

enum bk_code bk_incoming_write(
	struct incoming *incoming, const void *data, size_t size, struct bk_error *err)
{
	enum bk_code code;

	if (incoming->bytes_max && size > incoming->bytes_max - incoming->size)
		return bk_fail(err, BK_E_LIMIT, 0,
			"a snapshot unpacks to more than the limit of %llu bytes",
			(unsigned long long)incoming->bytes_max);
	code = bk_file_write(&incoming->file, data, size, incoming->size, err);
	incoming->size += code ? 0 : size;
	return code;
}

/* An unzip_fn. */
static enum bk_code write_piece(void *ctx, const void *bytes, size_t size, struct bk_error *err)
{
	return bk_incoming_write(ctx, bytes, size, err);
}

enum bk_code bk_incoming_receive(
	struct incoming *incoming, struct channel *channel, uint32_t size, struct bk_error *err)
{
	uint8_t piece[ZIP_PIECE];
	struct unzip unzip;
	enum bk_code code = bk_unzip_begin(&unzip, write_piece, incoming, err);

	if (code)
		return code;
	while (size && !code) {
		uint32_t part = size < sizeof piece ? size : (uint32_t)sizeof piece;

		code = bk_channel_recv(channel, piece, part, err);
		if (!code)
			code = bk_unzip_feed(&unzip, piece, part, err);
		size -= part;
	}
	if (!code)
		code = bk_unzip_end(&unzip, err);
	bk_unzip_done(&unzip);
	return code;
}

enum bk_code bk_incoming_end(struct incoming *incoming, struct bk_error *err)
{
	static const uint8_t rollback[WAL_COUNT] = {1, 1};
	uint8_t found[WAL_COUNT];
	size_t size;
	enum bk_code code =
		bk_file_read(&incoming->file, found, sizeof found, WAL_FIRST, &size, err);

	if (!code && size == sizeof found && found[0] == 2)
		code = bk_file_write(&incoming->file, rollback, sizeof rollback, WAL_FIRST, err);
	bk_file_close(&incoming->file);
	return code;
}

void bk_incoming_remove(struct incoming *incoming)
{
	if (!incoming->is_there)
		return;
	bk_file_close(&incoming->file);
	incoming->io->ops->unlink(incoming->io->ctx, incoming->path);
	incoming->is_there = false;
}
