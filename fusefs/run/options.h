/* options.h - what the command line asks for. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CACHE_BYTES_DEFAULT ((size_t)64 << 20)
#define CACHE_BYTES_MIN     ((size_t)1 << 20)

struct options {
	char *url; /* NULL: the one that backup.lock names in lightning_dir, or in the current one
		    */
	char *mountpoint, *lightning_dir;
	bool by_lock; /* url is what backup.lock names */
	bool foreground, allow_other, nonempty;
	bool hand_over; /* mount, and let another process serve it (handed.h) */
	bool rw, by_mount; /* as mount(8) gives them for "defaults" */
	size_t cache_bytes;
	uid_t uid;
	gid_t gid;
	mode_t umask;
	char *mount_options; /* others, comma-separated, for libfuse; or NULL */
};

#endif
