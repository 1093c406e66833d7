/* which.h - the version that a command is asked for. */
#ifndef WHICH_H
#define WHICH_H

#include <bk/entry.h>
#include <bk/error.h>
#include <bk/log.h>

/* For the help of what takes a VERSION (bk/which.h). */
#define HELP_VERSION                                                                               \
	"VERSION is a number, latest, head~3 (the third before the newest), or a TIME\n"           \
	"such as \"2026-11-22 07:00\" (UTC), \"2 hours\" (ago), yesterday, @1795330800: the\n"     \
	"newest version not after it. What it was taken for is said.\n"

/* Finds the entry of the version that TEXT means, NULL: the newest; says what was understood,
 * unless that is a number. Fails as bk_which does, and with BK_E_MISSING if the log is empty. */
BK_MUST_CHECK enum bk_code find_version(
	struct bk_log *log, const char *text, struct bk_entry *entry, struct bk_error *err);

#endif
