/* peer.c - talking to a plugin as lightningd does. */
#include "peer.h"
#include "sqltext.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 << 10)
#define PART_MAX   200 /* of SPLIT_RANDOM, bytes */

enum bk_code peer_start(struct peer *peer, char *const argv[], const struct child_options *options,
	unsigned timeout_ms, struct bk_error *err)
{
	struct peer started = {.timeout_ms = timeout_ms};
	enum bk_code code = child_start(&started.child, argv, options, err);

	if (code)
		return code;
	bk_buf_init(&started.input, PEER_MESSAGE_MAX);
	if (fcntl(started.child.in, F_SETFL, O_NONBLOCK) != 0 ||
		fcntl(started.child.out, F_SETFL, O_NONBLOCK) != 0) {
		code = bk_fail(err, BK_E_IO, errno, "cannot talk to %s", argv[0]);
		peer_done(&started);
		return code;
	}
	*peer = started;
	return BK_OK;
}

void peer_done(struct peer *peer)
{
	child_done(&peer->child);
	bk_buf_done(&peer->input);
}

void peer_hang_up(struct peer *peer)
{
	if (peer->child.in >= 0)
		close(peer->child.in);
	peer->child.in = -1;
}

/* Takes in what the plugin has written, if anything. */
static enum bk_code take_input(struct peer *peer, struct bk_error *err)
{
	enum bk_code code;
	ssize_t n;

	bk_buf_consume(&peer->input, peer->taken);
	peer->taken = 0;
	code = bk_buf_reserve(&peer->input, READ_BYTES, err);
	if (code)
		return code;
	n = read(peer->child.out, peer->input.data + peer->input.size, READ_BYTES);
	if (n > 0)
		peer->input.size += (size_t)n;
	else if (n == 0)
		peer->is_gone = true;
	else if (errno != EAGAIN && errno != EINTR)
		return bk_fail(err, BK_E_IO, errno, "cannot read from the plugin");
	return BK_OK;
}

/* Waits until the plugin can be written to (if WRITING) or read from, and reads. */
static enum bk_code wait_for(
	struct peer *peer, bool writing, uint64_t deadline, struct bk_error *err)
{
	struct pollfd fds[2] = {{.fd = peer->is_gone ? -1 : peer->child.out, .events = POLLIN},
		{.fd = writing ? peer->child.in : -1, .events = POLLOUT}};
	uint64_t now = clock_ms();
	int rc = now < deadline ? poll(fds, 2, (int)(deadline - now)) : 0;

	if (rc == 0)
		return bk_fail(err, BK_E_BUSY, 0, "the plugin did not %s within %u ms",
			writing ? "read" : "answer", peer->timeout_ms);
	if (rc < 0)
		return errno == EINTR ? BK_OK : bk_fail(err, BK_E_IO, errno, "cannot poll");
	return fds[0].revents ? take_input(peer, err) : BK_OK;
}

static enum bk_code write_part(struct peer *peer, const uint8_t *bytes, size_t size,
	uint64_t deadline, struct bk_error *err)
{
	while (size && peer->child.in >= 0) {
		ssize_t n = write(peer->child.in, bytes, size);
		enum bk_code code;

		if (n >= 0) {
			bytes += n;
			size -= (size_t)n;
			continue;
		}
		if (errno == EPIPE)
			peer_hang_up(peer);
		else if (errno != EAGAIN && errno != EINTR)
			return bk_fail(err, BK_E_IO, errno, "cannot write to the plugin");
		code = peer->child.in >= 0 ? wait_for(peer, true, deadline, err) : BK_OK;
		if (code)
			return code;
	}
	return BK_OK;
}

enum bk_code peer_wait_read(struct peer *peer, struct bk_error *err)
{
	uint64_t deadline = clock_ms() + peer->timeout_ms;
	int left = 1;

	while (peer->child.in >= 0 && !peer->is_gone) {
		enum bk_code code = take_input(peer, err);

		if (code)
			return code;
		if (ioctl(peer->child.in, FIONREAD, &left) != 0)
			return bk_fail(err, BK_E_IO, errno, "cannot look into a pipe");
		if (!left)
			break;
		if (clock_ms() >= deadline)
			return bk_fail(err, BK_E_BUSY, 0, "the plugin did not read within %u ms",
				peer->timeout_ms);
		sched_yield();
	}
	return BK_OK;
}

static size_t part_size(struct peer *peer, size_t left)
{
	size_t size = left;

	if (peer->split == SPLIT_BYTES)
		size = 1;
	else if (peer->split == SPLIT_RANDOM)
		size = 1 + (size_t)(mix(peer->random++, 0) % PART_MAX);
	return size < left ? size : left;
}

enum bk_code peer_send(struct peer *peer, const void *bytes, size_t size, struct bk_error *err)
{
	uint64_t deadline = clock_ms() + peer->timeout_ms;
	const uint8_t *at = bytes;

	while (size) {
		size_t part = part_size(peer, size);
		enum bk_code code = write_part(peer, at, part, deadline, err);

		if (!code && peer->split != SPLIT_NONE)
			code = peer_wait_read(peer, err);
		if (code)
			return code;
		at += part;
		size -= part;
	}
	return BK_OK;
}

enum bk_code peer_receive(struct peer *peer, struct bk_slice *message, struct bk_error *err)
{
	uint64_t deadline = clock_ms() + peer->timeout_ms;
	const uint8_t *end = NULL;

	bk_buf_consume(&peer->input, peer->taken);
	peer->taken = 0;
	for (;;) {
		enum bk_code code;

		if (peer->input.size)
			end = memmem(peer->input.data, peer->input.size, "\n\n", 2);
		if (end || peer->is_gone)
			break;
		code = wait_for(peer, false, deadline, err);
		if (code)
			return code;
	}
	message->data = peer->input.data;
	message->size = end ? (size_t)(end - peer->input.data) : 0;
	peer->taken = end ? message->size + 2 : 0;
	return BK_OK;
}
