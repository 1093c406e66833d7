/* line.h - a line to a server of places: a pair of sockets, and the server in a thread of its own.
 * It can be cut at any byte, and held up. */
#ifndef TEST_LINE_H
#define TEST_LINE_H

#include "support.h"
#include <bk/server.h>
#include <pthread.h>

extern struct line {
	struct test_io io; /* which runs no ssh, but this */
	struct bk_server_options options;
	int ends[2];
	pthread_t thread;
	enum bk_code code; /* how the server ended */
	struct bk_error err;
	uint64_t passed, cut_at; /* bytes either way; behind CUT_AT nothing passes. 0: never */
	unsigned exchanges; /* what is sent before an answer is heard belongs to one */
	bool has_heard;
	uint64_t sought;     /* an offset: what is sent with it in it */
	unsigned sought_for; /* belongs to this exchange; 0: none yet */
	void *(*serve)(void *arg); /* what is at the other end; NULL: a server */
	char command[1024];
	pthread_mutex_t hold; /* who takes it holds up what the client sends, */
	_Atomic bool held;    /* and this tells that something waits */
} line;

#define LINE_URL "ssh://me@there:2022/srv/backup/node.bkp"

void line_begin(void);

/* Brings the place at LINE_URL level with the log BYTES from wherever it stands, as a mirror does;
 * false where the line broke. */
bool line_bring_level(const uint8_t *bytes, size_t size);

#endif
