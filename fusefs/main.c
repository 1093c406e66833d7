/* main.c - backup-fuse: from the command line to the mount's end. */
#include "background.h"
#include "commandline.h"
#include "follow.h"
#include "handed.h"
#include "keys.h"
#include "lockurl.h"
#include "mountpoint.h"
#include "say.h"
#include "session.h"
#include "stop.h"
#include <bk/dest.h>
#include <bk/memory.h>
#include <bk/process.h>
#include <bk/remote.h>
#include <bk/streams.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As backup-cli has them (docs/backup-fuse.1, "EXIT STATUS"). */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_DAMAGE = 3 };

/* Where the log need not be named. */
static bool has_url(const struct options *options)
{
	return options->url || options->lightning_dir || access(LOCKFILE_NAME, F_OK) == 0;
}

/* What another user's backup.lock names is that user's word: root would show what only root may
 * read. */
static enum bk_code check_owner(const char *dir, struct bk_error *err)
{
	struct stat st;

	if (geteuid() != 0 || stat(dir, &st) != 0 || st.st_uid == 0)
		return BK_OK;
	return bk_fail(err, BK_E_UNSAFE, 0,
		"%s belongs to the user %u: mount as that user, or name the log by its URL", dir,
		(unsigned)st.st_uid);
}

/* Where backup.lock is, which names the log if no URL does. */
static const char *dir_of(const struct options *options)
{
	return options->lightning_dir ? options->lightning_dir : ".";
}

static enum bk_code find_url(struct options *options, struct bk_error *err)
{
	enum bk_code code;

	if (options->url)
		return BK_OK;
	options->by_lock = true;
	code = check_owner(dir_of(options), err);
	return code ? code : lockfile_url(&options->url, bk_io_posix(), dir_of(options), err);
}

/* What is open in the course of a mount. */
struct mount {
	const struct options *options;
	struct background background;
	char *url, *path;         /* of the log, absolute */
	char *mountpoint;         /* resolved */
	int handed;               /* what is mounted there already; -1: nothing */
	struct bk_io io;          /* how it is read, with what opens it */
	struct bk_remote *remote; /* where the log is on another computer */
	struct fs fs;
	struct fuse_session *session;
	struct stop stop;
	struct follow follow;
};

/* Finds the log's absolute path, as the working directory changes, and its URL. */
static enum bk_code find_log(struct mount *mount, struct bk_error *err)
{
	char *given, *url;
	enum bk_code code;

	if (bk_remote_is(mount->options->url)) {
		mount->path = strdup(mount->options->url);
		mount->url = strdup(mount->options->url);
		return mount->path && mount->url
			       ? BK_OK
			       : bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
	}
	code = bk_dest_path(&given, mount->options->url, err);
	if (code)
		return code;
	code = bk_dest_url(&url, given, err);
	free(given);
	if (code)
		return code;
	code = bk_dest_path(&mount->path, url, err);
	if (code)
		free(url);
	else
		mount->url = url;
	return code;
}

/* Serves until the file system is unmounted. */
static enum bk_code serve(struct mount *mount, struct bk_error *err)
{
	const bool is_handed = mount->handed >= 0;
	enum bk_code code;
	int rc;

	mount->stop.is_handed = is_handed;
	code = stop_start(&mount->stop, mount->mountpoint, err);
	if (code)
		return code;
	mount->follow = (struct follow){
		.fs = &mount->fs,
		.session = mount->session,
		.mountpoint = mount->mountpoint,
		.background = &mount->background,
	};
	code = follow_start(&mount->follow, err);
	if (!code) {
		/* The mount serves without it. */
		if (judge_start(&mount->fs.judge, err))
			say("%s", err->msg);
		rc = session_serve(mount->session, is_handed);
		judge_end(&mount->fs.judge);
		follow_end(&mount->follow);
		if (rc < 0 || mount->follow.has_failed)
			code = bk_fail(err, BK_E_IO, rc < 0 ? -rc : 0, "the mount ended");
	}
	stop_end(&mount->stop);
	return code;
}

static enum bk_code find_mountpoint(struct mount *mount, struct bk_error *err)
{
	const struct options *options = mount->options;

	if (mount->handed < 0)
		return mountpoint_check(&mount->mountpoint, options->mountpoint,
			mount->remote ? NULL : mount->path, options->nonempty, err);
	mount->mountpoint = strdup(options->mountpoint);
	return mount->mountpoint ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
}

