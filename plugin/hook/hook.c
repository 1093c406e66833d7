/* hook.c - db_write: making each change durable in the log before lightningd commits it. */
#include "hook.h"
#include "first.h"
#include "later.h"
#include "level.h"
#include "message.h"
#include "out.h"
#include "reasons.h"
#include "seen.h"
#include "succeed.h"
#include "times.h"
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct hook {
	const struct bk_io *io;
	const struct bk_net *net;
	struct watch *watch;
	int wake; /* an eventfd */
	struct times *times;
	struct session session; /* with a writer: open */
	struct statements statements;
};

struct hook *hook_new(const struct bk_io *io, const struct bk_net *net)
{
	struct hook *hook = calloc(1, sizeof *hook);

	if (!hook)
		return NULL;
	hook->io = io;
	hook->net = net;
	hook->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hook->wake < 0) {
		free(hook);
		return NULL;
	}
	return hook;
}

int hook_wake(const struct hook *hook)
{
	return hook->wake;
}

void hook_turn(struct hook *hook)
{
	uint64_t times;

	(void)!read(hook->wake, &times, sizeof times);
	if (!succeed_turn(&hook->session))
		hook_close(hook, false);
}

void hook_compact(struct hook *hook, const cJSON *id)
{
	compaction_ask(hook->session.compaction, id);
}

bool hook_close(struct hook *hook, bool in_order)
{
	bool was_open = hook->session.writer;

	session_close(&hook->session, in_order);
	return was_open;
}

void hook_free(struct hook *hook)
{
	if (!hook)
		return;
	hook_close(hook, false);
	watch_stop(hook->watch);
	close(hook->wake);
	times_stop(hook->times);
	free(hook->statements.list);
	free(hook);
}

static enum bk_code start_threads(struct session *session, struct refusal *why)
{
	struct bk_error err;
	enum bk_code code = session_follow(session, &err);

	if (!code)
		code = succeed_start(session, &err);
	return code ? refusal_of(why, &err, NULL) : BK_OK;
}

static enum bk_code begin(struct hook *hook, struct call *call, struct refusal *why)
{
	struct session *session = &hook->session;
	struct bk_error err;
	enum bk_code code;

	if (!hook->watch && watch_start(&hook->watch, &err))
		return refusal_of(why, &err, NULL);
	code = session_open(session, hook->io, hook->net, hook->watch, call, why);
	session->wake = hook->wake;
	/* Nothing is refused for want of figures. */
	if (!hook->times && times_start(&hook->times, hook->io, &err))
		hook->times = NULL;
	if (!code)
		code = first_call(session, call, why);
	if (!code)
		code = level_first(session, call, why);
	if (!code)
		code = start_threads(session, why);
	session->is_settled = !code;
	if (!code)
		seen_note(hook->io, session->writer, &session->lockfile, session->places);
	return code;
}

static enum bk_code prepare(struct hook *hook, const struct bk_change *change, struct refusal *why)
{
	struct session *session = &hook->session;
	struct call call = {.version = change->version, .is_lone = bk_change_is_pragma(change)};
	enum bk_code code;

	if (!session->writer)
		return begin(hook, &call, why);
	call.head = bk_writer_version(session->writer);
	compare_pause(session->compare);
	code = later_call(session, &call, why);
	return code ? code : level_later(session, &call, why);
}

static enum bk_code append(struct hook *hook, const struct bk_change *change, struct refusal *why)
{
	struct session *session = &hook->session;
	struct bk_error err;
	enum bk_code code;

	/* A lone pragma is no commit. */
	if (!bk_change_is_pragma(change))
		continuity_commit(&session->continuity);
	session_expect(session);
	if (server_begin(session->server, change, &err))
		return refuse_server(why, &session->names, &err);
	watch_begin(session->watch, "writing and syncing the change to the log");
	code = bk_writer_append(session->writer, change, &err);
	watch_end(session->watch);
	compare_go_on(session->compare);
	if (code == BK_E_UNSAFE)
		return refuse_log(why, &session->names, &err);
	if (code)
		return refusal_of(why, &err, session->names.log);
	return server_finish(session->server, &err) ? refuse_server(why, &session->names, &err)
						    : BK_OK;
}

/* Makes CHANGE durable, or refuses it. */
static enum bk_code take(struct hook *hook, const struct bk_change *change, struct refusal *why)
{
	enum bk_code code = prepare(hook, change, why);

	return code ? code : append(hook, change, why);
}

static void refuse(struct hook *hook, const struct refusal *why, const cJSON *id)
{
	refusal_send(why, id);
	hook_close(hook, false);
}

void hook_db_write(struct hook *hook, const cJSON *id, const cJSON *params)
{
	struct bk_change change;
	struct refusal why;
	struct bk_error err;
	int64_t began_us = times_now_us();
	enum bk_code code;

	if (message_change(&change, params, &hook->statements, &err))
		code = refuse_params(&why, params, &err);
	else
		code = take(hook, &change, &why);
	if (code) {
		refuse(hook, &why, id);
		return;
	}
	out_continue(id);
	times_count(hook->times, began_us);
}

void hook_change(struct hook *hook, const struct bk_slice *id, const struct bk_change *change)
{
	struct refusal why;
	int64_t began_us = times_now_us();
	cJSON *refused;

	if (!take(hook, change, &why)) {
		out_continue_text(id);
		times_count(hook->times, began_us);
		return;
	}
	refused = cJSON_ParseWithLength(id->data, id->size);
	refuse(hook, &why, refused);
	cJSON_Delete(refused);
}
