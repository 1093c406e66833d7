/* place_url.h - places by their URL. */
#ifndef BK_PLACE_URL_H
#define BK_PLACE_URL_H

#include "place.h"
#include <bk/io.h>
#include <bk/place.h>

/* Whether URL names a place of a kind that there is. Fails with BK_E_INVALID, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_place_check_url(const char *url, struct bk_error *err);

/* The place that URL names. Fails as bk_place_check_url does, or as its kind does. */
BK_MUST_CHECK enum bk_code bk_place_open(
	struct place **out, const struct bk_io *io, const char *url, struct bk_error *err);

#endif
