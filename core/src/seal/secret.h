/* secret.h - keys in secret memory. */
#ifndef BK_SECRET_IMPL_H
#define BK_SECRET_IMPL_H

#include <bk/error.h>
#include <bk/secret.h>
#include <stdint.h>

/* What all keys here are: of a log, of X25519. */
#define SECRET_SIZE 32

/* Fails with BK_E_NOMEM: there was no memory for a key. */
enum bk_code bk_secret_no_memory(struct bk_error *err);

#endif
