/* device.c - a loop device with a file system on it, and what it was made to write. */
#include "device.h"
#include "child.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICE_BYTES ((off_t)1 << 30)
#define TOOL_MS      60000

/* Runs a tool; what it prints goes to OUT if that is given. */
static enum bk_code run_tool(const char *const argv[], char *out, size_t size, struct bk_error *err)
{
	struct run run;
	enum bk_code code = run_program(&run, (char *const *)(uintptr_t)argv, NULL, TOOL_MS, err);

	if (code)
		return bk_fail(err, BK_E_MISSING, 0, "cannot run %s", argv[0]);
	if (run.status)
		code = bk_fail(err, BK_E_MISSING, 0, "%s: %.100s", argv[0], run_err(&run));
	else if (out)
		snprintf(out, size, "%.*s", (int)strcspn(run_out(&run), "\n"), run_out(&run));
	run_done(&run);
	return code;
}

static enum bk_code make_image(struct device *device, struct bk_error *err)
{
	int fd = open(device->image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -1 : ftruncate(fd, DEVICE_BYTES);
	int why = errno;

	if (fd >= 0)
		close(fd);
	return rc == 0 ? BK_OK : bk_fail(err, BK_E_IO, why, "cannot make %s", device->image);
}

static enum bk_code make_file_system(
	const struct device *device, const char *kind, struct bk_error *err)
{
	/* What ext4 would make ready in the background is made now: it would be counted. */
	static const char at_once[] = "lazy_itable_init=0,lazy_journal_init=0";
	bool is_ext4 = strcmp(kind, "ext4") == 0;
	char program[32];
	const char *argv[] = {program, "-q", device->name, is_ext4 ? "-E" : NULL, at_once, NULL};

	snprintf(program, sizeof program, "mkfs.%s", kind);
	return run_tool(argv, NULL, 0, err);
}

enum bk_code device_make(
	struct device *device, const char *kind, const struct tempdir *place, struct bk_error *err)
{
	const char *attach[] = {"losetup", "--find", "--show", device->image, NULL};
	enum bk_code code;

	*device = (struct device){0};
	snprintf(device->image, PATH_MAX, "%s.%s", tempdir_path(place, kind), "image");
	snprintf(device->mount, PATH_MAX, "%s", tempdir_path(place, kind));
	code = make_image(device, err);
	if (!code && mkdir(device->mount, 0700) != 0)
		code = bk_fail(err, BK_E_IO, errno, "cannot make %s", device->mount);
	if (!code)
		code = run_tool(attach, device->name, sizeof device->name, err);
	if (!code)
		code = make_file_system(device, kind, err);
	if (!code && mount(device->name, device->mount, kind, MS_NOATIME, NULL) != 0)
		code = bk_fail(err, BK_E_MISSING, errno, "cannot mount %s", device->name);
	device->is_mounted = !code;
	return code;
}

void device_remove(struct device *device)
{
	const char *detach[] = {"losetup", "--detach", device->name, NULL};
	struct bk_error ignored;

	if (device->is_mounted)
		umount(device->mount);
	if (*device->name)
		(void)!run_tool(detach, NULL, 0, &ignored);
	unlink(device->image);
	rmdir(device->mount);
}

enum bk_code device_count(
	const struct device *device, struct device_counts *counts, struct bk_error *err)
{
	char path[64];
	FILE *file;
	int found;

	snprintf(path, sizeof path, "/sys/block/%s/stat", strrchr(device->name, '/') + 1);
	file = fopen(path, "re");
	if (!file)
		return bk_fail(err, BK_E_MISSING, errno, "cannot open %s", path);
	found = fscanf(file,
		"%*u %*u %*u %*u %" SCNu64 " %*u %" SCNu64
		" %*u %*u %*u %*u %*u %*u %*u %*u %" SCNu64,
		&counts->writes, &counts->sectors, &counts->flushes);
	fclose(file);
	return found == 3 ? BK_OK : bk_fail(err, BK_E_MISSING, 0, "%s tells no flushes", path);
}
