/* session.c - the FUSE session. */
#include "session.h"
#include "mountpoint.h"
#include "ops.h"
#include "request.h"
#include <stdio.h>
#include <stdlib.h>

/* Whatever was asked for: nobody writes here, and nothing in a database is a program or a device.
 */
#define ALWAYS "ro,nosuid,nodev,noexec,noatime,default_permissions,subtype=" MOUNT_SUBTYPE

/* Puts the options together, for libfuse; the caller frees the text. */
static char *make_options(const struct fs *fs)
{
	const struct options *options = fs->options;
	char *list = NULL, *name = NULL;

	if (asprintf(&name, "fsname=%s", fs->url) < 0)
		return NULL;
	if ((options->mount_options && fuse_opt_add_opt(&list, options->mount_options)) ||
		(options->allow_other && fuse_opt_add_opt(&list, "allow_other")) ||
		fuse_opt_add_opt(&list, ALWAYS) || fuse_opt_add_opt_escaped(&list, name)) {
		free(list);
		list = NULL;
	}
	free(name);
	return list;
}

static struct fuse_session *session_new(struct fs *fs)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session = NULL;
	char *list = make_options(fs);

	if (list && !fuse_opt_add_arg(&args, "backup-fuse") && !fuse_opt_add_arg(&args, "-o") &&
		!fuse_opt_add_arg(&args, list))
		session = fuse_session_new(&args, &ops_table, sizeof ops_table, fs);
	fuse_opt_free_args(&args);
	free(list);
	return session;
}

enum bk_code session_mount(struct fuse_session **out, struct fs *fs, const char *mountpoint,
	int handed, struct bk_error *err)
{
	struct fuse_session *session = session_new(fs);
	char name[32];

	if (!session)
		return bk_fail(err, BK_E_INVALID, 0, "cannot mount with these options");
	fs->sources.is_cancelled = request_is_gone;
	/* The name by which libfuse knows such a one. */
	snprintf(name, sizeof name, "/dev/fd/%d", handed);
	if (fuse_session_mount(session, handed < 0 ? mountpoint : name)) {
		fuse_session_destroy(session);
		return bk_fail(err, BK_E_IO, 0, "cannot mount on %s", mountpoint);
	}
	*out = session;
	return BK_OK;
}

int session_serve(struct fuse_session *session, bool is_handed)
{
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 12)
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int rc;

	fuse_loop_cfg_set_clone_fd(config, !is_handed);
	rc = fuse_session_loop_mt(session, config);
	fuse_loop_cfg_destroy(config);
	return rc;
#else
	struct fuse_loop_config config = {.clone_fd = !is_handed, .max_idle_threads = 10};

	return fuse_session_loop_mt(session, &config);
#endif
}

void session_end(struct fuse_session *session)
{
	fuse_session_unmount(session);
	fuse_session_destroy(session);
}
