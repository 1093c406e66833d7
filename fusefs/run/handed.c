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
#include <sys/sysmacros.h>
#include <unistd.h>

#define NAME "backup-fuse"

#define FIRST_FD 3 /* sd_listen_fds(3) */

/* /dev/fuse, in Linux's list of devices. */
#define FUSE_DEVICE makedev(10, 229)

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

/* A descriptor of /dev/fuse, and of nothing else: what it gives is taken for the kernel's word. */
static bool is_mount(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == FUSE_DEVICE;
}

/* The manager would keep the mount, without an answer, when this process is gone. */
static enum bk_code take(int fd, struct bk_error *err)
{
	if (!is_mount(fd) || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return bk_fail(err, BK_E_INVALID, 0,
			"what the service manager hands over as " NAME
			" is no mount: LISTEN_FDNAMES "
			"names the descriptor %d",
			fd);
	say_to_manager("FDSTOREREMOVE=1\nFDNAME=" NAME "\n");
	return BK_OK;
}

enum bk_code handed_take(int *fd, struct bk_error *err)
{
	const char *pid = getenv("LISTEN_PID"), *names = getenv("LISTEN_FDNAMES");

	*fd = -1;
	if (!pid || !names || strtol(pid, NULL, 10) != getpid())
		return BK_OK;
	for (int at = FIRST_FD;; at++) {
		size_t length = strcspn(names, ":");

		if (length == strlen(NAME) && strncmp(names, NAME, length) == 0) {
			*fd = at;
			return take(at, err);
		}
		if (!names[length])
			return BK_OK;
		names += length + 1;
	}
}
