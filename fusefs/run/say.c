/* say.c - messages to whoever runs the mount. */
#include "say.h"
#include <bk/text.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#define PROGRAM "backup-fuse"

static atomic_bool is_silent; /* stderr is gone */

void say(const char *fmt, ...)
{
	char line[1024], shown[BK_SHOWN_SIZE(sizeof line)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	bk_show_controls(shown, sizeof shown, line);
	if (atomic_load(&is_silent))
		syslog(LOG_NOTICE, "%s", shown);
	else
		fprintf(stderr, PROGRAM ": %s\n", shown);
}

void say_to_syslog(void)
{
	openlog(PROGRAM, LOG_PID, LOG_DAEMON);
	atomic_store(&is_silent, true);
}

void say_to_manager(const char *lines)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	int fd;

	if (length < 2 || length >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = '\0'; /* a name in the abstract name space */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	length += offsetof(struct sockaddr_un, sun_path);
	if (sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&address,
		    (socklen_t)length) < 0)
		say("cannot tell the service manager at %s: %s", path, strerror(errno));
	close(fd);
}
