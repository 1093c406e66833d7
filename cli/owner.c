/* owner.c - whose directory it is: root works there as that user. */
#include "owner.h"
#include "common.h"
#include "owner_io.h"
#include "owner_path.h"
#include <bk/path.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a user that the system does not know by name. */
#define GROUP_NOBODY 65534

/* The user whom we work for, where that is not who runs us: the identity is the process's, and so
 * is this. */
static struct {
	bool is_other;
	uid_t uid;
	gid_t gid;
} owner;

static enum bk_code cannot_become(uid_t uid, struct bk_error *err)
{
	return bk_fail(err, BK_E_IO, errno,
		"cannot work as the user %u, whose directory that is. Run it as that user",
		(unsigned)uid);
}

/* Becomes the user to whom PLACE belongs, in all that concerns files. The group is that user's own;
 * only of one whom the system does not know the place's, but never root's, which may be left on it.
 */
static enum bk_code become(const struct stat *place, struct bk_error *err)
{
	uid_t uid = place->st_uid;
	const struct passwd *user = getpwuid(uid);
	gid_t gid = user ? user->pw_gid : place->st_gid ? place->st_gid : GROUP_NOBODY;

	if ((user ? initgroups(user->pw_name, gid) : setgroups(1, &gid)) != 0 ||
		setegid(gid) != 0 || seteuid(uid) != 0)
		return cannot_become(uid, err);
	owner.is_other = true;
	owner.uid = uid;
	owner.gid = gid;
	return BK_OK;
}

/* Whether we are root, and work for nobody else. */
static bool is_root(void)
{
	return !owner.is_other && geteuid() == 0;
}

/* Whether PATH itself is another user's. */
static bool is_strangers(const char *path, struct stat *st)
{
	return lstat(path, st) == 0 && st->st_uid != 0;
}

enum bk_code owner_enter(const char *dir, struct bk_error *err)
{
	struct stat st;

	if (!is_root())
		return BK_OK;
	if (owner_path_is_led(dir, &st))
		return become(&st, err);
	/* A directory of root's below one of another user's is root's all the same: nobody else can
	 * put one there. */
	if (stat(dir, &st) == 0 && st.st_uid != 0)
		return become(&st, err);
	return BK_OK;
}

enum bk_code owner_enter_file(const char *path, struct bk_error *err)
{
	static const char *const suffixes[] = {"", "-journal", "-wal"};
	char *dir, *name;
	enum bk_code code;
	struct stat st;

	if (!is_root())
		return BK_OK;
	if (owner_path_is_led(path, &st))
		return become(&st, err);
	dir = bk_path_directory(path);
	if (!dir)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	code = owner_enter(dir, err);
	free(dir);
	/* In a directory that is everybody's, such as /tmp. */
	for (size_t i = 0; !code && is_root() && i < sizeof suffixes / sizeof *suffixes; i++) {
		if (asprintf(&name, "%s%s", path, suffixes[i]) < 0)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
		if (is_strangers(name, &st))
			code = become(&st, err);
		free(name);
	}
	return code;
}

bool owner_is_other(void)
{
	return owner.is_other;
}

static enum bk_code refuse_led(const char *path, const struct stat *link, struct bk_error *err)
{
	return bk_fail(err, BK_E_UNSAFE, 0,
		"%s goes through a link that the user %u made, which root does not follow: name "
		"the file that it leads to",
		path, (unsigned)link->st_uid);
}

enum bk_code owner_check_path(const char *path, struct bk_error *err)
{
	struct stat link;

	return is_root() && owner_path_is_led(path, &link) ? refuse_led(path, &link, err) : BK_OK;
}

/* Whether the user whom we work as can make or go on with the log at PATH. */
static bool can_write(const char *path)
{
	char *dir;
	bool can;

	if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0)
		return true;
	if (errno != ENOENT)
		return false;
	dir = bk_path_directory(path);
	can = dir && faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0;
	free(dir);
	return can;
}

enum bk_code owner_io(const struct bk_io **io, const char *path, struct bk_error *err)
{
	struct stat link;

	*io = bk_io_posix();
	if (!owner.is_other)
		return owner_check_path(path, err);
	if (can_write(path))
		return BK_OK;
	if (owner_path_is_led(path, &link))
		return refuse_led(path, &link, err);
	*io = owner_io_root();
	return BK_OK;
}

static void warn(const char *path)
{
	struct word word;

	flush_out();
	fprintf(stderr,
		"Warning: %s does not belong to the user that owns the lightning directory, so "
		"lightningd cannot use it. Run: chown %u:%u %s\n",
		path, (unsigned)owner.uid, (unsigned)owner.gid, word_of(&word, path));
}

/* What stands at PATH now may be something else than what was made there. */
static bool give(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool is_given = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
			(st.st_uid == owner.uid || fchown(fd, owner.uid, owner.gid) == 0);

	if (fd >= 0)
		close(fd);
	return is_given;
}

void owner_give(const char *path)
{
	bool is_given;

	if (!owner.is_other || seteuid(0) != 0)
		return;
	is_given = give(path);
	if (seteuid(owner.uid) != 0)
		abort();
	if (!is_given)
		warn(path);
}

void owner_warn(const char *path)
{
	struct bk_io_stat ignored;
	const struct bk_io *io = owner_io_root();
	struct stat st;

	/* There, and not to be seen by that user, is not that user's either. */
	if (owner.is_other && io->ops->stat_path(io->ctx, path, &ignored) == 0 &&
		(stat(path, &st) != 0 || st.st_uid != owner.uid))
		warn(path);
}
