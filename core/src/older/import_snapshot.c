/* import_snapshot.c - the snapshots that come in an import. */
#include "importing.h"
#include <bk/live.h>
#include <bk/snapshot.h>
#include <bk/version.h>

enum bk_code bk_import_snapshot_begin(
	struct bk_import *import, uint32_t version, struct bk_error *err)
{
	import->incoming = (struct incoming){.io = &import->work, .path = import->snapshot};
	import->incoming_version = version;
	return bk_incoming_begin(&import->incoming, err);
}

enum bk_code bk_import_snapshot_write(
	struct bk_import *import, const void *data, size_t size, struct bk_error *err)
{
	return bk_incoming_write(&import->incoming, data, size, err);
}

enum bk_code bk_import_snapshot_receive(
	struct bk_import *import, struct channel *channel, uint32_t size, struct bk_error *err)
{
	import->incoming.bytes_max = INCOMING_BYTES_MAX;
	return bk_incoming_receive(&import->incoming, channel, size, err);
}

/* Puts the database at `snapshot`, of VERSION, into the log. */
static enum bk_code put_snapshot(struct bk_import *import, uint32_t version, struct bk_error *err)
{
	if (import->writer && bk_version_after(bk_writer_version(import->writer), version)) {
		bk_import_tell(import,
			"a snapshot of version %u stands behind version %u, which is newer: the "
			"backup was begun anew, and what stands before that is left out",
			version, bk_writer_version(import->writer));
		bk_import_end_log(import);
		import->result = (struct bk_import_result){0};
	}
	import->is_stuck = false;
	if (!import->writer)
		return bk_import_begin_log(import, false, err);
	return bk_writer_snapshot(
		import->writer, import->snapshot, BK_SNAPSHOT_GAP, 0, NULL, NULL, err);
}

/* What is no database is left out, and all up to the next that is one. */
static enum bk_code leave_out(struct bk_import *import, const char *why)
{
	bk_import_tell(import,
		"the snapshot of version %u is no database that can be read (%s): it "
		"and what comes behind it is left out",
		import->incoming_version, why);
	import->is_stuck = true;
	import->result.lacking++;
	return BK_OK;
}

static enum bk_code take_snapshot(struct bk_import *import, struct bk_error *err)
{
	uint32_t version;
	enum bk_code code = bk_live_version(import->snapshot, 0, &version, err);

	if (!code && version != import->incoming_version)
		bk_import_tell(import, "the snapshot of version %u says that it is version %u",
			import->incoming_version, version);
	if (!code)
		code = put_snapshot(import, version, err);
	import->result.snapshots += !code;
	return code == BK_E_SQL || code == BK_E_BUSY ? leave_out(import, err->msg) : code;
}

enum bk_code bk_import_snapshot_end(struct bk_import *import, struct bk_error *err)
{
	enum bk_code code = bk_incoming_end(&import->incoming, err);

	if (!code)
		code = take_snapshot(import, err);
	bk_incoming_remove(&import->incoming);
	return code;
}
