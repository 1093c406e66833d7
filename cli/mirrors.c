/* mirrors.c - mirrors as init and mirror put them into backup.lock. */
#include "mirrors.h"
#include "common.h"
#include "nodedir.h"
#include <bk/dest.h>
#include <bk/log.h>
#include <bk/place.h>
#include <bk/slots.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum bk_code check_other_file(const char *url, const char *log_path, struct bk_error *err)
{
	struct bk_error ignored;
	enum bk_code code = BK_OK;
	char *path;

	if (bk_dest_path(&path, url, &ignored))
		return BK_OK; /* no file */
	if (nodedir_same_file(path, log_path))
		code = bk_fail(err, BK_E_INVALID, 0,
			"%s is the log itself: a mirror is another file, on another disk", path);
	free(path);
	return code;
}

/* What is only there once is lost with its disk. */
static void warn_of_disk(const char *url, const char *log_path)
{
	struct bk_error ignored;
	struct stat log, dir;
	char *path, *slash;

	if (bk_dest_path(&path, url, &ignored))
		return; /* no file */
	slash = strrchr(path, '/');
	if (slash > path)
		*slash = '\0';
	if (stat(log_path, &log) == 0 && stat(path, &dir) == 0 && log.st_dev == dir.st_dev)
		printf("Warning: the mirror %s is on the same file system as the log. If that disk "
		       "dies, both are gone.\n",
			url);
	free(path);
}

/* Whether the log TOLD is the one at LOG_PATH; one that is not there yet is none. */
static bool is_this_log(const struct bk_io *io, const char *log_path, const char *told)
{
	struct bk_log_status status = {0};
	struct bk_error ignored;
	struct bk_log *log;

	if (bk_log_open(&log, io, log_path, &ignored))
		return false;
	if (bk_log_status(log, &status, &ignored))
		*status.id = '\0';
	bk_log_close(log);
	return strcmp(status.id, told) == 0;
}

static enum bk_code check_place(
	const struct bk_io *io, const char *url, const char *log_path, struct bk_error *err)
{
	struct bk_place_told told;
	struct shown shown;
	struct bk_error why;
	struct word word;
	enum bk_code code = bk_place_ask(io, url, &told, &why);

	if (code == BK_E_IO || code == BK_E_BUSY)
		fprintf(stderr,
			"Warning: the mirror %s cannot be asked now (%s). The plugin tries it "
			"again and again.\n",
			url, shown_of(&shown, why.msg));
	else if (code)
		return bk_fail_as(err, &why);
	if (code || !told.is_there || is_this_log(io, log_path, told.log))
		return BK_OK;
	return bk_fail(err, BK_E_UNSAFE, 0,
		"%s holds another log (%s): name a place of its own for each. If what is there is "
		"not needed in its place: backup-cli mirror add --anew %s",
		url, told.log, word_of(&word, url));
}

enum bk_code mirrors_in_the_clear(
	char **out, const char *url, bool in_the_clear, struct bk_error *err)
{
	if (bk_place_is_store(url) && bk_place_takes_clear(url) && !in_the_clear)
		return bk_fail(err, BK_E_INVALID, 0,
			"the URL says in-the-clear: say that by --in-the-clear");
	if (in_the_clear && !bk_place_is_store(url))
		return bk_fail(err, BK_E_INVALID, 0,
			"--in-the-clear is for stores: davs://, dav:// and s3://");
	if (!in_the_clear || bk_place_takes_clear(url))
		*out = strdup(url);
	else if (asprintf(out, "%s%sin-the-clear=yes", url, strchr(url, '?') ? "&" : "?") < 0)
		*out = NULL;
	return *out ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
}

/* Who runs a store could read a log that is not sealed. One that is not there yet is not known. */
static enum bk_code check_sealed(
	const struct bk_io *io, const char *url, const char *log_path, struct bk_error *err)
{
	struct bk_error ignored;
	struct bk_log *log;
	struct word word;
	bool is_sealed;

	if (bk_place_takes_clear(url) || bk_log_open(&log, io, log_path, &ignored))
		return BK_OK;
	is_sealed = bk_log_is_sealed(log);
	bk_log_close(log);
	if (is_sealed)
		return BK_OK;
	return bk_fail(err, BK_E_UNSAFE, 0,
		"the log %s is not sealed: whoever runs the store could read it. Seal it "
		"(backup-cli compact --seal), or: backup-cli mirror add --in-the-clear %s",
		log_path, word_of(&word, url));
}

enum bk_code mirrors_begin_anew(
	const struct bk_io *io, const char *url, const char *log_path, struct bk_error *err)
{
	enum bk_code code = check_other_file(url, log_path, err);

	return code ? code : bk_place_reset(io, url, log_path, err);
}

enum bk_code mirrors_add(struct lockplaces *places, const struct bk_io *io, const char *url,
	const char *log_path, bool is_anew, struct bk_error *err)
{
	char *whole;
	enum bk_code code = bk_place_url(&whole, url, err);

	if (code)
		return code;
	code = check_other_file(whole, log_path, err);
	if (!code)
		code = check_sealed(io, whole, log_path, err);
	if (!code)
		warn_of_disk(whole, log_path);
	if (!code && !is_anew)
		code = check_place(io, whole, log_path, err);
	if (!code)
		code = lockplaces_add(places, whole, err);
	/* At last, when nothing else can refuse it. */
	if (!code && is_anew)
		code = mirrors_begin_anew(io, whole, log_path, err);
	free(whole);
	return code;
}

bool mirrors_take_quorum(struct lockplaces *places, const char *text)
{
	uint64_t number;

	if (!parse_number(text, LOCKPLACES_MAX + 1, &number) || !number)
		return false;
	places->quorum = (unsigned)number;
	return true;
}

bool mirrors_take_outage(struct lockplaces *places, const char *text)
{
	uint64_t number = LOCKPLACES_OUTAGE_S;

	places->outage_waits = strcmp(text, "wait") == 0;
	if (!places->outage_waits && (!parse_number(text, 7 * 24 * 3600, &number) || !number))
		return false;
	places->outage_s = (unsigned)number;
	return true;
}

enum bk_code mirrors_check(const struct lockplaces *places, struct bk_error *err)
{
	if (places->quorum <= places->count + 1)
		return BK_OK;
	return bk_fail(err, BK_E_INVALID, 0,
		"a quorum of %u is more than there are places: the log and %u mirrors",
		places->quorum, places->count);
}
