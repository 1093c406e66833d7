/* mountoptions.c - what stands behind -o. */
#include "mountoptions.h"
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUSE_USE_VERSION 314
#include <fuse_opt.h>

enum key {
	KEY_ALLOW_OTHER,
	KEY_NONEMPTY,
	KEY_RW,
	KEY_BY_MOUNT,
	KEY_CACHE,
	KEY_UID,
	KEY_GID,
	KEY_UMASK,
};

/* FUSE_OPT_KEY, whose -1U is no unsigned long to clang. */
#define KEY(text, key)                                                                             \
	{                                                                                          \
		(text), UINT_MAX, (key)                                                            \
	}

/* mount(8) gives what fstab's "defaults" stand for: rw, and suid and dev or their contraries. The
 * mount is ro, nosuid, nodev, noexec all the same. */
static const struct fuse_opt templates[] = {
	KEY("allow_other", KEY_ALLOW_OTHER),
	KEY("nonempty", KEY_NONEMPTY),
	KEY("rw", KEY_RW),
	KEY("suid", KEY_BY_MOUNT),
	KEY("dev", KEY_BY_MOUNT),
	KEY("nosuid", KEY_BY_MOUNT),
	KEY("nodev", KEY_BY_MOUNT),
	KEY("exec", KEY_BY_MOUNT),
	KEY("cache=", KEY_CACHE),
	KEY("uid=", KEY_UID),
	KEY("gid=", KEY_GID),
	KEY("umask=", KEY_UMASK),
	FUSE_OPT_END,
};

/* Reads a whole number in BASE, from the text's beginning; *END is what follows it. */
static bool read_start(const char *text, int base, uint64_t max, uint64_t *out, char **end)
{
	errno = 0;
	if (*text < '0' || *text > '9')
		return false;
	*out = strtoull(text, end, base);
	return !errno && *out <= max;
}

static bool read_number(const char *text, int base, uint32_t max, uint32_t *out)
{
	uint64_t number;
	char *end;

	if (!read_start(text, base, max, &number, &end) || *end)
		return false;
	*out = (uint32_t)number;
	return true;
}

static bool read_size(const char *text, size_t *out)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t number;
	char *end;
	int shift;

	if (!read_start(text, 10, UINT64_MAX >> 30, &number, &end))
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (*end && (!unit || end[1]))
		return false;
	shift = unit ? 10 * (int)(unit - units + 1) : 0;
	if (number > SIZE_MAX >> shift)
		return false;
	*out = (size_t)number << shift;
	return true;
}

/* A user or group: a number, or a name that the system knows. */
static bool read_user(const char *text, uint32_t *out)
{
	const struct passwd *user;

	if (read_number(text, 10, UINT32_MAX - 1, out))
		return true;
	user = getpwnam(text);
	if (user)
		*out = user->pw_uid;
	return user;
}

static bool read_group(const char *text, uint32_t *out)
{
	const struct group *group;

	if (read_number(text, 10, UINT32_MAX - 1, out))
		return true;
	group = getgrnam(text);
	if (group)
		*out = group->gr_gid;
	return group;
}

static int wrong(const char *what, const char *arg)
{
	fprintf(stderr, "backup-fuse: -o %s: %s\nTry: backup-fuse --help\n", arg, what);
	return -1;
}

/* Takes the option KEY, which ARG is with its value. Returns 0, or -1 after a message. */
static int take_value(struct options *options, int key, const char *arg)
{
	const char *value = strchr(arg, '=') + 1;

	switch (key) {
	case KEY_CACHE:
		if (!read_size(value, &options->cache_bytes))
			return wrong("it is a number of bytes, with K, M or G behind it", arg);
		if (options->cache_bytes < CACHE_BYTES_MIN)
			return wrong("the least is 1M", arg);
		return 0;
	case KEY_UID:
		return read_user(value, &options->uid) ? 0 : wrong("there is no such user", arg);
	case KEY_GID:
		return read_group(value, &options->gid) ? 0 : wrong("there is no such group", arg);
	default:
		return read_number(value, 8, 0777, &options->umask)
			       ? 0
			       : wrong("it is an octal number of at most 777", arg);
	}
}

static int take(void *data, const char *arg, int key, struct fuse_args *args)
{
	struct options *options = data;

	(void)args;
	switch (key) {
	case KEY_ALLOW_OTHER:
		options->allow_other = true;
		return 0;
	case KEY_NONEMPTY:
		options->nonempty = true;
		return 0;
	case KEY_RW:
		options->rw = true;
		return 0;
	case KEY_BY_MOUNT:
		options->by_mount = true;
		return 0;
	case KEY_CACHE:
	case KEY_UID:
	case KEY_GID:
	case KEY_UMASK:
		return take_value(options, key, arg);
	default:
		return fuse_opt_add_opt_escaped(&options->mount_options, arg);
	}
}

bool mountoptions_read(struct options *options, const char *list)
{
	char program[] = "backup-fuse", o[] = "-o", *text = strdup(list);
	char *argv[] = {program, o, text, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);
	bool is_read = text && fuse_opt_parse(&args, options, templates, take) == 0;

	fuse_opt_free_args(&args);
	free(text);
	return is_read;
}

bool mountoptions_are_sound(const struct options *options)
{
	if (!options->rw || options->by_mount)
		return true;
	wrong("nothing can be written to a backup: it is mounted ro", "rw");
	return false;
}
