/* init_warn.c - what is not as it should be, and keeps nobody from a backup. */
#include "common.h"
#include "init.h"
#include <bk/path.h>
#include <bk/running.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* lightningd that runs without our plugin writes on, unprotected. */
enum bk_code init_warn_running(const struct init *init, struct bk_error *err)
{
	struct bk_running running;
	enum bk_code code = bk_running_in(&running, bk_io_posix(), init->dir, err);

	if (code || running.answer == BK_RUNNING_NO)
		return code;
	flush_out();
	if (running.answer == BK_RUNNING_YES)
		fprintf(stderr,
			"Warning: lightningd runs (%s). What it writes from now on is in no backup "
			"until it is started again with the plugin, which then takes a full "
			"snapshot.\n",
			running.text);
	else
		fprintf(stderr,
			"Warning: whether lightningd runs cannot be told (%s). If it does, start "
			"it "
			"again: until then what it writes is in no backup.\n",
			running.text);
	return BK_OK;
}

void init_warn_same_disk(const struct init *init)
{
	struct stat log, dir;

	if (!init_is_server(init) && stat(init->log_path, &log) == 0 &&
		stat(init->dir, &dir) == 0 && log.st_dev == dir.st_dev)
		printf("Warning: the backup is on the same file system as the node. If that disk "
		       "dies, both are gone.\n");
}

void init_warn_exposed(const struct init *init)
{
	const struct bk_io *io = init->io;
	char *dir = bk_path_directory(init->log_path);
	struct bk_io_stat log, above;
	struct word word;

	if (dir && io->ops->stat_path(io->ctx, init->log_path, &log) == 0 && (log.mode & 06) &&
		io->ops->stat_path(io->ctx, dir, &above) == 0 && (above.mode & 01))
		printf("Warning: every user of this computer can read the log, which holds the "
		       "node's database, and can lock it, which keeps lightningd from starting. "
		       "Run: chmod 600 %s\n",
			word_of(&word, init->log_path));
	free(dir);
}
