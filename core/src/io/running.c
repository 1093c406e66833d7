/* running.c - whether lightningd runs in a directory. */
#include <bk/running.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Looks into DIR alone. */
static void look(struct bk_running *running, const struct bk_io *io, const char *dir)
{
	char name[256] = "";
	int pid = 0,
	    rc = io->ops->find_locked(io->ctx, dir, "lightningd-", ".pid", name, sizeof name, &pid);

	if (rc > 0 && pid > 0) {
		running->answer = BK_RUNNING_YES;
		snprintf(running->text, sizeof running->text, "process %d holds %s/%s", pid, dir,
			name);
	} else if (rc > 0) {
		running->answer = BK_RUNNING_YES;
		snprintf(running->text, sizeof running->text,
			"a process of another container or host holds %s/%s", dir, name);
	} else if (rc < 0 && running->answer == BK_RUNNING_NO) {
		running->answer = BK_RUNNING_UNKNOWN;
		snprintf(running->text, sizeof running->text, "%s%s%s: %s", dir, *name ? "/" : "",
			name, strerror(-rc));
	}
}

enum bk_code bk_running_in(
	struct bk_running *out, const struct bk_io *io, const char *dir, struct bk_error *err)
{
	struct bk_running found = {.answer = BK_RUNNING_NO};
	char *up;

	if (asprintf(&up, "%s/..", dir) < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	look(&found, io, dir);
	if (found.answer != BK_RUNNING_YES)
		look(&found, io, up);
	free(up);
	*out = found;
	return BK_OK;
}
