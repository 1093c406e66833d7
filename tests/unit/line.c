/* line.c - a line to a server of places. */
#include "line.h"
#include "codec.h"
#include "place_ssh.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct line line;

static int64_t server_receive(void *ctx, void *data, size_t size)
{
	ssize_t n = recv(line.ends[1], data, size, 0);

	(void)ctx;
	return n < 0 ? -errno : n;
}

static int64_t server_send(void *ctx, const void *data, size_t size)
{
	ssize_t n = send(line.ends[1], data, size, MSG_NOSIGNAL);

	(void)ctx;
	return n < 0 ? -errno : n;
}

static void *serve(void *arg)
{
	const struct bk_server_stream stream = {server_receive, server_send, NULL};

	line.code = bk_server_run(&line.io.io, &line.options, &stream, &line.err);
	shutdown(line.ends[1], SHUT_RDWR);
	return arg;
}

static int line_run(void *ctx, char *const argv[], void **stream)
{
	(void)ctx;
	line.command[0] = '\0';
	for (size_t i = 0; argv[i]; i++)
		snprintf(line.command + strlen(line.command),
			sizeof line.command - strlen(line.command), "%s%s", i ? " " : "", argv[i]);
	cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, line.ends) == 0);
	cr_assert(pthread_create(&line.thread, NULL, line.serve ? line.serve : serve, NULL) == 0);
	line.passed = 0;
	*stream = &line;
	return 0;
}

/* How much of SIZE may pass; cuts the line where that is nothing. */
static size_t may_pass(size_t size)
{
	if (line.cut_at && line.passed + size > line.cut_at)
		size = (size_t)(line.cut_at - line.passed);
	if (!size)
		shutdown(line.ends[0], SHUT_RDWR);
	line.passed += size;
	return size;
}

static int64_t line_receive(void *ctx, void *stream, void *data, size_t size, unsigned timeout_ms)
{
	size_t part = line.cut_at && line.cut_at - line.passed < size
			      ? (size_t)(line.cut_at - line.passed)
			      : size;
	ssize_t n = part ? recv(line.ends[0], data, part, 0) : 0;

	(void)ctx;
	(void)stream;
	(void)timeout_ms;
	if (!part)
		shutdown(line.ends[0], SHUT_RDWR);
	line.passed += n > 0 ? (uint64_t)n : 0;
	line.has_heard = true;
	return n < 0 ? -errno : n;
}

static void note_sought(const void *data, size_t size)
{
	uint8_t offset[8];

	bk_put_u64(offset, line.sought);
	if (line.sought && !line.sought_for && memmem(data, size, offset, sizeof offset))
		line.sought_for = line.exchanges;
}

static int64_t line_send(
	void *ctx, void *stream, const void *data, size_t size, unsigned timeout_ms)
{
	size_t part = may_pass(size);

	line.held = true;
	pthread_mutex_lock(&line.hold);
	line.held = false;
	line.exchanges += line.has_heard;
	line.has_heard = false;
	note_sought(data, size);
	pthread_mutex_unlock(&line.hold);
	(void)ctx;
	(void)stream;
	(void)timeout_ms;
	return part ? send(line.ends[0], data, part, MSG_NOSIGNAL) : -EPIPE;
}

static void line_hang_up(void *ctx, void *stream, char *said, size_t size)
{
	(void)ctx;
	(void)stream;
	close(line.ends[0]);
	pthread_join(line.thread, NULL);
	close(line.ends[1]);
	if (size)
		*said = '\0';
}

void line_begin(void)
{
	line = (struct line){.hold = PTHREAD_MUTEX_INITIALIZER};
	test_io_init(&line.io);
	line.io.ops.run = line_run;
	line.io.ops.receive = line_receive;
	line.io.ops.send = line_send;
	line.io.ops.hang_up = line_hang_up;
	mkdir(scratch("srv"), 0700);
	line.options.root = strdup(scratch("srv"));
}

bool line_bring_level(const uint8_t *bytes, size_t size)
{
	struct place *place;
	struct place_head head;
	uint64_t at;
	bool good = !bk_place_ssh(&place, &line.io.io, LINE_URL, why());

	if (!good)
		return false;
	good = !place->ops->head(place, &head, why());
	if (good && !head.now.is_there)
		good = !place->ops->begin(place, bytes, PLACE_SUCCEEDS, why());
	at = good && head.now.is_there ? head.now.end : LOG_HEADER_SIZE;
	while (good && at < size) {
		size_t part = size - at < 1000 ? (size_t)(size - at) : 1000;

		good = !place->ops->append(
			place, bytes + 32, at, bytes + at, part, at + part == size, why());
		at += part;
	}
	place->ops->close(place);
	return good;
}
