/* serve_restore.c - RESTORE, as a server answers it: a snapshot near the head, and the change
 * behind it.
 *
 * The protocol replays changes without the state of the node's connection that some need (foreign
 * keys off, say). Where the newest is such a one, the snapshot is of the head itself. */
#include "newest.h"
#include "outgoing.h"
#include "serving.h"
#include <bk/image.h>

#define KEEP_BYTES ((size_t)1 << 20)

/* Flags with which a change cannot be replayed by the protocol's rules. */
#define UNPLAIN (BK_ENTRY_LONE | BK_ENTRY_FK_OFF | BK_ENTRY_STATE | BK_ENTRY_UNLIKE)

/* Sends the version before HEAD and the change that leads to it, in server->unpacked. */
static enum bk_code send_both(struct bk_older_server *server, uint32_t head,
	struct bk_image *before, struct bk_error *err)
{
	enum bk_code code =
		bk_outgoing_send(&server->channel, server->io, server->path, before, err);

	bk_buf_clear(&server->packed, KEEP_BYTES);
	if (!code)
		code = bk_packet_of_payload(
			&server->packed, head, server->unpacked.data, server->unpacked.size, err);
	return code ? code
		    : bk_channel_send(
			      &server->channel, server->packed.data, server->packed.size, err);
}

/* Opens the image to send: that before the head, if the newest change can be sent too, else the
 * head's. */
static enum bk_code open_image(struct bk_older_server *server, struct bk_image **image,
	bool *has_change, struct bk_error *err)
{
	struct bk_log *log = bk_writer_log(server->writer);
	uint32_t head = bk_writer_version(server->writer);
	struct bk_entry newest;
	enum bk_code code;

	bk_buf_clear(&server->unpacked, KEEP_BYTES);
	server->unpacked.max = BK_CHANGE_BYTES_MAX;
	code = bk_older_newest(log, &newest, &server->unpacked, has_change, err);
	if (code)
		return code;
	*has_change = *has_change && newest.version == head && !(newest.flags & UNPLAIN) &&
		      !bk_image_open(image, log, head - 1, NULL, err);
	return *has_change ? BK_OK : bk_image_open(image, log, head, NULL, err);
}

enum bk_code bk_serve_restore(struct bk_older_server *server, struct bk_error *err)
{
	struct bk_image *image;
	struct bk_error why;
	bool has_change;
	enum bk_code code = open_image(server, &image, &has_change, &why);

	if (code) {
		bk_serving_say(
			server, BK_OLDER_ERROR, "cannot give the newest version: %s", why.msg);
		return bk_serving_answer(server, PACKET_NACK, err);
	}
	code = has_change
		       ? send_both(server, bk_writer_version(server->writer), image, err)
		       : bk_outgoing_send(&server->channel, server->io, server->path, image, err);
	bk_image_close(image);
	return code ? code : bk_packet_send(&server->channel, PACKET_DONE, NULL, 0, err);
}