/* With the log open: mounts it and serves. */
static enum bk_code mount_log(struct mount *mount, struct bk_error *err)
{
	enum bk_code code = find_mountpoint(mount, err);

	if (code)
		return code;
	/* Not before: a log on a disk that hangs can be given up by Ctrl-C. */
	stop_block();
	code = session_mount(&mount->session, &mount->fs, mount->mountpoint, mount->handed, err);
	if (!code) {
		mount->fs.session = mount->session;
		code = serve(mount, err);
		session_end(mount->session);
	}
	free(mount->mountpoint);
	return code;
}

/* Connects, where the log is on another computer: in the process that stays. */
static enum bk_code reach(struct mount *mount, const struct bk_io **io, struct bk_error *err)
{
	enum bk_code code;

	*io = &mount->io;
	if (!bk_remote_is(mount->path))
		return BK_OK;
	code = bk_remote_new(&mount->remote, *io, err);
	if (!code)
		code = bk_remote_connect(mount->remote, mount->path, err);
	if (!code)
		*io = bk_remote_io(mount->remote);
	return code;
}

/* A passphrase is being typed. */
static void on_signal(int signal)
{
	secret_interrupted();
	raise(signal);
}

static void catch_signals(void (*handler)(int))
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = handler, .sa_flags = (int)SA_RESETHAND};

	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
		sigaction(caught[i], &action, NULL);
}

/* In the process that stays: memory that is locked is not the other's. */
static enum bk_code take_keys(struct mount *mount, struct bk_error *err)
{
	enum bk_code code;

	catch_signals(on_signal);
	code = keys_fill(err);
	if (!code && mount->options->by_lock)
		code = keys_of_dir(dir_of(mount->options), err);
	catch_signals(SIG_DFL);
	keys_forget_words();
	mount->io = *bk_io_posix();
	mount->io.keys = keys_ring();
	return code;
}

static enum bk_code open_log(struct mount *mount, struct bk_error *err)
{
	const struct bk_io *io;
	enum bk_code code = take_keys(mount, err);

	if (code)
		return code;
	code = reach(mount, &io, err);
	if (!code)
		code = fs_init(&mount->fs, io, mount->options, mount->path, mount->url, err);
	if (code == BK_E_MISSING)
		bk_fail(err, code, 0,
			"there is no log %s: backup.lock in the lightning directory says where a "
			"node's log is",
			mount->path);
	return code;
}

static enum bk_code run(const struct options *options, struct bk_error *err)
{
	struct mount mount = {.options = options, .background = {.ready = -1}};
	enum bk_code code = handed_take(&mount.handed, err);

	if (!code)
		code = find_log(&mount, err);
	if (code)
		return code;
	if (mount.handed < 0)
		code = mountpoint_check_order(mount.path, options->mountpoint, err);
	if (!code && !options->foreground)
		code = background_begin(&mount.background, err);
	if (!code)
		code = open_log(&mount, err);
	if (!code) {
		code = mount_log(&mount, err);
		fs_done(&mount.fs);
	}
	bk_remote_free(mount.remote);
	keys_done();
	free(mount.path);
	free(mount.url);
	return code;
}

static int report(const struct bk_error *err)
{
	say("%s", err->msg);
	if (err->code == BK_E_SEALED)
		say("%s", keys_hint);
	switch (err->code) {
	case BK_E_DAMAGE:
		return EXIT_DAMAGE;
	case BK_E_INVALID: /* what was wrong on the command line */
		return EXIT_USAGE;
	default:
		return EXIT_FAILED;
	}
}

static int mount_and_report(struct options *options)
{
	struct bk_error err;

	if (options->hand_over)
		return handed_give(options, &err) ? report(&err) : EXIT_DONE;
	if (!has_url(options)) {
		options_no_url();
		return EXIT_USAGE;
	}
	if (find_url(options, &err) || run(options, &err))
		return report(&err);
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct options options;
	int status = EXIT_USAGE;

	bk_standard_streams();
	bk_process_guard();
	bk_limit_sqlite_memory();
	switch (options_read(&options, argc, argv)) {
	case OPTIONS_MOUNT:
		status = mount_and_report(&options);
		break;
	case OPTIONS_HELP:
		fputs(options_help, stdout);
		status = EXIT_DONE;
		break;
	case OPTIONS_VERSION:
		puts("backup-fuse " BK_RELEASE);
		status = EXIT_DONE;
		break;
	case OPTIONS_WRONG:
		break;
	}
	options_done(&options);
	return status;
}
