/* net.h - the seam between the library and the network, beside that of files (io.h): every
 * connection, and the clock that it is waited by, goes through a table of operations that the
 * program hands down from main. Tests hand down another one, which cuts it at any byte.
 *
 * Each operation returns 0 or a count on success and -errno on failure, never sets errno, and is
 * called with a context of its own as first argument. Sockets do not block: an operation that would
 * returns -EAGAIN.
 *
 * Threads: the operations may be called from any thread, on one socket from one at a time. */
#ifndef BK_NET_H
#define BK_NET_H

#include <bk/error.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bk_net_ops {
	/* A socket that is connected to HOST, a name or an address, at PORT, a number. Waits at
	 * most TIMEOUT_MS for each of its addresses. -ENOENT: no such host. */
	int (*connect)(void *ctx, const char *host, const char *port, unsigned timeout_ms);
	/* A socket that listens there; -ENOENT: no such host. */
	int (*listen)(void *ctx, const char *host, const char *port);
	int (*accept)(void *ctx, int fd);
	int64_t (*recv)(void *ctx, int fd, void *data, size_t size); /* 0: the other side ended */
	int64_t (*send)(void *ctx, int fd, const void *data, size_t size);
	/* As poll has it, interrupted or not. */
	int (*poll)(void *ctx, struct pollfd *fds, size_t count, int timeout_ms);
	int (*close)(void *ctx, int fd);
	int64_t (*now_ms)(void *ctx); /* of a clock that is never set */
};

struct bk_net {
	const struct bk_net_ops *ops;
	void *ctx;
};

/* The real network. Never fails; lives for ever. */
const struct bk_net *bk_net_posix(void);

/* One end of a connection. */
#define BK_HOST_MAX 256
#define BK_PORT_MAX 6

struct bk_endpoint {
	char host[BK_HOST_MAX]; /* a name, or an address, of IPv6 without its brackets */
	char port[BK_PORT_MAX];
};

/* Reads "HOST:PORT", an address of IPv6 in brackets. NULL for DEFAULT_HOST: HOST must be there;
 * else "PORT" and ":PORT" stand for it. Fails with BK_E_INVALID. */
BK_MUST_CHECK enum bk_code bk_endpoint_parse(
	struct bk_endpoint *out, const char *text, const char *default_host, struct bk_error *err);

/* What socket:HOST:PORT[?proxy=socks5:HOST:PORT] names. */
struct bk_socket_url {
	struct bk_endpoint target;
	bool has_proxy; /* which finds TARGET.host itself, and so can be one that only it knows */
	struct bk_endpoint proxy;
};

/* Whether URL is a socket's, right or wrong. */
bool bk_socket_url_is(const char *url);

/* Fails with BK_E_INVALID. */
BK_MUST_CHECK enum bk_code bk_socket_url_parse(
	struct bk_socket_url *out, const char *url, struct bk_error *err);

#endif
