/* io_open.c - opening a file that stands at a path, where others may have had a hand in what stands
 * there.
 *
 * What is opened is a file or a directory, and nothing is waited for: a pipe that somebody put
 * there would hold us up for ever, a device might do something. A link is followed where it is ours
 * or the system's, or leads to a file of the very user who made it. Any other would have us read or
 * write, with our rights, what its maker may not. (The directories before the last name are the
 * caller's to judge; backup-cli works as their owner.) */
#include "io_open.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINKS_MAX 40

/* Somebody's lease on a file, a file server's for one, is broken by the system within 45 s. */
#define LEASE_MS_MAX  60000
#define LEASE_MS_STEP 10

struct place {
	char path[PATH_MAX];
	struct stat st; /* of what stands there, which is no link */
	bool is_led;    /* by a link of LEADER, who is neither we nor root */
	uid_t leader;
};

static bool is_openable(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
}

/* Puts what the link LINK, which stands at PLACE, says in the place of its name. */
static int step_link(struct place *place, int link)
{
	char text[PATH_MAX], *slash = strrchr(place->path, '/');
	ssize_t size = readlinkat(link, "", text, sizeof text);
	size_t before = slash ? (size_t)(slash + 1 - place->path) : 0;

	if (size < 0)
		return -errno;
	if (size && *text == '/')
		before = 0;
	if (!size || before + (size_t)size >= sizeof place->path)
		return -ENAMETOOLONG;
	memcpy(place->path + before, text, (size_t)size);
	place->path[before + (size_t)size] = '\0';
	return 0;
}

/* Whether links of OWNER may lead on: of the users who are neither we nor root, one. */
static bool may_lead(struct place *place, uid_t owner)
{
	if (owner == 0 || owner == geteuid())
		return true;
	if (place->is_led && place->leader != owner)
		return false;
	place->is_led = true;
	place->leader = owner;
	return true;
}

/* Follows what stands at PLACE; 1: that was a link. */
static int look(struct place *place)
{
	int fd = open(place->path, O_PATH | O_NOFOLLOW | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &place->st) != 0)
		rc = -errno;
	else if (S_ISLNK(place->st.st_mode))
		rc = may_lead(place, place->st.st_uid) ? step_link(place, fd) : -ELOOP;
	close(fd);
	return !rc && S_ISLNK(place->st.st_mode) ? 1 : rc;
}

/* With O_NONBLOCK, a file that somebody has a lease on refuses at first, and the lease is called
 * in. */
static int open_now(const char *path, int flags)
{
	const struct timespec step = {.tv_nsec = LEASE_MS_STEP * 1000000L};

	for (unsigned waited = 0;; waited += LEASE_MS_STEP) {
		int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

		if (fd >= 0 || errno != EWOULDBLOCK || waited >= LEASE_MS_MAX)
			return fd < 0 ? -errno : fd;
		nanosleep(&step, NULL);
	}
}

/* FD is open; what it is may have changed since it was looked at. */
static int check(const struct place *place, int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (fstat(fd, &st) != 0 || flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
		return -errno;
	if (!is_openable(&st))
		return -EOPNOTSUPP;
	return place->is_led && st.st_uid != place->leader ? -ELOOP : 0;
}

int bk_posix_open(const char *path, bool for_writing)
{
	struct place place = {.is_led = false};
	int rc = 1, fd;

	if ((size_t)snprintf(place.path, sizeof place.path, "%s", path) >= sizeof place.path)
		return -ENAMETOOLONG;
	for (int links = 0; rc == 1 && links < LINKS_MAX; links++)
		rc = look(&place);
	if (rc)
		return rc == 1 ? -ELOOP : rc;
	if (!is_openable(&place.st))
		return -EOPNOTSUPP;
	fd = open_now(place.path, for_writing ? O_RDWR : O_RDONLY);
	if (fd < 0)
		return fd;
	rc = check(&place, fd);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}
