/* importing.h - the parts of an import. */
#ifndef BK_IMPORTING_H
#define BK_IMPORTING_H

#include "incoming.h"
#include "payload.h"
#include "proof.h"
#include <bk/import.h>
#include <bk/writer.h>

struct bk_import {
	const struct bk_io *io; /* as it was given */
	/* The same, whose syncs do nothing: nobody sees the log before it is synced as a whole. */
	struct bk_io_ops ops;
	struct bk_io work;
	struct bk_import_options options;
	char *path, *temp, *snapshot; /* the log, as it is written, and a database on its way in */
	struct bk_writer *writer;     /* NULL before the first record */
	struct proof proof;
	struct bk_older_statements statements;
	struct bk_buf mended;
	struct incoming incoming; /* at `snapshot` */
	uint32_t incoming_version;
	bool is_stuck; /* what comes cannot be taken before a snapshot */
	struct bk_import_result result;
};

/* Tells what was mended or left out. */
void bk_import_tell(struct bk_import *import, const char *fmt, ...) BK_PRINTF(2, 3);

/* A log whose first keyframe is the database at `snapshot`, or an empty one if IS_EMPTY. */
BK_MUST_CHECK enum bk_code bk_import_begin_log(
	struct bk_import *import, bool is_empty, struct bk_error *err);

/* Closes and removes what was written so far. */
void bk_import_end_log(struct bk_import *import);

/* Replays what is in the log and was not replayed yet, and writes the keyframes of what is closed.
 * What cannot be proven is kept by a snapshot if it can be rebuilt here all the same; else it is
 * struck out, and IMPORT is stuck. Fails with BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_import_prove(struct bk_import *import, struct bk_error *err);

/* Between bk_import_snapshot_begin and _end: SIZE bytes of zlib's format from CHANNEL, which may
 * unpack to INCOMING_BYTES_MAX at most. */
BK_MUST_CHECK enum bk_code bk_import_snapshot_receive(
	struct bk_import *import, struct channel *channel, uint32_t size, struct bk_error *err);

#endif
