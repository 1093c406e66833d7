/* talk.h - requests to a plugin, its answers, and its log lines, as JSON-RPC.
 *
 * Calling sequence: talk_init; talk_start; talk_request, more into talk->message, talk_send,
 * talk_answer, as often as wanted; talk_end; talk_done. */
#ifndef TALK_H
#define TALK_H

#include "peer.h"
#include <cJSON.h>

struct talk {
	struct peer peer;
	bool is_running;       /* peer is in use */
	struct bk_buf message; /* what is sent next */
	char id[64];           /* of the request put last */
	unsigned next_id;
	struct bk_slice answer; /* received last, until the next one */
	struct bk_buf logs;     /* lines "level: message\n", with a zero byte behind */
	void (*on_log)(void *ctx, const char *level, const char *message);
	void *ctx;
	struct rusage usage; /* of the plugin that ended last */
};

void talk_init(struct talk *talk);
void talk_done(struct talk *talk);

/* Starts argv[0]; ends the one before. Fails as peer_start does. */
BK_MUST_CHECK enum bk_code talk_start(struct talk *talk, char *const argv[],
	const struct child_options *options, unsigned timeout_ms, struct bk_error *err);

/* Lets go of the plugin, which is killed if it still runs. */
void talk_end(struct talk *talk);

/* Puts the beginning of a request, up to the brace that opens its params, in talk->message, which
 * is emptied before unless APPEND. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code talk_request(
	struct talk *talk, const char *method, bool append, struct bk_error *err);

/* Sends talk->message. Fails as peer_send does. */
BK_MUST_CHECK enum bk_code talk_send(struct talk *talk, struct bk_error *err);

/* The next message that is no log line, which the caller frees; NULL at the end of the plugin's
 * output. Fails with BK_E_INVALID if it is no JSON, and as peer_receive does. */
BK_MUST_CHECK enum bk_code talk_receive(struct talk *talk, cJSON **message, struct bk_error *err);

/* The same, and it must be the answer to the request ID. */
BK_MUST_CHECK enum bk_code talk_answer(
	struct talk *talk, const char *id, cJSON **message, struct bk_error *err);

/* Whether one of the kept log lines has TEXT in it and is of LEVEL (NULL: any). */
bool talk_has_logged(const struct talk *talk, const char *level, const char *text);

/* Takes in log lines until that is so, if it is not yet. Fails as talk_receive does, and with
 * BK_E_INVALID if another message comes first or the output ends. */
BK_MUST_CHECK enum bk_code talk_wait_log(
	struct talk *talk, const char *level, const char *text, struct bk_error *err);

/* Sends a request with PARAMS, the text between its braces, and receives its result, which must be
 * an object. */
BK_MUST_CHECK enum bk_code talk_ask(struct talk *talk, const char *method, const char *params,
	cJSON **answer, struct bk_error *err);

/* The log lines, as a text. */
const char *talk_logs(const struct talk *talk);

#endif
