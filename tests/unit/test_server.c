/* test_server.c - a place on another computer: the client's end (place_ssh.h) and the server's
 * (bk/server.h), with a stream between them that can be cut at any byte (docs/mirror.md, 3). */
#include "codec.h"
#include "forge.h"
#include "line.h"
#include "node.h"
#include "place_ssh.h"
#include "sshurl.h"
#include "wire.h"
#include <errno.h>
#include <sys/socket.h>

SUITE(server);

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
		good = line_bring_level(bytes, size);
		cuts += !good;
		line.cut_at = 0;
		cr_assert(line_bring_level(bytes, size), "cut at %llu: %s", (unsigned long long)cut,
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
	cr_assert(line_bring_level(bytes, size));
	cr_assert(strcmp(line.command,
			  "ssh -T -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=15 "
			  "-oServerAliveCountMax=3 -oClearAllForwardings=yes -p 2022 -l me -- "
			  "there backup-cli server --stdio --root /srv/backup") == 0,
		"%s", line.command);
	place = connect_to(LINE_URL);
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
	cr_assert(line_bring_level(bytes, size));
	place = connect_to(LINE_URL);
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
	place = connect_to(LINE_URL);
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
	cr_assert(line_bring_level(bytes, size));
	place = connect_to(LINE_URL "2");
	fails(BK_E_LIMIT, place->ops->begin(place, bytes, PLACE_SUCCEEDS, why()));
	says("--max-logs");
	place->ops->close(place);
	line.options.logs_max = 2;
	place = connect_to(LINE_URL "2");
	ok(place->ops->begin(place, bytes, PLACE_SUCCEEDS, why()));
	place->ops->close(place);
	free(bytes);
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
		place = connect_to(LINE_URL);
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
		cr_assert(line.io.ops.run(NULL, (char *[]){word, NULL}, &stream) == 0);
		cr_assert(send(line.ends[0], cases[i].bytes, cases[i].size, 0) ==
			  (ssize_t)cases[i].size);
		shutdown(line.ends[0], SHUT_WR);
		line.io.ops.hang_up(NULL, stream, NULL, 0);
		cr_assert(line.code == BK_E_INVALID, "case %zu: %d", i, line.code);
	}
	line.options.root = "/nowhere/at/all";
	cr_assert(line.io.ops.run(NULL, (char *[]){word, NULL}, &stream) == 0);
	line.io.ops.hang_up(NULL, stream, NULL, 0);
	cr_assert(line.code == BK_E_MISSING);
}
