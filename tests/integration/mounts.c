/* mounts.c - places with a file system of their own. */
#include "mounts.h"
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

bool mounts_allowed(void)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return true;
	fprintf(stderr, "skipped: mounts need root\n");
	return false;
}

const char *mounts_place(struct world *world, const char *name)
{
	const char *place = world_path(world, name);
	struct tempdir dir;

	cr_assert_eq(mkdir(place, 0700), 0);
	snprintf(dir.path, sizeof dir.path, "%s", place);
	snprintf(world->log, sizeof world->log, "%s", tempdir_path(&dir, "node.bkp"));
	return place;
}
