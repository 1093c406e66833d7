/* outgoing.h - an image, sent as a SNAPSHOT of the older plugin's protocol. */
#ifndef BK_OUTGOING_H
#define BK_OUTGOING_H

#include "channel.h"
#include <bk/image.h>
#include <bk/io.h>

/* Sends IMAGE over CHANNEL, unless it is that of no database yet. It is packed first, for its size
 * stands before it: into a temporary file (bk/spill.h) beside the file BESIDE. Fails with
 * BK_E_LIMIT above 4 GiB, and as bk_image_read and bk_channel_send do. */
BK_MUST_CHECK enum bk_code bk_outgoing_send(struct channel *channel, const struct bk_io *io,
	const char *beside, struct bk_image *image, struct bk_error *err);

#endif
