/* common.c - what the commands share. */
#include "common.h"
#include "keys.h"
#include "interrupt.h"
#include "owner.h"
#include <bk/dest.h>
#include <bk/io.h>
#include <bk/path.h>
#include <bk/remote.h>
#include <bk/text.h>
#include <bk/version.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *word_of(struct word *word, const char *text)
{
	bk_path_word(word->text, sizeof word->text, text, "NAME");
	return word->text;
}

const char *shown_of(struct shown *shown, const char *text)
{
	return bk_show_controls(shown->text, sizeof shown->text, text);
}

/* Why standard output could not be written, the first time. */
static int out_errno;

int flush_out(void)
{
	if (fflush(stdout) != 0 && !out_errno)
		out_errno = errno;
	return out_errno;
}

int report(const struct bk_error *err)
{
	struct shown shown;

	flush_out(); /* what was said before comes before, in a file that takes both */
	fprintf(stderr, "backup-cli: %s\n", shown_of(&shown, err->msg));
	if (err->code == BK_E_SEALED)
		fprintf(stderr, "%s\n", keys_hint);
	switch (err->code) {
	case BK_E_DAMAGE:
		return EXIT_DAMAGE;
	case BK_E_INVALID:
		return EXIT_USAGE;
	default:
		return EXIT_FAILED;
	}
}

int usage_error(const struct command *command, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "backup-cli %s: ", command->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nTry: backup-cli %s --help\n", command->name);
	return EXIT_USAGE;
}

enum bk_code check_file(const char *path, struct bk_error *err)
{
	struct stat st;

	if (stat(path, &st) != 0 || S_ISREG(st.st_mode))
		return BK_OK;
	return bk_fail(err, BK_E_INVALID, 0,
		S_ISDIR(st.st_mode) ? "%s is a directory: name the log in it"
				    : "%s is not a file but a pipe or a device: it can be no log",
		path);
}

enum bk_code find_log(char **path, const char *url, struct bk_error *err)
{
	char *found;
	enum bk_code code;

	if (bk_remote_is(url)) {
		*path = strdup(url);
		return *path ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
	}
	code = bk_dest_path(&found, url, err);
	if (code)
		return code;
	code = owner_check_path(found, err);
	if (!code)
		code = check_file(found, err);
	if (!code && access(found, F_OK) != 0 && errno == ENOENT)
		code = bk_fail(err, BK_E_MISSING, 0,
			"there is no log %s. backup-cli init makes one; backup.lock in the "
			"lightning directory says where a node's log is",
			found);
	if (code)
		free(found);
	else
		*path = found;
	return code;
}

/* How logs are read, on other computers too: as long as the program runs. */
static struct bk_remote *remote;

enum bk_code reach_url(const struct bk_io **io, const char *url, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	*io = interrupt_io();
	if (!bk_remote_is(url))
		return BK_OK;
	if (!remote)
		code = bk_remote_new(&remote, *io, err);
	if (!code)
		code = bk_remote_connect(remote, url, err);
	if (!code)
		*io = bk_remote_io(remote);
	return code;
}

void close_remote(void)
{
	bk_remote_free(remote);
	remote = NULL;
}

enum bk_code open_url(struct bk_log **log, const char *url, struct bk_error *err)
{
	const struct bk_io *io;
	char *path;
	enum bk_code code = find_log(&path, url, err);

	if (code)
		return code;
	code = reach_url(&io, url, err);
	if (!code)
		code = bk_log_open(log, io, path, err);
	free(path);
	return code;
}

int on_log(const char *url, log_fn *act, void *ctx)
{
	struct bk_error err;
	struct bk_log *log;
	enum bk_code code = open_url(&log, url, &err);

	if (code)
		return report(&err);
	code = act(log, ctx, &err);
	bk_log_close(log);
	return code ? report(&err) : EXIT_DONE;
}

void warn_of_log(const struct bk_log_status *status)
{
	if (status->torn_bytes)
		fprintf(stderr,
			"Warning: the log ends in %llu bytes that are no whole change. After a "
			"power "
			"cut that is a write which was never acknowledged. If the disk is failing, "
			"the newest change may be lost: backup-cli verify tells more.\n",
			(unsigned long long)status->torn_bytes);
	if (status->copied_at)
		fprintf(stderr,
			"Warning: the file is a copy that was taken while the log grew. It ends at "
			"offset %llu, in zeros, and newer changes stand behind them: copy the log "
			"again, with backup-cli copy, to have them.\n",
			(unsigned long long)status->copied_at);
	if (status->damaged_at)
		fprintf(stderr, "Warning: the log is damaged at offset %llu.%s\n",
			(unsigned long long)status->damaged_at,
			status->head_unsure ? " Changes newer than what it holds may be lost."
					    : "");
}

void gap_text(char *out, bool is_unwatched, uint32_t from, uint32_t to)
{
	int32_t between = bk_version_distance(to, from) - 1;
	int used = 0;

	if (!is_unwatched) {
		snprintf(out, GAP_TEXT,
			"Version %" PRIu32 " is a snapshot: a change up to version %" PRIu32
			" could not be replayed, and older versions back to the keyframe before "
			"may "
			"not be rebuilt",
			to, from);
		return;
	}
	if (between == 1)
		used = snprintf(out, GAP_TEXT, "Version %" PRIu32 " is missing: ", from + 1);
	else if (between > 1)
		used = snprintf(out, GAP_TEXT,
			"Versions %" PRIu32 " to %" PRIu32 " are missing: ", from + 1, to - 1);
	snprintf(out + used, GAP_TEXT - (size_t)used,
		"%she node moved on unwatched from %" PRIu32 " to %" PRIu32
		"; a snapshot of version %" PRIu32 " follows",
		used ? "t" : "T", from, to, to);
}

bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	if (*text < '0' || *text > '9')
		return false;
	*out = strtoull(text, &end, 10);
	return !errno && !*end && *out <= max;
}

int64_t now_us(void)
{
	const struct bk_io *io = bk_io_posix();

	return io->ops->now_us(io->ctx);
}

void bytes_text(char *out, uint64_t bytes)
{
	static const char *const units[] = {"KB", "MB", "GB", "TB"};
	double value = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(out, 32, "%" PRIu64 " bytes", bytes);
		return;
	}
	while (value >= 1000 && unit < 3) {
		value /= 1000;
		unit++;
	}
	snprintf(out, 32, "%.1f %s", value, units[unit]);
}
