/* place.h - places that hold a log's bytes, by their URL: asked, and begun anew by an operator's
 * word (docs/mirror.md). What keeps them level is mirrors.h's. */
#ifndef BK_PLACE_H
#define BK_PLACE_H

#include <bk/error.h>
#include <bk/io.h>
#include <stdbool.h>
#include <stdint.h>

/* Sets *OUT, which the caller frees, to URL as backup.lock is to have it: of a file, absolute.
 * Fails with BK_E_INVALID where it names no place, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_place_url(char **out, const char *url, struct bk_error *err);

/* Whether URL, right or wrong, names a store of whole objects (docs/objects.md); whether what it names
 * takes a log that is not sealed: a store does so only by word. */
bool bk_place_is_store(const char *url);
bool bk_place_takes_clear(const char *url);

/* Whether two URLs name one place, as far as they tell: a store's can be written in several ways.
 * What is one place counts once. */
bool bk_place_is_same(const char *url, const char *other);

/* TEXT says what a store does; GOOD: as a place in it needs that. */
typedef void bk_place_check_fn(void *ctx, bool good, const char *text);

/* Asks the store that URL names for all that a place in it needs, with an object that is removed
 * again, and gives FN a line for each. Fails with BK_E_INVALID where URL names no store, BK_E_IO,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_place_check(const struct bk_io *io, const char *url,
	bk_place_check_fn *fn, void *ctx, struct bk_error *err);

/* What a place says. */
struct bk_place_told {
	bool is_there;   /* it holds a log: */
	char log[33];    /* its id */
	uint64_t bytes;  /* whole frames of it, */
	uint64_t sum;    /* and the sum of the last of them */
	char coming[33]; /* one that is to take its name, and is not whole yet; "": none */
	uint64_t coming_bytes;
};

/* Asks the place at URL. Fails with BK_E_INVALID, BK_E_IO, BK_E_DAMAGE, BK_E_FORMAT, BK_E_BUSY,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_place_ask(
	const struct bk_io *io, const char *url, struct bk_place_told *out, struct bk_error *err);

/* The place at URL begins anew with the log at LOG_PATH, of which it takes the header here; what it
 * holds is put aside there, and kept. Fails as bk_place_ask does, or with BK_E_UNSAFE where it
 * takes nobody's word for that. */
BK_MUST_CHECK enum bk_code bk_place_reset(
	const struct bk_io *io, const char *url, const char *log_path, struct bk_error *err);

#endif
