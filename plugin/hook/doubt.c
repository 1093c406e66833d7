/* doubt.c - log and node compared, and healed. */
#include "doubt.h"
#include "out.h"
#include "reasons.h"
#include "telling.h"
#include <bk/setback.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

/* A larger database is not compared while lightningd waits: 8 s were measured for 2 GB. */
#define COMPARE_BYTES_MAX ((off_t)4 << 30)

/* With a larger one, it is said beforehand what lightningd waits for. */
#define SAY_BYTES ((off_t)64 << 20)

#define WAIT_MAX    64  /* calls between two tries */
#define SEE_BUSY_MS 100 /* for the lock that tells whether there is something to compare */

void doubt_settled(struct session *session, const struct call *call)
{
	session->doubt = (struct doubt){0};
	compare_stop(session->compare);
	session->compare = NULL;
	session_in_step(session, call_base(call));
}

enum bk_code doubt_heal(
	struct session *session, const struct call *call, const char *state, struct refusal *why)
{
	struct bk_error err;

	if (session->lockfile.halt_on_gap)
		return refuse_halt(why, &session->names, state);
	out_log(LEVEL_UNUSUAL,
		"Backup is out of date, healing it: %s. Taking a full snapshot of %s", state,
		session->lockfile.database);
	if (heal_snapshot(&session->heal, BK_SNAPSHOT_GAP, &err))
		return refuse_heal(why, &session->names, call, &err);
	out_log(LEVEL_UNUSUAL, "the backup is whole again, from version %u on", call_base(call));
	doubt_settled(session, call);
	return BK_OK;
}

enum bk_code doubt_raise(struct session *session, const struct call *call, const char *because,
	const char *obstacle, struct refusal *why)
{
	struct doubt *doubt = &session->doubt;
	struct bk_log_status status = {0};
	char text[1024];
	struct bk_error err;
	enum bk_code code = bk_log_status(bk_writer_log(session->writer), &status, &err);

	snprintf(text, sizeof text, "%s; %s", because, obstacle);
	if (!code && !*status.doubt)
		code = bk_writer_raise_doubt(session->writer, text, &err);
	if (code)
		return refusal_of(why, &err, session->names.log);
	if (!doubt->is_heard)
		out_log(LEVEL_UNUSUAL,
			"it is not sure that the backup holds what the node does, and they could "
			"not be compared: %s. The log notes that doubt; it is tried again",
			text);
	doubt->is_open = doubt->is_heard = true;
	doubt->next_wait = !doubt->next_wait              ? 1
			   : doubt->next_wait >= WAIT_MAX ? WAIT_MAX
							  : doubt->next_wait * 2;
	doubt->wait = doubt->next_wait;
	session_in_step(session, call_base(call));
	return BK_OK;
}

/* Both have the same version, and not the same rows. */
static enum bk_code heal_difference(struct session *session, const struct call *call,
	const struct bk_against_result *result, struct refusal *why)
{
	char state[512];
	struct bk_error err;
	struct bk_head head;
	bool is_ours; /* the head, which lightningd committed: at a later call, as that tells */
	enum bk_code code = BK_OK;

	bk_writer_head(session->writer, &head);
	is_ours = session->is_settled || head.is_committed;
	snprintf(state, sizeof state,
		is_ours ? "somebody else has written to the node's database: at version %u it is "
			  "not what the backup holds: %.256s"
			: "the node and the backup are both at version %u, but that is not the "
			  "same change: %.256s",
		call_base(call), result->first);
	/* Perhaps ours was never committed. Where a keyframe stands on it, it was. */
	if (!is_ours && !session->lockfile.halt_on_gap)
		code = bk_writer_rewind(session->writer, head.version - 1, &err);
	if (code && code != BK_E_INVALID)
		return refusal_of(why, &err, session->names.log);
	return doubt_heal(session, call, state, why);
}

static enum bk_code settle(struct session *session, const struct call *call, struct refusal *why)
{
	struct bk_log_status status;
	struct bk_error err;
	enum bk_code code = bk_log_status(bk_writer_log(session->writer), &status, &err);

	if (!code && *status.doubt) {
		out_log(LEVEL_INFO,
			"the node's database is what the backup holds: that doubt is settled (%s)",
			status.doubt);
		code = bk_writer_settle_doubt(session->writer, "they were compared", &err);
	}
	if (code)
		return refusal_of(why, &err, session->names.log);
	doubt_settled(session, call);
	return BK_OK;
}

