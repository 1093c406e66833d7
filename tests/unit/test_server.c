/* test_server.c - a place on another computer: the client's end (place_ssh.h) and the server's
 * (bk/server.h), with a stream between them that can be cut at any byte (docs/mirror.md, 3). */
#include "codec.h"
#include "forge.h"
#include "node.h"
#include "place_ssh.h"
#include "sshurl.h"
#include "wire.h"
#include <bk/image.h>
#include <bk/remote.h>
#include <bk/server.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

SUITE(server);

/* The line: a pair of sockets, and a server in a thread of its own. */
static struct line {
	struct test_io io;
	struct bk_server_options options;
	int ends[2];
	pthread_t thread;
	enum bk_code code; /* how the server ended */
	struct bk_error err;
	uint64_t passed, cut_at; /* bytes either way; behind CUT_AT nothing passes. 0: never */
	unsigned requests;
	void *(*serve)(void *arg); /* what is at the other end; NULL: a server */
	char command[1024];
} line;

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
	return n < 0 ? -errno : n;
}

static int64_t line_send(
	void *ctx, void *stream, const void *data, size_t size, unsigned timeout_ms)
{
	size_t part = may_pass(size);

	line.requests++;
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

static void line_begin(void)
{
	line = (struct line){0};
	test_io_init(&line.io);
	line.io.ops.run = line_run;
	line.io.ops.receive = line_receive;
	line.io.ops.send = line_send;
	line.io.ops.hang_up = line_hang_up;
	mkdir(scratch("srv"), 0700);
	line.options.root = strdup(scratch("srv"));
}

#define URL "ssh://me@there:2022/srv/backup/node.bkp"

static struct place *connect_to(const char *url)
{
	struct place *place;

	ok(bk_place_ssh(&place, &line.io.io, url, why()));
	return place;
}

/* A log with a change, a rewind and a snapshot, closed; the caller frees its bytes. */
static uint8_t *small_log(size_t *size)
{
	struct node node;

	node_begin(&node, 0);
	node_change(&node, "CREATE TABLE t (x)", "INSERT INTO t VALUES ('a row of a small log')");
	node_lost(&node, "INSERT INTO t VALUES ('never committed')");
	ok(bk_writer_rewind(node.writer, node.version, why()));
	node_unwatched(&node, "INSERT INTO t VALUES ('unwatched')");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	node_change(&node, "INSERT INTO t VALUES ('the last')");
	node_end(&node);
	return file_bytes(scratch("log"), size);
}

/* Brings the place level with the log BYTES from wherever it stands, as a mirror does; false where
 * the line broke. */
static bool bring_level(const uint8_t *bytes, size_t size)
{
	struct place *place;
	struct place_head head;
	uint64_t at;
	bool good = !bk_place_ssh(&place, &line.io.io, URL, why());

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

static void check_there(const uint8_t *bytes, size_t size)
{
	size_t got;
	uint8_t *there = file_bytes(scratch("srv/node.bkp"), &got);

	cr_assert(got == size, "%zu bytes of %zu", got, size);
	cr_assert(memcmp(there, bytes, size) == 0);
	free(there);
}

/* "The connection cut at every byte of a change, of a rewind and of a snapshot: nothing lost,
 * nothing twice." */
Test(server, a_line_that_is_cut_at_every_byte, .timeout = 120)
{
	size_t size, cuts = 0;
	uint8_t *bytes;
	bool good = false;

	line_begin();
	bytes = small_log(&size);
	for (uint64_t cut = 1; !good; cut++) {
		line.cut_at = cut;
		good = bring_level(bytes, size);
		cuts += !good;
		line.cut_at = 0;
		cr_assert(bring_level(bytes, size), "cut at %llu: %s", (unsigned long long)cut,
			why()->msg);
		check_there(bytes, size);
		unlink(scratch("srv/node.bkp"));
		unlink(scratch("srv/node.bkp.durable"));
	}
	cr_assert(cuts > size, "only %zu cuts", cuts);
	free(bytes);
}

Test(server, gives_what_it_holds_and_says_where_it_stands)
{
	struct place *place;
	struct place_head head;
	uint8_t *bytes, back[3000];
	size_t size, got;

	line_begin();
	bytes = small_log(&size);
	cr_assert(bring_level(bytes, size));
	cr_assert(strcmp(line.command,
			  "ssh -T -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=15 "
			  "-oServerAliveCountMax=3 -oClearAllForwardings=yes -p 2022 -l me -- "
			  "there backup-cli server --stdio --root /srv/backup") == 0,
		"%s", line.command);
	place = connect_to(URL);
	ok(place->ops->head(place, &head, why()));
	cr_assert(head.now.end == size && head.now.durable == size && !head.coming.is_there);
	for (size_t at = 0; at < size; at += got) {
		ok(place->ops->read(place, head.now.id, at, back, sizeof back, &got, why()));
		cr_assert(got && memcmp(back, bytes + at, got) == 0);
	}
	ok(place->ops->read(place, head.now.id, size, back, sizeof back, &got, why()));
	cr_assert(!got);
	place->ops->close(place);
	cr_assert(line.code == BK_OK);
	free(bytes);
}

/* What it refuses keeps its reason and its code on the way. */
Test(server, refusals_come_through)
{
	uint8_t *bytes, bad[100] = {0};
	struct place *place;
	struct place_head head;
	size_t size;

	line_begin();
	bytes = small_log(&size);
	cr_assert(bring_level(bytes, size));
	place = connect_to(URL);
	fails(BK_E_UNSAFE,
		place->ops->append(place, bytes + 32, size, bad, sizeof bad, true, why()));
	says("no frame begins");
	says("there: ");
	fails(BK_E_BUSY, place->ops->append(place, bytes + 32, size - 5, bad, 5, true, why()));
	/* What was not waited for is told with what is. */
	ok(place->ops->append(place, bytes + 32, size, bad, sizeof bad, false, why()));
	ok(place->ops->append(place, bytes + 32, size + 100, bad, sizeof bad, false, why()));
	fails(BK_E_UNSAFE, place->ops->head(place, &head, why()));
	ok(place->ops->head(place, &head, why()));
	cr_assert(head.now.end == size);
	place->ops->close(place);
	check_there(bytes, size);
	line.options.append_only = true;
	place = connect_to(URL);
	fails(BK_E_UNSAFE, place->ops->begin(place, bytes, PLACE_ANEW, why()));
	says("by a client's word");
	place->ops->close(place);
	free(bytes);
}

/* Each name is a log: a client cannot fill the directory with them. */
Test(server, no_more_logs_than_may_be_there)
{
	uint8_t *bytes;
	struct place *place;
	size_t size;

	line_begin();
	bytes = small_log(&size);
	line.options.logs_max = 1;
	cr_assert(bring_level(bytes, size));
	place = connect_to(URL "2");
	fails(BK_E_LIMIT, place->ops->begin(place, bytes, PLACE_SUCCEEDS, why()));
	says("--max-logs");
	place->ops->close(place);
	line.options.logs_max = 2;
	place = connect_to(URL "2");
	ok(place->ops->begin(place, bytes, PLACE_SUCCEEDS, why()));
	place->ops->close(place);
	free(bytes);
}

/* As the server of backup-cli does it. */
static void look(const struct bk_io *io, const char *path, const uint32_t *version)
{
	struct bk_log_status status;
	struct bk_image *image;
	struct bk_log *log;

	ok(bk_log_open(&log, io, path, why()));
	ok(bk_log_status(log, &status, why()));
	ok(bk_image_open(&image, log, version ? *version : status.version, NULL, why()));
	bk_image_close(image);
	bk_log_close(log);
}

/* A log of many blocks and keyframes, held by the server; the head. */
static uint32_t large_log(void)
{
	struct node node;
	uint64_t random = 1;
	uint32_t version;
	uint8_t *bytes;
	size_t size;

	node_begin(&node, 16);
	node_change(&node, "CREATE TABLE t (x INTEGER PRIMARY KEY, y)");
	for (unsigned i = 0; i < 600; i++) {
		char sql[2000], *at = sql;

		at += sprintf(at, "INSERT OR REPLACE INTO t VALUES (%u, '", i % 97);
		for (unsigned j = 0; j < 100; j++)
			at += sprintf(at, "%016llx", (unsigned long long)random_next(&random));
		strcpy(at, "')");
		node_change(&node, sql);
		if (i % 16 == 0)
			ok(bk_keyframes_build(node.writer, why()));
	}
	version = node.version;
	node_end(&node);
	bytes = file_bytes(scratch("log"), &size);
	cr_assert(size > 8 * ((size_t)64 << 10) && bring_level(bytes, size));
	free(bytes);
	return version;
}

/* Opens the image of VERSION from afar, which must be that of the log here; how many requests that
 * took. */
static unsigned open_afar(struct bk_log *log, struct bk_log *here, uint32_t version)
{
	static uint8_t a[1 << 20], b[1 << 20];
	struct bk_image *image, *other;
	unsigned before = line.requests, took;
	size_t size, size_here;

	ok(bk_image_open(&image, log, version, NULL, why()));
	took = line.requests - before;
	ok(bk_image_open(&other, here, version, NULL, why()));
	ok(bk_image_read(image, a, sizeof a, 0, &size, why()));
	ok(bk_image_read(other, b, sizeof b, 0, &size_here, why()));
	cr_assert(size == size_here && memcmp(a, b, size) == 0);
	bk_image_close(image);
	bk_image_close(other);
	return took;
}

/* What opening each of some versions takes, over a connection of their own; the most. */
static unsigned open_some(struct bk_log *here, uint32_t head)
{
	struct bk_remote *remote;
	struct bk_log *log;
	unsigned most = 0;

	ok(bk_remote_new(&remote, &line.io.io, why()));
	ok(bk_log_open(&log, bk_remote_io(remote), URL, why()));
	for (uint32_t version = head / 5; version < head; version += head / 5) {
		unsigned took = open_afar(log, here, version);

		most = took > most ? took : most;
	}
	bk_log_close(log);
	bk_remote_free(remote);
	return most;
}

/* "An IMAGE": what opening a version reads comes in one exchange; another may ask for the log's
 * head. */
Test(server, an_image_comes_in_one_exchange, .timeout = 60)
{
	struct bk_log *here;
	uint32_t head;

	line_begin();
	head = large_log();
	ok(bk_log_open(&here, &line.io.io, scratch("log"), why()));
	cr_assert(open_some(here, head) > 5, "a log too small to show anything");
	line.options.look = look;
	cr_assert(open_some(here, head) <= 2);
	bk_log_close(here);
}

static uint8_t hostile_parts[64];
static size_t hostile_size;

static void hostile_send(enum wire_type type, const void *body, size_t size)
{
	uint8_t message[8 + 128];

	bk_wire_put_head(message, (uint32_t)size, type);
	memcpy(message + 8, body, size);
	send(line.ends[1], message, 8 + size, MSG_NOSIGNAL);
}

/* A server that greets, and sends HOSTILE_PARTS as its answer, for as long as it can. */
static void *serve_hostile(void *arg)
{
	uint8_t body[WIRE_HELLO_SIZE], request[128];

	if (recv(line.ends[1], request, sizeof request, 0) > 0) {
		bk_wire_put_hello(body, WIRE_IMAGES);
		hostile_send(WIRE_HELLO, body, sizeof body);
	}
	if (recv(line.ends[1], request, sizeof request, 0) > 0)
		for (unsigned i = 0; i < 1000; i++)
			hostile_send(WIRE_DATA, hostile_parts, hostile_size);
	shutdown(line.ends[1], SHUT_RDWR);
	return arg;
}

static void count_parts(void *ctx, uint64_t offset, const uint8_t *bytes, size_t size)
{
	(void)offset;
	(void)bytes;
	*(size_t *)ctx += size;
}

/* Parts that are none, and ones without end, end the connection. */
Test(server, an_image_that_is_none)
{
	static const struct {
		uint64_t offset;
		uint32_t size;
		size_t there, taken;
	} bad[] = {{0, 9, 8, 0}, {0, UINT32_MAX, 8, 0}, {UINT64_MAX, 8, 8, 0}, {0, 8, 9, 8},
		{1, 8, 8, 64 * 8}};
	const uint8_t id[LOG_ID_SIZE] = {0};

	line_begin();
	line.serve = serve_hostile;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct place *place;
		size_t taken = 0;

		bk_put_u32(bk_put_u64(hostile_parts, bad[i].offset), bad[i].size);
		hostile_size = WIRE_PART_SIZE + bad[i].there;
		place = connect_to(URL);
		fails(BK_E_IO, place->ops->image(place, id, NULL, count_parts, &taken, why()));
		cr_assert(taken == bad[i].taken, "%zu: %zu", i, taken);
		place->ops->close(place);
	}
}

Test(server, names_that_lead_elsewhere_are_refused)
{
	static const char *const names[] = {"", ".", "..", "../x", "a/b", ".hidden", "-x", "a b",
		"x.durable", "x.next", "x.new", "x.was-1-2", "caf\xc3\xa9"};
	static const char *const good[] = {"a", "node.bkp", "A-1_2.x"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		cr_assert(!bk_wire_is_name(names[i], strlen(names[i])), "%s", names[i]);
	for (size_t i = 0; i < COUNT_OF(good); i++)
		cr_assert(bk_wire_is_name(good[i], strlen(good[i])), "%s", good[i]);
	cr_assert(!bk_wire_is_name("a\0b", 3));
}

Test(server, urls)
{
	static const struct {
		const char *url, *user, *host, *port, *root, *name, *program;
	} good[] = {
		{"ssh://h/node.bkp", NULL, "h", NULL, "/", "node.bkp", "backup-cli"},
		{"ssh://u@h.example:22/a/b c/n", "u", "h.example", "22", "/a/b c", "n",
			"backup-cli"},
		{"ssh://u@[fe80::1%eth0]:22/a/n", "u", "fe80::1%eth0", "22", "/a", "n",
			"backup-cli"},
		{"ssh://h/~/n", NULL, "h", NULL, ".", "n", "backup-cli"},
		{"ssh://h/~/b/n?server=/opt/x", NULL, "h", NULL, "b", "n", "/opt/x"},
	};
	static const char *const bad[] = {"ssh://", "ssh:///a/n", "ssh://h", "ssh://h/",
		"ssh://-oProxyCommand=x/n", "ssh://-l@h/n", "ssh://h:x/n", "ssh://h:/n",
		"ssh://h:123456/n", "ssh://u@/n", "ssh://h/a/..", "ssh://h/n?x=1",
		"ssh://h/n?server=-x", "ssh://h/n?server=a;b", "ssh://[h/n", "ssh://h/a\nb/n",
		"ssh://h;x/n", "ssh://h/n.next"};
	struct sshurl url;

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		ok(bk_sshurl_parse(&url, good[i].url, why()));
		cr_assert(strcmp(url.host, good[i].host) == 0 &&
				  strcmp(url.root, good[i].root) == 0 &&
				  strcmp(url.name, good[i].name) == 0 &&
				  strcmp(url.program, good[i].program) == 0,
			"%s: %s %s %s", good[i].url, url.host, url.root, url.name);
		cr_assert(!url.user == !good[i].user &&
			  (!url.user || strcmp(url.user, good[i].user) == 0));
		cr_assert(!url.port == !good[i].port &&
			  (!url.port || strcmp(url.port, good[i].port) == 0));
		bk_sshurl_done(&url);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		fails(BK_E_INVALID, bk_sshurl_parse(&url, bad[i], why()));
	/* The shell on the other side gets one word. */
	ok(bk_sshurl_parse(&url, "ssh://h/a'b; rm -rf $HOME/n", why()));
	cr_assert(strstr(url.command, "--root '/a'\\''b; rm -rf $HOME'"), "%s", url.command);
	bk_sshurl_done(&url);
}

/* A client that sends rubbish is dropped. */
Test(server, rubbish)
{
	static const struct {
		const char *bytes;
		size_t size;
	} cases[] = {
		{"GET / HTTP/1.1\r\n\r\n", 18},
		{"\x00\x00\x00\x00\x02\x00\x00\x00", 8},      /* no greeting first */
		{"\xff\xff\xff\x7f\x01\x00\x00\x00", 8},      /* too large */
		{"\x04\x00\x00\x00\x01\x00\x00\x00nope", 12}, /* another greeting */
		{"\x00\x00\x00\x00\x01\x00\x00\x01", 8},      /* a head with more in it */
	};
	char word[] = "x";
	void *stream;

	line_begin();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		cr_assert(line_run(NULL, (char *[]){word, NULL}, &stream) == 0);
		cr_assert(send(line.ends[0], cases[i].bytes, cases[i].size, 0) ==
			  (ssize_t)cases[i].size);
		shutdown(line.ends[0], SHUT_WR);
		line_hang_up(NULL, stream, NULL, 0);
		cr_assert(line.code == BK_E_INVALID, "case %zu: %d", i, line.code);
	}
	line.options.root = "/nowhere/at/all";
	cr_assert(line_run(NULL, (char *[]){word, NULL}, &stream) == 0);
	line_hang_up(NULL, stream, NULL, 0);
	cr_assert(line.code == BK_E_MISSING);
}
