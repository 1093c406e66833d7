/* compact_seal.c - a log in the clear gets a sealed successor. */
#include "compact.h"
#include "nodedir.h"
#include "owner.h"
#include <bk/slots.h>
#include <stdio.h>
#include <stdlib.h>

static const char *dir_of(const struct compaction *c)
{
	return c->dir ? c->dir : ".";
}

/* A plugin that writes the log takes a successor in, and has no key to another. */
static enum bk_code check_free(const struct compaction *c, struct bk_error *err)
{
	if (!c->is_held || (!c->seal_count && !c->options.seal))
		return BK_OK;
	return bk_fail(err, BK_E_BUSY, 0,
		"%s is being written: it gets another key while lightningd is stopped", c->path);
}

enum bk_code compact_seal(struct compaction *c, struct bk_log *log, struct bk_error *err)
{
	enum bk_code code = check_free(c, err);

	if (code || !c->seal_count)
		return code;
	if (bk_log_is_sealed(log))
		return bk_fail(err, BK_E_EXISTS, 0,
			"%s is sealed already: backup-cli key add has more open it, and key remove "
			"gives it another key",
			bk_log_path(log));
	code = sealing_add_all(c->seals, c->seal_count, dir_of(c), err);
	if (!code)
		code = keyfile_begin(&c->key, c->io, dir_of(c), err);
	if (!code && owner_is_other() && c->key.is_made)
		owner_give(c->key.path);
	if (!code)
		code = bk_keyring_add_file(keys_ring(), c->io, c->key.path, err);
	if (!code)
		code = bk_seal_new(&c->seal, keys_ring(), c->io, err);
	if (!code && c->is_padded)
		bk_seal_pad(c->seal);
	if (code)
		keyfile_undo(&c->key, c->io);
	c->options.seal = c->seal;
	return code;
}

enum bk_code compact_name_key(const struct compaction *c, struct bk_error *err)
{
	char *path;
	enum bk_code code;

	if (!c->key.path)
		return BK_OK;
	code = nodedir_path(&path, dir_of(c), LOCKFILE_NAME, err);
	if (code)
		return code;
	code = lockfile_write(c->io, path, NULL, NULL, LOCKFILE_KEY, NULL, err);
	free(path);
	if (!code)
		printf("The log is sealed. %s opens it for the plugin, and for backup-cli here; it "
		       "is not in the backup. Mirrors and copies that were made in the clear are "
		       "in the clear still.\n",
			c->key.path);
	return code;
}

void compact_keep_key(const struct compaction *c)
{
	struct word key, dir, url;

	if (c->key.path)
		fprintf(stderr,
			"The key file stays: the log may be sealed by now. If it is: backup-cli "
			"init "
			"--key-file %s --lightning-dir %s %s\n",
			word_of(&key, c->key.path), word_of(&dir, dir_of(c)),
			word_of(&url, c->path));
}
