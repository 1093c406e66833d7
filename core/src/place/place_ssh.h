/* place_ssh.h - a place on another computer, reached by the user's own ssh (kind `ssh:`). */
#ifndef BK_PLACE_SSH_H
#define BK_PLACE_SSH_H

#include "place.h"
#include <bk/io.h>

/* Connects, and is greeted. Fails with BK_E_IO, saying what ssh said; BK_E_INVALID, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_place_ssh(
	struct place **out, const struct bk_io *io, const char *url, struct bk_error *err);

#endif
