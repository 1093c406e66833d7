/* answer.c - the RPC backup-status. */
#include "answer.h"
#include "lookprint.h"
#include "out.h"
#include <bk/buf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The look has deadlines of its own, 20 s with those for the node's database, and ends before that. */
#define SILENT_MS 30000u

#define ANSWER_BYTES_MAX ((size_t)1 << 20)
#define PIECE_BYTES      4096

/* Each of them is a process: so many at once. */
#define ANSWERS_MAX 4

static atomic_uint under_way;

struct answer {
	const struct bk_io *io;
	cJSON *id; /* owned */
};

/* What the process says, up to its end. */
static bool receive_all(const struct bk_io *io, void *stream, struct bk_buf *text)
{
	uint8_t piece[PIECE_BYTES];
	struct bk_error ignored;
	int64_t n;

	while ((n = io->ops->receive(io->ctx, stream, piece, sizeof piece, SILENT_MS)) > 0)
		if (bk_buf_append(text, piece, (size_t)n, &ignored))
			return false;
	return n == 0;
}

/* What the look found; NULL where it did not come to an end. */
static cJSON *ask(const struct bk_io *io)
{
	static char program[] = "/proc/self/exe", argument[] = LOOKPRINT_ARGUMENT;
	char *const argv[] = {program, argument, NULL};
	cJSON *found = NULL;
	struct bk_buf text;
	char said[256];
	void *stream;

	if (io->ops->run(io->ctx, argv, &stream) < 0)
		return NULL;
	bk_buf_init(&text, ANSWER_BYTES_MAX);
	if (receive_all(io, stream, &text) && text.size)
		found = cJSON_ParseWithLength((const char *)text.data, text.size);
	bk_buf_done(&text);
	io->ops->hang_up(io->ctx, stream, said, sizeof said);
	return found;
}

static void *run(void *arg)
{
	struct answer *answer = arg;
	cJSON *found = ask(answer->io);
	const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(found, "error"));

	if (found && !error) {
		out_offer(answer->id, found);
	} else {
		out_error(answer->id, OUT_ERROR_FAILED,
			error ? error : "the look at the backup did not come to an end");
		cJSON_Delete(found);
	}
	cJSON_Delete(answer->id);
	free(answer);
	under_way--;
	return NULL;
}

void answer_status(const struct bk_io *io, const cJSON *id)
{
	struct answer *answer = malloc(sizeof *answer);
	pthread_t thread;

	if (answer)
		*answer = (struct answer){io, cJSON_Duplicate(id, 1)};
	if (answer && answer->id && under_way++ < ANSWERS_MAX &&
		pthread_create(&thread, NULL, run, answer) == 0) {
		pthread_detach(thread);
		return;
	}
	if (answer && answer->id)
		under_way--;
	out_error(id, OUT_ERROR_FAILED, "it is being looked at already: ask again in a moment");
	if (answer)
		cJSON_Delete(answer->id);
	free(answer);
}
