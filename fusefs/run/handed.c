/* handed.c - a mount that is made by one process and served by another. */
#include "handed.h"
#include "mountpoint.h"
#include "say.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "backup-fuse"

#define FIRST_FD 3 /* sd_listen_fds(3) */

static enum bk_code mount_at(
	int fd, const struct options *options, const char *place, struct bk_error *err)
{
	const struct passwd *user = getpwuid(options->uid);
	char how[128];

	if (!user)
		return bk_fail(err, BK_E_INVALID, 0, "there is no user %u", (unsigned)options->uid);
	snprintf(how, sizeof how, "fd=%d,rootmode=%o,user_id=%u,group_id=%u,default_permissions",
		fd, S_IFDIR, (unsigned)user->pw_uid, (unsigned)user->pw_gid);
	if (mount(NAME, place, "fuse." MOUNT_SUBTYPE,
		    MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, how))
		return bk_fail(err, BK_E_IO, errno, "cannot mount on %s", place);
	return BK_OK;
}

static enum bk_code mount_and_give(
	int fd, const struct options *options, const char *place, struct bk_error *err)
{
	enum bk_code code = mount_at(fd, options, place, err);

	if (code)
		return code;
	if (say_with_fd("FDSTORE=1\nFDNAME=" NAME "\n", fd))
		return BK_OK;
	umount2(place, MNT_DETACH | UMOUNT_NOFOLLOW);
	return bk_fail(err, BK_E_INVALID, 0,
		"a mount is handed over to a service manager, and there is none: NOTIFY_SOCKET");
}

enum bk_code handed_give(const struct options *options, struct bk_error *err)
{
	char *place;
	int fd;
	enum bk_code code =
		mountpoint_check(&place, options->mountpoint, NULL, options->nonempty, err);

	if (code)
		return code;
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		code = bk_fail(err, BK_E_IO, errno, "cannot open /dev/fuse");
	} else {
		code = mount_and_give(fd, options, place, err);
		close(fd);
	}
	free(place);
	return code;
}

/* The manager would keep the mount, without an answer, when this process is gone. */
static int take(int fd)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	say_to_manager("FDSTOREREMOVE=1\nFDNAME=" NAME "\n");
	return fd;
}

int handed_take(void)
{
	const char *pid = getenv("LISTEN_PID"), *names = getenv("LISTEN_FDNAMES");

	if (!pid || !names || strtol(pid, NULL, 10) != getpid())
		return -1;
	for (int fd = FIRST_FD;; fd++) {
		size_t length = strcspn(names, ":");

		if (length == strlen(NAME) && strncmp(names, NAME, length) == 0)
			return take(fd);
		if (!names[length])
			return -1;
		names += length + 1;
	}
}