/* Until watch_end. */
static void begin_comparing(struct session *session, const char *because, off_t bytes,
	struct telling *telling, struct bk_against_options *options)
{
	*telling = (struct telling){.doing = "comparing", .told = time(NULL)};
	*options = (struct bk_against_options){
		.busy_ms = LIVE_BUSY_MS, .progress = telling_progress, .ctx = telling};
	if (bytes > SAY_BYTES)
		out_log(LEVEL_INFO,
			"comparing the node's database of %llu MB with its backup, row by row: %s. "
			"lightningd waits until that is done",
			(unsigned long long)bytes / 1000000, because);
	watch_begin(session->watch, "comparing the node's database with its backup");
}

static enum bk_code compare(struct session *session, const char *because, off_t bytes,
	struct bk_against_result *result, struct bk_error *err)
{
	struct telling telling;
	struct bk_against_options options;
	enum bk_code code;

	begin_comparing(session, because, bytes, &telling, &options);
	code = bk_verify_against(
		bk_writer_log(session->writer), session->lockfile.database, &options, result, err);
	watch_end(session->watch);
	if (!code && !result->is_held)
		code = bk_fail(err, BK_E_MISSING, 0, "the log does not hold version %u of %s",
			result->version, session->lockfile.database);
	return code;
}

/* What is too large is compared beside the node. */
static enum bk_code compare_beside(
	struct session *session, const struct call *call, const char *because, struct refusal *why)
{
	struct bk_error err;

	/* One that is under way knows nothing of what is doubted now. */
	compare_stop(session->compare);
	session->compare = NULL;
	if (compare_start(&session->compare, bk_writer_log(session->writer),
		    session->lockfile.database, &err))
		return refusal_of(why, &err, NULL);
	return doubt_raise(session, call, because,
		"its database is too large to be compared while lightningd waits: that is done "
		"when the node is quiet",
		why);
}

/* What the comparison beside the node found. It holds for all that came since: each change came to
 * both, and nobody else wrote. */
static enum bk_code take_result(struct session *session, const struct call *call,
	const struct bk_against_result *result, struct refusal *why)
{
	return result->differences ? heal_difference(session, call, result, why)
				   : settle(session, call, why);
}

/* Whether the database that we see is the node's, at its version; else what it is instead. */
static bool sees_database(struct session *session, const struct call *call, struct bk_error *err)
{
	struct bk_look look;

	if (bk_live_look(session->live, SEE_BUSY_MS, &look, err))
		return false;
	if (look.version == call_base(call))
		return true;
	bk_fail(err, BK_E_MISSING, 0, "another database stands where the node's should");
	return false;
}

/* A change that cannot be replayed keeps it from being compared: only a snapshot helps. */
static enum bk_code heal_unreplayable(struct session *session, const struct call *call,
	const char *because, const struct bk_error *err, struct refusal *why)
{
	enum bk_code code = doubt_raise(session, call, because, err->msg, why);

	if (!code && (err->code == BK_E_SQL || err->code == BK_E_DAMAGE) &&
		heal_replay(&session->heal))
		doubt_settled(session, call);
	return code;
}

enum bk_code doubt_check(
	struct session *session, const struct call *call, const char *because, struct refusal *why)
{
	struct bk_against_result result = {0};
	struct bk_error err = {0};
	struct stat st = {0};

	if (!sees_database(session, call, &err))
		return doubt_raise(session, call, because, err.msg, why);
	if (stat(session->lockfile.database, &st) == 0 && st.st_size > COMPARE_BYTES_MAX)
		return compare_beside(session, call, because, why);
	if (compare(session, because, st.st_size, &result, &err))
		return heal_unreplayable(session, call, because, &err, why);
	return take_result(session, call, &result, why);
}

bool doubt_is_set_back(struct session *session, const struct call *call)
{
	struct telling telling;
	struct bk_against_options options;
	struct bk_log *log = bk_writer_log(session->writer);
	off_t bytes = (off_t)session->look.stamp.size;
	bool is;

	if (!call_sees_database(call) || !bk_may_be_set_back(log, &session->look) ||
		bytes > COMPARE_BYTES_MAX)
		return false;
	begin_comparing(
		session, "it is one version older than its backup", bytes, &telling, &options);
	is = bk_is_set_back(log, session->lockfile.database, &options);
	watch_end(session->watch);
	return is;
}

enum bk_code doubt_try(struct session *session, const struct call *call, struct refusal *why)
{
	struct doubt *doubt = &session->doubt;
	struct bk_against_result result;

	if (!doubt->is_open)
		return BK_OK;
	if (compare_result(session->compare, &result))
		return take_result(session, call, &result, why);
	if (session->compare || doubt->wait-- > 1)
		return BK_OK;
	return doubt_check(session, call, "it is tried again", why);
}
