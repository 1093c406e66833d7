/* verify_shut.c - what can be verified of a sealed log without its key: sums, chain, lengths. */
#include "search.h"
#include "verify_passes.h"

#define PROGRESS_BYTES ((uint64_t)16 << 20)

/* One walk over the frames as they stand. */
struct shut {
	struct verify *verify;
	struct walk walk;
	uint64_t at;
	uint32_t chain; /* that the frame there must have */
	bool has_chain; /* false behind damage, and where the header's sum is not known */
};

static void take(struct shut *shut, const struct frame *frame)
{
	struct bk_verify_result *result = shut->verify->result;

	if (shut->has_chain && frame->head.chain != shut->chain)
		bk_verify_finding(shut->verify, frame->offset,
			"the frame at offset %llu does not follow the one before it",
			(unsigned long long)frame->offset);
	if (frame->head.kind != FRAME_SLOT && !(frame->head.must & FRAME_SEALED))
		bk_verify_finding(shut->verify, frame->offset,
			"the frame at offset %llu stands in the clear, in a sealed log: whoever "
			"put it there did not have the key",
			(unsigned long long)frame->offset);
	result->frames++;
	result->changes += frame->head.kind == FRAME_CHANGE;
	result->keyframes += frame->head.kind == FRAME_KEYFRAME;
	shut->at = bk_frame_end(frame);
	shut->chain = (uint32_t)frame->head.sum;
	shut->has_chain = true;
}

/* No valid frame stands at shut->at: goes on behind it. */
static enum bk_code pass_over(struct shut *shut, uint64_t end, struct bk_error *err)
{
	uint64_t next;
	enum bk_code code = bk_walk_resync(&shut->walk, shut->at, end, &next, err);

	if (code)
		return code;
	bk_verify_finding(shut->verify, shut->at,
		"no valid frame stands in the %llu bytes from %llu on",
		(unsigned long long)(next - shut->at), (unsigned long long)shut->at);
	shut->at = next;
	shut->has_chain = false;
	return BK_OK;
}

static enum bk_code walk_all(struct shut *shut, uint64_t end, struct bk_error *err)
{
	uint64_t told = 0;
	enum bk_code code = BK_OK;

	while (!code && shut->at < end) {
		struct frame frame;

		code = bk_walk_frame(&shut->walk, shut->at, &frame, err);
		if (!code)
			take(shut, &frame);
		else if (code == BK_E_DAMAGE)
			code = pass_over(shut, end, err);
		if (shut->at - told >= PROGRESS_BYTES) {
			told = shut->at;
			bk_verify_progress(shut->verify, told, end);
		}
	}
	return code;
}

static enum bk_code verify_file(
	struct verify *verify, const struct logfile *lf, struct bk_error *err)
{
	struct shut shut = {.verify = verify,
		.at = LOG_HEADER_SIZE,
		.chain = (uint32_t)lf->header.sum,
		.has_chain = !lf->header_damaged};
	struct log_end end;
	enum bk_code code = bk_logfile_find_end(lf, &end, err);

	if (code)
		return code;
	if (lf->header_damaged)
		bk_verify_finding(
			verify, 0, "the header is damaged; the log's id was found in a slot");
	bk_walk_init(&shut.walk, lf, WALK_CHUNK_MANY);
	shut.walk.as_stands = true;
	code = walk_all(&shut, end.end, err);
	bk_walk_done(&shut.walk);
	verify->result->is_shut = true;
	verify->result->bytes = end.end;
	verify->result->torn_bytes = end.tail_end - end.end;
	return code;
}

enum bk_code bk_verify_shut(
	struct verify *verify, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct logfile lf;
	enum bk_code code = bk_logfile_open(&lf, io, path, BK_IO_READ, err);

	if (code)
		return code;
	code = verify_file(verify, &lf, err);
	bk_logfile_close(&lf);
	if (code != BK_E_DAMAGE && code != BK_E_LIMIT)
		return code;
	bk_verify_finding(verify, 0, "%s", err->msg);
	return BK_OK;
}
