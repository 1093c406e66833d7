/* place_ask.c - a place asked where it stands, and begun anew. */
#include "file.h"
#include "place_url.h"
#include <bk/place.h>
#include <stdio.h>
#include <string.h>

static void id_text(char *out, const uint8_t *id)
{
	for (size_t i = 0; i < LOG_ID_SIZE; i++)
		sprintf(out + 2 * i, "%02x", id[i]);
}

static void tell(struct bk_place_told *out, const struct place_head *head)
{
	*out = (struct bk_place_told){.is_there = head->now.is_there};
	if (head->now.is_there) {
		id_text(out->log, head->now.id);
		out->bytes = head->now.end;
		out->sum = head->now.sum;
	}
	if (head->coming.is_there) {
		id_text(out->coming, head->coming.id);
		out->coming_bytes = head->coming.end;
	}
}

enum bk_code bk_place_ask(
	const struct bk_io *io, const char *url, struct bk_place_told *out, struct bk_error *err)
{
	struct place *place;
	struct place_head head;
	enum bk_code code = bk_place_open(&place, io, url, err);

	if (code)
		return code;
	code = place->ops->head(place, &head, err);
	place->ops->close(place);
	if (!code)
		tell(out, &head);
	return code;
}

static enum bk_code read_header(
	uint8_t *bytes, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct log_header header;
	struct file file;
	size_t got;
	enum bk_code code = bk_file_open(&file, io, path, BK_IO_READ, err);

	if (code)
		return code;
	code = bk_file_read(&file, bytes, LOG_HEADER_SIZE, 0, &got, err);
	bk_file_close(&file);
	return code ? code : bk_header_decode(&header, bytes, got, path, err);
}

enum bk_code bk_place_reset(
	const struct bk_io *io, const char *url, const char *log_path, struct bk_error *err)
{
	uint8_t header[LOG_HEADER_SIZE];
	struct place *place;
	enum bk_code code = read_header(header, io, log_path, err);

	if (!code)
		code = bk_place_open(&place, io, url, err);
	if (code)
		return code;
	code = place->ops->begin(place, header, PLACE_ANEW, err);
	place->ops->close(place);
	return code;
}
