/* extio.h - how the extension reads logs: with the key file that $BACKUP_KEY_FILE names, where a
 * log is sealed. */
#ifndef EXTIO_H
#define EXTIO_H

#include <bk/error.h>
#include <bk/io.h>

/* Sets *IO, which lives for ever. Fails as bk_keyring_add_file does. */
BK_MUST_CHECK enum bk_code extio(const struct bk_io **io, struct bk_error *err);

#endif
