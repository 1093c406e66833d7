/* sealing.c - whom a log is sealed for. */
#include "sealing.h"
#include "lockfile.h"
#include "nodedir.h"
#include <bk/writer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum bk_code add_seed(struct bk_keyring *ring, const char *dir, struct bk_error *err)
{
	bool has;
	enum bk_code code = keys_add_seed(ring, dir, &has, err);

	if (code || has)
		return code;
	return bk_fail(err, BK_E_MISSING, 0,
		"there is no hsm_secret%s%s to seal the log for: name it with --hsm-secret, or "
		"give the words with --words. (A node has it from its first start on)",
		dir ? " in " : "", dir ? dir : "");
}

enum bk_code sealing_add(
	struct bk_keyring *ring, const char *kind, const char *dir, struct bk_error *err)
{
	if (strcmp(kind, "seed") == 0)
		return add_seed(ring, dir, err);
	if (strcmp(kind, "passphrase") == 0)
		return keys_add_passphrase(ring, true, err);
	if (strncmp(kind, "age:", 4) == 0)
		return bk_keyring_add_recipient(ring, kind + 4, err);
	if (strcmp(kind, "key-file") == 0)
		return BK_OK;
	return bk_fail(err, BK_E_INVALID, 0,
		"\"%s\" opens no log: seed, passphrase, age:RECIPIENT or key-file does", kind);
}

/* Whether what KIND names was given on the command line, and is on the keyring. */
static bool is_given(const char *kind)
{
	if (strcmp(kind, "seed") == 0)
		return keys_given.words.is_wanted || keys_given.hsm_secret ||
		       keys_given.secret.is_wanted;
	return strcmp(kind, "passphrase") == 0 && keys_given.passphrase.is_wanted;
}

enum bk_code sealing_add_all(
	const char *const *kinds, unsigned count, const char *dir, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (unsigned i = 0; i < count && !code; i++)
		if (!is_given(kinds[i]))
			code = sealing_add(keys_ring(), kinds[i], dir, err);
	return code;
}

enum bk_code keyfile_begin(
	struct keyfile *file, const struct bk_io *io, const char *dir, struct bk_error *err)
{
	enum bk_code code;

	*file = (struct keyfile){0};
	code = nodedir_path(&file->path, dir, LOCKFILE_KEY, err);
	if (code)
		return code;
	code = bk_keyfile_make(io, file->path, err);
	file->is_made = !code;
	if (!code && chmod(file->path, 0400) != 0)
		code = bk_fail(err, BK_E_IO, 0, "cannot set the mode of %s", file->path);
	if (code == BK_E_EXISTS)
		code = BK_OK;
	if (code)
		keyfile_done(file);
	return code;
}

void keyfile_undo(const struct keyfile *file, const struct bk_io *io)
{
	if (file->is_made)
		io->ops->unlink(io->ctx, file->path);
}

void keyfile_done(struct keyfile *file)
{
	free(file->path);
	*file = (struct keyfile){0};
}

/* Whether FILE alone opens the log. */
static enum bk_code opens(struct bk_keyring *ring, const struct bk_io *io, const char *path,
	bool *does, struct bk_error *err)
{
	struct bk_io alone = *io;
	struct bk_log *log;
	enum bk_code code;

	alone.keys = ring;
	code = bk_log_open(&log, &alone, path, err);
	*does = !code;
	if (!code)
		bk_log_close(log);
	return code == BK_E_SEALED ? BK_OK : code;
}

static enum bk_code add_slot(const struct bk_keyring *ring, const struct bk_io *io,
	const char *path, struct bk_error *err)
{
	const struct bk_writer_options options = {.program = "backup-cli, a key file"};
	struct bk_writer *writer;
	enum bk_code code = bk_writer_open(&writer, io, path, &options, err);

	if (code)
		return code;
	code = bk_writer_add_slots(writer, ring, err);
	bk_writer_leave(writer);
	return code;
}

enum bk_code keyfile_fit(
	const struct keyfile *file, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_keyring *ring;
	bool does = false;
	enum bk_code code = bk_keyring_new(&ring, err);

	if (code)
		return code;
	code = bk_keyring_add_file(ring, io, file->path, err);
	if (!code)
		code = opens(ring, io, path, &does, err);
	if (!code && !does)
		code = add_slot(ring, io, path, err);
	bk_keyring_free(ring);
	return code;
}
