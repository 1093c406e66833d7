/* rebuilt.c - healing a log where there is no node to copy. */
#include "rebuilt.h"
#include <bk/restore.h>
#include <bk/snapshot.h>
#include <stdlib.h>

bool bk_rebuilt_keep(
	struct bk_writer *writer, const struct bk_io *io, const char *temp, struct bk_error *err)
{
	const struct bk_restore_options options = {.log_io = io};
	struct bk_restore_result result;
	enum bk_code code = bk_restore(bk_writer_log(writer), temp, &options, &result, err);

	if (code)
		return false;
	free(result.path);
	code = bk_writer_snapshot(writer, temp, BK_SNAPSHOT_REPLAY_FAILED, 0, NULL, NULL, err);
	io->ops->unlink(io->ctx, temp);
	return !code;
}
