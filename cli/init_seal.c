/* init_seal.c - a log that is made sealed, and one that is sealed already. */
#include "init.h"
#include "owner.h"
#include <bk/slots.h>
#include <stdlib.h>
#include <string.h>

/* The key file's own name stands in backup.lock, so that the directory can be moved. */
static enum bk_code begin_key(struct init *init, struct bk_error *err)
{
	enum bk_code code = keyfile_begin(&init->key, init->node_io, init->dir, err);

	if (!code)
		code = bk_keyring_add_file(keys_ring(), init->node_io, init->key.path, err);
	if (!code)
		init->key_name = LOCKFILE_KEY;
	if (!code && init->is_for_other && init->key.is_made)
		owner_give(init->key.path);
	return code;
}

/* Whether who runs this has a sealed log in mind. */
static bool means_sealed(const struct init *init)
{
	return keys_are_given() || (init->has_lock && init->lock.key_file);
}

/* What makes it plain that one in the clear is meant. */
static const char *how_clear(const struct init *init)
{
	return init->has_lock && init->lock.key_file ? "remove \"key_file\" from backup.lock first"
						     : "give no key";
}

enum bk_code init_seal(struct init *init, struct bk_error *err)
{
	enum bk_code code;

	if (!init->seal_count && means_sealed(init))
		return bk_fail(err, BK_E_INVALID, 0,
			"there is no log %s yet, and it would be made in the clear, though %s: "
			"give "
			"--seal, too; or, if it is to be in the clear, %s",
			init->log_path,
			keys_are_given() ? "a key was given" : "backup.lock names a key file",
			how_clear(init));
	if (!init->seal_count)
		return BK_OK;
	if (init->is_alone)
		return bk_fail(err, BK_E_INVALID, 0,
			"a sealed log has a key file beside backup.lock: name the lightning "
			"directory with --lightning-dir");
	code = sealing_add_all(init->seals, init->seal_count, init->dir, err);
	if (!code)
		code = begin_key(init, err);
	if (!code)
		code = bk_seal_new(&init->seal, keys_ring(), init->node_io, err);
	if (!code && init->is_padded)
		bk_seal_pad(init->seal);
	if (code)
		init_unseal(init);
	return code;
}

void init_unseal(struct init *init)
{
	keyfile_undo(&init->key, init->node_io);
}

enum bk_code init_seal_adopted(struct init *init, struct bk_error *err)
{
	struct bk_log *log;
	bool is_sealed;
	enum bk_code code = bk_log_open(&log, init->io, init->log_path, err);

	if (code)
		return code;
	is_sealed = bk_log_is_sealed(log);
	bk_log_close(log);
	if (!is_sealed && init->seal_count)
		return bk_fail(err, BK_E_EXISTS, 0,
			"%s is there, in the clear: backup-cli compact --seal makes a sealed log "
			"of it",
			init->log_path);
	if (!is_sealed && means_sealed(init))
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s is in the clear, and should be sealed: whoever can write there may "
			"have put another log in its place. Bring the right one back, from a "
			"mirror or a copy; or, if it is in the clear on purpose, %s",
			init->log_path, how_clear(init));
	if (!is_sealed)
		return BK_OK;
	code = begin_key(init, err);
	if (!code)
		code = keyfile_fit(&init->key, init->io, init->log_path, err);
	if (code)
		init_unseal(init);
	return code;
}
