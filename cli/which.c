/* which.c - the version that a command is asked for. */
#include "which.h"
#include "common.h"
#include <bk/moment.h>
#include <bk/which.h>
#include <inttypes.h>
#include <stdio.h>

static void tell(const char *text, const struct bk_entry *entry)
{
	char time[BK_MOMENT_TEXT];
	struct shown shown;
	uint64_t number;

	if (parse_number(text, UINT32_MAX, &number))
		return;
	bk_moment_text(time, entry->time_us, true);
	fprintf(stderr, "\"%s\" means version %" PRIu32 ", of %s\n", shown_of(&shown, text),
		entry->version, time);
}

enum bk_code find_version(
	struct bk_log *log, const char *text, struct bk_entry *entry, struct bk_error *err)
{
	struct bk_log_status status;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	if (status.is_empty)
		return bk_fail(err, BK_E_MISSING, 0,
			"the log %s is empty: no database was ever written to it",
			bk_log_path(log));
	code = bk_which(log, text ? text : "latest", now_us(), entry, err);
	if (!code && text)
		tell(text, entry);
	return code;
}
