/* slots.h - the slots of a sealed log, and its key out of them (docs/format.md, 13).
 *
 * They stand behind the header, and again where sessions begin; one that was added stands wherever
 * the log ended then. So the first ones are tried first, and the whole log is read where none of
 * them opens. */
#ifndef BK_SLOTS_IMPL_H
#define BK_SLOTS_IMPL_H

#include "logfile.h"
#include "seal.h"

#define LOG_SLOTS_MAX 32 /* different ones; others are passed over: each may cost a second */

/* Gives LF, which is open, its key, by what the keyring of its io holds. A log in the clear needs
 * none. Fails with BK_E_SEALED if nothing on it opens a slot, which the message explains,
 * BK_E_FORMAT if the log is in the clear and must not be (bk/keyring.h), BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_logfile_unseal(struct logfile *lf, struct bk_error *err);

/* How LF, which has its key, is sealed: with all its slots, or with the first ones. Without a key:
 * its slots alone. NULL if it is in the clear. */
BK_MUST_CHECK enum bk_code bk_logfile_seal(
	struct bk_seal **out, const struct logfile *lf, bool all, struct bk_error *err);

#endif
