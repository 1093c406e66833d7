/* setback.c - a database whose data_version was set back by hand. */
#include "log.h"
#include <bk/setback.h>
#include <bk/version.h>

bool bk_may_be_set_back(struct bk_log *log, const struct bk_look *found)
{
	const struct state *state = &log->state;
	const struct bk_stamp *now = &found->stamp;
	bool may;

	pthread_mutex_lock(&log->mutex);
	may = state->facts.has_seen && found->has_stamp &&
	      bk_version_distance(found->version, state->version) == -1 &&
	      now->inode == state->facts.seen.inode &&
	      (int32_t)(now->counter - state->facts.seen.counter) > 0;
	pthread_mutex_unlock(&log->mutex);
	return may;
}

bool bk_is_set_back(
	struct bk_log *log, const char *database_path, const struct bk_against_options *options)
{
	struct bk_against_options against = *options;
	struct bk_against_result result;
	struct bk_log_status status;
	struct bk_error ignored;

	if (bk_log_status(log, &status, &ignored))
		return false;
	against.has_version = true;
	against.version = status.version;
	/* The row of vars that has the version is one difference, and there is no other. */
	return !bk_verify_against(log, database_path, &against, &result, &ignored) &&
	       result.is_held && result.differences == 1 &&
	       bk_version_distance(result.version, status.version) == -1;
}
