/* net_posix.c - the real network. */
#include <bk/net.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A peer that is gone without a word is noticed after about three minutes. */
#define ALIVE_IDLE_S 60
#define ALIVE_STEP_S 20
#define ALIVE_COUNT  6

#define BACKLOG 8

static int64_t net_now(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int net_poll(void *ctx, struct pollfd *fds, size_t count, int timeout_ms)
{
	int rc = poll(fds, (nfds_t)count, timeout_ms);

	(void)ctx;
	return rc < 0 ? -errno : rc;
}

static int find(struct addrinfo **out, const char *host, const char *port, int flags)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};

	switch (getaddrinfo(host, port, &hints, out)) {
	case 0:
		return 0;
	case EAI_SYSTEM:
		return -errno;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_AGAIN:
		return -EHOSTUNREACH;
	default:
		return -ENOENT;
	}
}

/* Small packets are not held back, and a peer that is gone is noticed. */
static void set_options(int fd)
{
	const struct {
		int level, name, value;
	} options[] = {{IPPROTO_TCP, TCP_NODELAY, 1}, {SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, ALIVE_IDLE_S},
		{IPPROTO_TCP, TCP_KEEPINTVL, ALIVE_STEP_S},
		{IPPROTO_TCP, TCP_KEEPCNT, ALIVE_COUNT}};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			sizeof options[i].value);
}

/* Waits until FD is connected, or is not. */
static int wait_connected(int fd, unsigned timeout_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	int64_t until = net_now(NULL) + timeout_ms, left;
	int rc = -EINTR, why = 0;
	socklen_t size = sizeof why;

	while (rc == -EINTR && (left = until - net_now(NULL)) > 0)
		rc = net_poll(NULL, &poll_fd, 1, (int)left);
	if (rc <= 0)
		return rc == 0 || rc == -EINTR ? -ETIMEDOUT : rc;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) < 0)
		return -errno;
	return -why;
}

static int connect_to(const struct addrinfo *address, unsigned timeout_ms)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), rc;

	if (fd < 0)
		return -errno;
	set_options(fd);
	rc = connect(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : -errno;
	if (rc == -EINPROGRESS || rc == -EINTR)
		rc = wait_connected(fd, timeout_ms);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static int net_connect(void *ctx, const char *host, const char *port, unsigned timeout_ms)
{
	struct addrinfo *list;
	int rc = find(&list, host, port, AI_ADDRCONFIG);

	(void)ctx;
	if (rc == -ENOENT) /* loopback alone counts as no address */
		rc = find(&list, host, port, 0);
	if (rc < 0)
		return rc;
	rc = -ENOENT;
	for (const struct addrinfo *at = list; at && rc < 0; at = at->ai_next)
		rc = connect_to(at, timeout_ms);
	freeaddrinfo(list);
	return rc;
}

static int listen_on(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	int rc = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static int net_listen(void *ctx, const char *host, const char *port)
{
	struct addrinfo *list;
	int rc = find(&list, host, port, AI_PASSIVE);

	(void)ctx;
	if (rc < 0)
		return rc;
	rc = -ENOENT;
	for (const struct addrinfo *at = list; at && rc < 0; at = at->ai_next)
		rc = listen_on(at);
	freeaddrinfo(list);
	return rc;
}

static int net_accept(void *ctx, int fd)
{
	int taken = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)ctx;
	if (taken < 0)
		return -errno;
	set_options(taken);
	return taken;
}

static int64_t net_recv(void *ctx, int fd, void *data, size_t size)
{
	ssize_t n = recv(fd, data, size, 0);

	(void)ctx;
	return n < 0 ? -errno : n;
}

static int64_t net_send(void *ctx, int fd, const void *data, size_t size)
{
	ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

	(void)ctx;
	return n < 0 ? -errno : n;
}

static int net_close(void *ctx, int fd)
{
	(void)ctx;
	return close(fd) < 0 ? -errno : 0;
}

const struct bk_net *bk_net_posix(void)
{
	static const struct bk_net_ops ops = {
		.connect = net_connect,
		.listen = net_listen,
		.accept = net_accept,
		.recv = net_recv,
		.send = net_send,
		.poll = net_poll,
		.close = net_close,
		.now_ms = net_now,
	};
	static const struct bk_net net = {.ops = &ops};

	return &net;
}
