/* say.c - messages to whoever runs the mount. */
#include "say.h"
#include <bk/text.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

/* With a descriptor, or without, at -1. */
static ssize_t send_lines(
	int fd, const struct sockaddr_un *address, size_t length, const char *lines, int given)
{
	char control[CMSG_SPACE(sizeof given)] = {0};
	struct iovec text = {.iov_base = (void *)(uintptr_t)lines, .iov_len = strlen(lines)};
	struct msghdr message = {.msg_name = (void *)(uintptr_t)address,
		.msg_namelen = (socklen_t)length,
		.msg_iov = &text,
		.msg_iovlen = 1};

	if (given >= 0) {
		struct cmsghdr *head;

		message.msg_control = control;
		message.msg_controllen = sizeof control;
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof given);
		memcpy(CMSG_DATA(head), &given, sizeof given);
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

bool say_with_fd(const char *lines, int given)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	bool is_sent;
	int fd;

	if (length < 2 || length >= sizeof address.sun_path)
		return false;
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = '\0'; /* a name in the abstract name space */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	length += offsetof(struct sockaddr_un, sun_path);
	is_sent = send_lines(fd, &address, length, lines, given) >= 0;
	if (!is_sent)
		say("cannot tell the service manager at %s: %s", path, strerror(errno));
	close(fd);
	return is_sent;
}

void say_to_manager(const char *lines)
{
	(void)say_with_fd(lines, -1);
}
