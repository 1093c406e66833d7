/* place_file.h - a place in a file, on a second disk (kind `file:`). */
#ifndef BK_PLACE_FILE_H
#define BK_PLACE_FILE_H

#include "place.h"
#include <bk/io.h>

/* The place at PATH. Nothing is looked at before it is asked. */
BK_MUST_CHECK enum bk_code bk_place_file(
	struct place **out, const struct bk_io *io, const char *path, struct bk_error *err);

#endif
