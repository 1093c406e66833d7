/* owner_path.c - who may have had a hand in what a path leads to. */
#include "owner_path.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40

struct walk {
	char done[PATH_MAX]; /* what was walked, without links; no slash at its end */
	char rest[2 * PATH_MAX];
	int links;
};

/* Takes the next name off WALK->rest; false: there is none. */
static bool next_name(struct walk *walk, char name[NAME_MAX + 1])
{
	size_t slashes = strspn(walk->rest, "/");
	size_t size = strcspn(walk->rest + slashes, "/");

	if (!size || size > NAME_MAX)
		return false;
	memcpy(name, walk->rest + slashes, size);
	name[size] = '\0';
	memmove(walk->rest, walk->rest + slashes + size, strlen(walk->rest + slashes + size) + 1);
	return true;
}

static bool go_into(struct walk *walk, const char *name)
{
	size_t size = strlen(walk->done);
	char *slash = strrchr(walk->done, '/');

	if (strcmp(name, ".") == 0)
		return true;
	if (strcmp(name, "..") == 0) {
		if (slash)
			*slash = '\0';
		return true;
	}
	return (size_t)snprintf(walk->done + size, sizeof walk->done - size, "/%s", name) <
	       sizeof walk->done - size;
}

/* WALK->done is a link: goes back to before it, and on with what it says. */
static bool follow_link(struct walk *walk)
{
	char text[PATH_MAX], before[2 * PATH_MAX];
	ssize_t size = readlink(walk->done, text, sizeof text - 1);

	if (size <= 0 || ++walk->links > LINKS_MAX)
		return false;
	text[size] = '\0';
	if (*text == '/')
		*walk->done = '\0';
	else
		*strrchr(walk->done, '/') = '\0';
	strcpy(before, walk->rest);
	return (size_t)snprintf(walk->rest, sizeof walk->rest, "%s/%s", text, before) <
	       sizeof walk->rest;
}

bool owner_path_is_led(const char *path, struct stat *link)
{
	struct walk walk = {.links = 0};
	char name[NAME_MAX + 1];
	bool goes_on = true;

	if (*path != '/' && !getcwd(walk.done, sizeof walk.done))
		return false;
	snprintf(walk.rest, sizeof walk.rest, "%s", path);
	while (goes_on && next_name(&walk, name)) {
		goes_on = go_into(&walk, name) && lstat(*walk.done ? walk.done : "/", link) == 0;
		if (!goes_on || !S_ISLNK(link->st_mode))
			continue;
		if (link->st_uid != 0)
			return true;
		goes_on = follow_link(&walk);
	}
	return false;
}
