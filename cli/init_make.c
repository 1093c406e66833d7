/* init_make.c - the log that backup-cli init makes. */
#include "init.h"
#include "progress.h"
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <stdio.h>

/* What the new log says of the database that it was made of. */
static enum bk_code check_new(const struct init *init, struct bk_error *err)
{
	struct bk_log *log;
	enum bk_code code;

	if (!init->has_database)
		return BK_OK;
	code = bk_log_open(&log, init->io, init->log_path, err);
	if (code)
		return code;
	code = init_check_sound(init, log, err);
	bk_log_close(log);
	return code;
}

enum bk_code init_make_log(struct init *init, char **done, struct bk_error *err)
{
	struct progress progress;
	uint32_t version;
	enum bk_code code = init_seal(init, err);

	if (code)
		return code;
	progress = progress_of("copying the database");

	progress.unit = "pages";
	if (init->has_database)
		printf("Found an existing database at %s\n", init->database_path);
	code = bk_log_create_sealed(init->io, init->log_path,
		init->has_database ? init->database_path : NULL, init->seal, INIT_BUSY_MS,
		progress_show, &progress, &version, err);
	progress_end(&progress);
	if (code) {
		init_unseal(init);
		return code;
	}
	if (init->has_database && !init_is_server(init))
		printf("Successfully written initial snapshot to %s (version %u)\n", init->log_url,
			version);
	else if (!init->has_database)
		printf("Database does not exist yet, created an empty backup file\n");
	code = check_new(init, err);
	if (!code &&
		asprintf(done, "Initialized backup backend %s, you can now start Core-Lightning",
			init->log_url) < 0)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory for a message");
	if (code) {
		init->io->ops->unlink(init->io->ctx, init->log_path);
		init_unseal(init);
	}
	return code;
}
