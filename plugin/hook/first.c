/* first.c - the first db_write of a process. */
#include "first.h"
#include "doubt.h"
#include "out.h"
#include "reasons.h"
#include <bk/version.h>
#include <stdio.h>

/* Why log and node have to be compared, although they are at one version, into TEXT; false if it is
 * proven that they are the same. */
static bool is_unsure(struct session *session, const struct call *call, char *text, size_t size)
{
	struct bk_log_status status = {0};
	struct bk_head head;

	bk_writer_head(session->writer, &head);
	if (!bk_log_status(bk_writer_log(session->writer), &status, NULL) && *status.doubt)
		snprintf(text, size, "a doubt is open (%s)", status.doubt);
	else if (!head.has_stamp)
		snprintf(text, size,
			"the session before ended before version %u was seen committed",
			call->head);
	else if (!session->look.has_stamp)
		snprintf(text, size,
			"a database in WAL mode does not tell whether somebody else wrote to it");
	else if (!bk_stamp_same(&head.stamp, &session->look.stamp))
		snprintf(text, size, "the database was written to after version %u was seen in it",
			call->head);
	else
		return false;
	return true;
}

/* Log and node are at one version. That alone proves nothing: lightningd may have lost the head and
 * committed another change of that number while no plugin watched, or somebody else has written to
 * its database. */
static enum bk_code in_step(struct session *session, const struct call *call, struct refusal *why)
{
	char because[512];
	enum bk_code code = BK_OK;

	if (!is_unsure(session, call, because, sizeof because))
		session_in_step(session, call_base(call));
	else if (call_sees_database(call))
		code = doubt_check(session, call, because, why);
	else
		code = doubt_raise(session, call, because,
			session->look_error.code ? session->look_error.msg
						 : "another database stands where the node's "
						   "should",
			why);
	if (!code)
		out_log(LEVEL_INFO, "Versions match up: %u", call->head);
	return code;
}

static enum bk_code strike_out(struct session *session, struct call *call, struct refusal *why)
{
	struct bk_error err;
	enum bk_code code;

	watch_begin(session->watch, "striking out the change in the log that was never committed");
	code = bk_writer_rewind(session->writer, call->head - 1, &err);
	watch_end(session->watch);
	if (code == BK_E_INVALID)
		return refuse_older(why, &session->names, call);
	if (code)
		return refusal_of(why, &err, session->names.log);
	out_log(LEVEL_INFO,
		"Last changes not applied, rewinding non-committed transaction: version %u",
		call->head);
	call->head--;
	return BK_OK;
}

static enum bk_code rewind_head(struct session *session, struct call *call, struct refusal *why)
{
	enum bk_code code = strike_out(session, call, why);

	return code ? code : in_step(session, call, why);
}

/* The node is older than its backup, or says so: what it holds decides. */
static enum bk_code older(struct session *session, struct call *call, struct refusal *why)
{
	enum bk_code code;

	if (!doubt_is_set_back(session, call))
		return refuse_older(why, &session->names, call);
	code = strike_out(session, call, why);
	return code ? code
		    : doubt_heal(session, call,
			      "somebody has set the node's data_version back by one, and changed "
			      "nothing else",
			      why);
}

static enum bk_code heal_gap(struct session *session, const struct call *call, struct refusal *why)
{
	char state[80];

	snprintf(state, sizeof state, "the node is at version %u, the backup at %u",
		call_base(call), call->head);
	return doubt_heal(session, call, state, why);
}

enum bk_code first_call(struct session *session, struct call *call, struct refusal *why)
{
	switch (decide_first(call)) {
	case VERDICT_APPEND:
		return in_step(session, call, why);
	case VERDICT_REWIND:
		return rewind_head(session, call, why);
	case VERDICT_HEAL:
		return heal_gap(session, call, why);
	case VERDICT_GAP:
		return refuse_gap(why, &session->names, call, &session->look_error);
	case VERDICT_OLDER:
		return older(session, call, why);
	}
	return BK_OK;
}
