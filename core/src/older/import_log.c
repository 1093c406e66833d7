/* import_log.c - the log that an import writes: its beginnings and ends, and the proof of it. */
#include "importing.h"
#include "rebuilt.h"
#include <bk/snapshot.h>
#include <stdio.h>

void bk_import_tell(struct bk_import *import, const char *fmt, ...)
{
	char text[BK_ERROR_MESSAGE_MAX + 256];
	va_list args;

	if (!import->options.note)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	import->options.note(import->options.ctx, text);
}

enum bk_code bk_import_begin_log(struct bk_import *import, bool is_empty, struct bk_error *err)
{
	const struct bk_writer_options options = {.program = import->options.program};
	uint32_t version;
	enum bk_code code = bk_log_create(&import->work, import->temp,
		is_empty ? NULL : import->snapshot, 0, NULL, NULL, &version, err);

	if (!code)
		code = bk_writer_open(&import->writer, &import->work, import->temp, &options, err);
	if (!code)
		bk_proof_init(&import->proof, import->writer);
	return code;
}

void bk_import_end_log(struct bk_import *import)
{
	if (import->writer) {
		bk_proof_done(&import->proof);
		bk_writer_leave(import->writer);
	}
	import->writer = NULL;
	import->io->ops->unlink(import->io->ctx, import->temp);
}

/* Replays to the log's end, as a follower does. */
static enum bk_code prove_all(struct bk_import *import, struct bk_error *err)
{
	pthread_mutex_t *mutex = &import->writer->log->mutex;
	struct proof_plan plan;
	enum bk_code code = BK_OK;

	do {
		pthread_mutex_lock(mutex);
		bk_proof_plan(&import->proof, true, &plan);
		pthread_mutex_unlock(mutex);
		if (plan.step != PROOF_NOTHING)
			code = bk_proof_do(&import->proof, &plan, err);
	} while (!code && plan.step != PROOF_NOTHING);
	return code;
}

enum bk_code bk_import_prove(struct bk_import *import, struct bk_error *err)
{
	uint32_t head = bk_writer_version(import->writer);
	struct bk_error why;
	enum bk_code code = prove_all(import, &why);

	if (code == BK_E_IO || code == BK_E_NOMEM)
		return bk_fail_as(err, &why);
	if (!code)
		return BK_OK;
	/* There is no node to ask. */
	if (bk_rebuilt_keep(import->writer, &import->work, import->snapshot, err)) {
		bk_import_tell(
			import, "version %u may not be what the node had: %s", head, why.msg);
		return BK_OK;
	}
	bk_import_tell(import,
		"version %u cannot be replayed: %s. It and what comes behind it is "
		"left out",
		head, why.msg);
	import->is_stuck = true;
	import->result.lacking++;
	return bk_writer_rewind(import->writer, head - 1, err);
}
