/* fresh.c - the places that are asked for a newer state. */
#include "fresh.h"
#include "common.h"
#include "lockurl.h"
#include "nodedir.h"
#include <bk/dest.h>
#include <bk/place.h>
#include <bk/version.h>
#include <stdlib.h>
#include <string.h>

/* The place that URL, which is whole, names; or where it would stand. */
static size_t find(const struct fresh *fresh, const char *url)
{
	size_t i = 0;

	while (i < fresh->count && strcmp(fresh->urls[i], url) != 0)
		i++;
	return i;
}

enum bk_code fresh_add(struct fresh *fresh, const char *url, struct bk_error *err)
{
	char *whole;
	enum bk_code code = bk_place_url(&whole, url, err);

	if (code)
		return code;
	if (find(fresh, whole) < fresh->count) {
		free(whole);
		return BK_OK;
	}
	if (fresh->count == FRESH_MAX) {
		free(whole);
		return bk_fail(err, BK_E_LIMIT, 0, "more than %d places", FRESH_MAX);
	}
	fresh->urls[fresh->count] = whole;
	fresh->answers[fresh->count++] = (struct bk_answer){.url = whole};
	return BK_OK;
}

enum bk_code fresh_add_lock(
	struct fresh *fresh, const char *dir, const struct lockfile *lock, struct bk_error *err)
{
	char *log = NULL;
	enum bk_code code = lockfile_log(&log, dir, lock, err);

	if (!code)
		code = fresh_add(fresh, log, err);
	free(log);
	for (unsigned i = 0; i < lock->places.count && !code; i++)
		code = fresh_add(fresh, lock->places.list[i].url, err);
	if (*lock->seen.log && (!fresh->known.is_known ||
				       bk_version_after(lock->seen.version, fresh->known.version)))
		fresh->known = (struct bk_known){true, lock->seen.version};
	return code;
}

enum bk_code fresh_add_known(struct fresh *fresh, const char *dir, struct bk_error *err)
{
	struct lockfile lock;
	struct bk_error why;
	char *path;
	enum bk_code code = nodedir_path(&path, dir, LOCKFILE_NAME, err);

	if (code)
		return code;
	code = lockfile_read(&lock, bk_io_posix(), path, &why);
	free(path);
	if (code)
		return code == BK_E_MISSING ? BK_OK : bk_fail_as(err, &why);
	code = fresh_add_lock(fresh, dir, &lock, err);
	lockfile_done(&lock);
	return code;
}

enum bk_code fresh_give_up(struct fresh *fresh, const char *url, struct bk_error *err)
{
	char *whole;
	enum bk_code code = bk_place_url(&whole, url, err);
	size_t i;

	if (code)
		return code;
	i = find(fresh, whole);
	if (i == fresh->count)
		code = bk_fail(err, BK_E_INVALID, 0,
			"--without %s: that is none of the places that are known here", whole);
	else
		fresh->answers[i].is_given_up = true;
	free(whole);
	return code;
}

void fresh_ask(struct fresh *fresh)
{
	for (size_t i = 0; i < fresh->count; i++) {
		struct bk_answer *answer = &fresh->answers[i];

		if (!answer->log && !answer->is_given_up &&
			open_url(&answer->log, answer->url, &answer->why))
			answer->log = NULL;
	}
}

void fresh_done(struct fresh *fresh)
{
	for (size_t i = 0; i < fresh->count; i++) {
		bk_log_close(fresh->answers[i].log);
		free(fresh->urls[i]);
	}
	fresh->count = 0;
}
