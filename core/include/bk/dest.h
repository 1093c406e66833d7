/* dest.h - destinations: where a log lives, as a URL. */
#ifndef BK_DEST_H
#define BK_DEST_H

#include <bk/error.h>

#define BK_DEST_URL_MAX 4096

/* Sets *PATH, which the caller frees, to the file that URL names: "file:///abs/path" (a % with two
 * hex digits stands for a byte) or a plain path. Fails with BK_E_INVALID, saying what is wrong with
 * it, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_dest_path(char **path, const char *url, struct bk_error *err);

/* Sets *URL, which the caller frees, to the file URL of PATH, made absolute. Fails with BK_E_IO if
 * the current directory cannot be told, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_dest_url(char **url, const char *path, struct bk_error *err);

#endif
