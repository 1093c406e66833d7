/* aside.c - logs that were put aside, and kept for a time. */
#include "aside.h"
#include <bk/path.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More names than anybody keeps; what a directory holds may be a stranger's. */
#define NAMES_MAX ((size_t)1 << 20)

static int64_t now_s(const struct bk_io *io)
{
	return io->ops->now_us(io->ctx) / 1000000;
}

struct listing {
	struct bk_buf *names;
	struct bk_error err;
};

static int take_name(void *ctx, const char *name)
{
	struct listing *listing = ctx;

	if (bk_buf_append(listing->names, name, strlen(name), &listing->err) ||
		bk_buf_append(listing->names, "\n", 1, &listing->err))
		return -1;
	return 0;
}

enum bk_code bk_aside_list(const struct aside *aside, struct bk_buf *names, struct bk_error *err)
{
	const char *slash = strrchr(aside->path, '/'), *base = slash ? slash + 1 : aside->path;
	struct listing listing = {.names = names};
	char *dir = bk_path_directory(aside->path), *prefix = NULL;
	enum bk_code code = BK_OK;
	int rc = -1;

	if (!dir || asprintf(&prefix, "%s" ASIDE_MARK, base) < 0) {
		prefix = NULL;
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	} else {
		rc = aside->io->ops->list(aside->io->ctx, dir, prefix, take_name, &listing);
	}
	if (!code && listing.err.code)
		code = bk_fail_as(err, &listing.err);
	else if (!code && rc < 0)
		code = bk_fail(err, BK_E_IO, -rc, "cannot list %s", dir);
	free(prefix);
	free(dir);
	return code;
}

/* When the log of NAME was put aside; false if the name does not tell. */
static bool time_of(const char *name, int64_t *when)
{
	const char *dash = strrchr(name, '-');

	return dash && sscanf(dash, "-%" SCNd64, when) == 1 && *when > 0;
}

static void remove_one(const struct aside *aside, const char *name)
{
	char *dir = bk_path_directory(aside->path), *path = NULL;

	if (dir && asprintf(&path, "%s/%s", dir, name) >= 0) {
		aside->io->ops->unlink(aside->io->ctx, path);
		free(path);
	}
	free(dir);
}

/* Removes those that are old enough; how many are left. */
static unsigned prune(const struct aside *aside, struct bk_buf *names)
{
	char *rest = (char *)names->data, *name;
	unsigned left = 0;
	int64_t when;

	while (rest && (name = strsep(&rest, "\n")) && rest) {
		if (time_of(name, &when) && now_s(aside->io) - when > aside->keep_s)
			remove_one(aside, name);
		else
			left++;
	}
	return left;
}

enum bk_code bk_aside_room(const struct aside *aside, unsigned max, struct bk_error *err)
{
	struct bk_buf names;
	unsigned left = 0;
	enum bk_code code;

	bk_buf_init(&names, NAMES_MAX);
	code = bk_aside_list(aside, &names, err);
	if (!code)
		code = bk_buf_append(&names, "", 1, err);
	if (!code)
		left = prune(aside, &names);
	bk_buf_done(&names);
	if (!code && left >= max)
		code = bk_fail(err, BK_E_LIMIT, 0,
			"%s keeps %u logs that were put aside, and takes no other before one of "
			"them is old enough",
			aside->path, left);
	return code;
}

enum bk_code bk_aside_name(char **name, const struct aside *aside, const uint8_t *id, unsigned max,
	struct bk_error *err)
{
	enum bk_code code = bk_aside_room(aside, max, err);

	if (!code && asprintf(name, "%s" ASIDE_MARK "%02x%02x%02x%02x-%" PRId64, aside->path, id[0],
			     id[1], id[2], id[3], now_s(aside->io)) < 0)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	return code;
}
