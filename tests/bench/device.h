/* device.h - a loop device with a file system on it, and what it was made to write.
 *
 * Calling sequence: device_make, any device_count, device_remove. */
#ifndef DEVICE_H
#define DEVICE_H

#include "tempdir.h"
#include <stdint.h>

struct device {
	char image[PATH_MAX], mount[PATH_MAX];
	char name[32]; /* /dev/loopN; "": none */
	bool is_mounted;
};

struct device_counts {
	uint64_t writes, sectors, flushes; /* a sector: 512 bytes */
};

/* Makes a file system of KIND (ext4, xfs, btrfs: mkfs.KIND makes it) in a file in PLACE. Where
 * there is no right to, or no such program, it fails with BK_E_MISSING and says why; BK_E_IO. */
BK_MUST_CHECK enum bk_code device_make(
	struct device *device, const char *kind, const struct tempdir *place, struct bk_error *err);
void device_remove(struct device *device);

/* Since the device was made. */
BK_MUST_CHECK enum bk_code device_count(
	const struct device *device, struct device_counts *counts, struct bk_error *err);

#endif
