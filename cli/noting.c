/* noting.c - what verify and drill found, noted beside the log. */
#include "noting.h"
#include "common.h"
#include "owner.h"
#include <bk/remote.h>
#include <stdio.h>
#include <stdlib.h>

/* The id of the log at URL. */
static enum bk_code find_id(char *id, const char *url, struct bk_error *err)
{
	struct bk_log_status status;
	struct bk_log *log;
	enum bk_code code = open_url(&log, url, err);

	if (code)
		return code;
	code = bk_log_status(log, &status, err);
	bk_log_close(log);
	if (!code)
		snprintf(id, BK_LOG_ID_TEXT, "%s", status.id);
	return code;
}

void noting_read(struct lognotes *out, const char *url)
{
	char id[BK_LOG_ID_TEXT] = "", *path = NULL;
	struct bk_error ignored;

	lognotes_parse(out, "", 0, "");
	if (bk_remote_is(url) || find_log(&path, url, &ignored))
		return;
	if (!find_id(id, url, &ignored) && lognotes_read(out, bk_io_posix(), path, id, &ignored))
		lognotes_parse(out, "", 0, id);
	free(path);
}

static enum bk_code change(const char *path, const char *id,
	void (*set)(struct lognotes *notes, const void *ctx), const void *ctx, struct bk_error *err)
{
	struct lognotes notes;
	const struct bk_io *io;
	char *name;
	enum bk_code code = owner_enter_file(path, err);

	if (code)
		return code;
	if (asprintf(&name, "%s" LOGNOTES_SUFFIX, path) < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	code = owner_io(&io, name, err);
	if (!code)
		code = lognotes_read(&notes, io, path, id, err);
	if (!code) {
		set(&notes, ctx);
		code = lognotes_write(io, path, &notes, err);
	}
	if (!code)
		owner_give(name);
	free(name);
	return code;
}

void noting_change(
	const char *url, void (*set)(struct lognotes *notes, const void *ctx), const void *ctx)
{
	char id[BK_LOG_ID_TEXT], *path = NULL;
	struct bk_error err;
	struct shown shown;
	enum bk_code code;

	if (bk_remote_is(url))
		return;
	code = find_log(&path, url, &err);
	if (!code)
		code = find_id(id, url, &err);
	if (!code)
		code = change(path, id, set, ctx, &err);
	free(path);
	if (!code)
		return;
	flush_out();
	fprintf(stderr, "Warning: status will not know of this, for it could not be noted: %s\n",
		shown_of(&shown, err.msg));
}
