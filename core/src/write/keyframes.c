/* keyframes.c - the keyframes that a log lacks, at once, without a thread. */
#include "proof.h"
#include <bk/follower.h>

/* What is to be done for the closed intervals alone. */
static enum bk_code next_closed(struct proof *proof, bool *found, struct bk_error *err)
{
	struct bk_log *log = proof->writer->log;
	struct proof_plan plan = {.step = PROOF_NOTHING};
	uint64_t next;
	size_t count;

	pthread_mutex_lock(&log->mutex);
	*found = bk_state_closed_interval(&log->state, &next, &count);
	if (*found)
		bk_proof_plan(proof, true, &plan);
	pthread_mutex_unlock(&log->mutex);
	return bk_proof_do(proof, &plan, err);
}

enum bk_code bk_keyframes_build(struct bk_writer *writer, struct bk_error *err)
{
	struct proof proof;
	bool found;
	enum bk_code code;

	bk_proof_init(&proof, writer);
	do
		code = next_closed(&proof, &found, err);
	while (!code && found);
	bk_proof_done(&proof);
	return code;
}
