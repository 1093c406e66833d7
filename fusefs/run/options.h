/* options.h - the command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CACHE_BYTES_DEFAULT ((size_t)64 << 20)
#define CACHE_BYTES_MIN     ((size_t)1 << 20)

enum options_kind {
	OPTIONS_MOUNT,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_WRONG, /* and a message was printed */
};

struct options {
	char *url, *mountpoint;
	bool foreground, allow_other;
	size_t cache_bytes;
	uid_t uid;
	gid_t gid;
	mode_t umask;
	char *mount_options; /* others, comma-separated, for libfuse; or NULL */
};

/* Reads the command line. The caller calls options_done, whatever is returned. */
enum options_kind options_read(struct options *options, int argc, char **argv);
void options_done(struct options *options);

extern const char options_help[];

#endif
