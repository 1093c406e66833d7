/* restore_write.c - an image, written out to its place and judged on the way. */
#include "restore_write.h"
#include "imagecopy.h"
#include "newfile.h"
#include "verdict.h"
#include <bk/buf.h>
#include <stdio.h>
#include <string.h>

#define TEMP_SUFFIX ".restoring"
#define NOTES_BYTES ((size_t)64 << 10)

/* Notes that wait for the end: of each a byte for its kind, the text, a zero byte. */
struct notes {
	struct bk_buf texts;
	struct bk_error failure; /* code BK_OK while there is none */
};

static void keep_note(void *ctx, enum bk_note_kind kind, const char *what)
{
	struct notes *notes = ctx;
	const uint8_t byte = (uint8_t)kind;

	if (notes->failure.code || bk_buf_append(&notes->texts, &byte, 1, &notes->failure) ||
		bk_buf_append(&notes->texts, what, strlen(what) + 1, &notes->failure))
		return;
}

static void tell_notes(const struct notes *notes, const struct bk_restore_options *options)
{
	const uint8_t *at = notes->texts.data, *end = at + notes->texts.size;

	for (; options->note && at < end; at += strlen((const char *)at) + 1) {
		enum bk_note_kind kind = (enum bk_note_kind) * at++;

		options->note(options->ctx, kind, (const char *)at);
	}
}

/* Judges what COPY holds while it is written, and waits for it. *IS_WHOLE: all of it is written and
 * synced, though it may not be what it should be. */
static enum bk_code judge(struct imagecopy *copy, uint32_t version, struct notes *notes,
	struct bk_verdict *verdict, bool *is_whole, struct bk_error *err)
{
	struct bk_verdict_options options = {.note = keep_note, .ctx = notes};
	struct bk_error why;
	enum bk_code code = bk_verdict_of_pages(&copy->store, version, copy->file->io,
		&copy->image->budget, &options, verdict, err);

	*is_whole = false;
	if (code && code != BK_E_DAMAGE)
		return code;
	/* A page that cannot be rebuilt comes first: an older keyframe may help. */
	if (bk_imagecopy_finish(copy, &why))
		return bk_fail_as(err, &why);
	*is_whole = true;
	return code ? code : notes->failure.code ? bk_fail_as(err, &notes->failure) : BK_OK;
}

static enum bk_code write_and_judge(struct newfile *nf, struct bk_image *image, uint32_t version,
	const struct bk_restore_options *options, struct bk_verdict *verdict, struct bk_error *err)
{
	struct notes notes = {.failure = {.code = BK_OK}};
	struct imagecopy copy;
	enum bk_code code =
		bk_imagecopy_start(&copy, image, &nf->file, options->progress, options->ctx, err);

	if (code)
		return code;
	bk_buf_init(&notes.texts, NOTES_BYTES);
	code = judge(&copy, version, &notes, verdict, &nf->is_synced, err);
	bk_imagecopy_stop(&copy);
	if (!code)
		tell_notes(&notes, options);
	bk_buf_done(&notes.texts);
	return code;
}

/* Ends NF, whose database is not what it should be: what is there may be all that there is. */
static enum bk_code leave(struct newfile *nf, struct bk_error *err)
{
	size_t used = strlen(err->msg);

	snprintf(err->msg + used, sizeof err->msg - used, "; it was left as %s", nf->temp);
	bk_newfile_leave(nf);
	return err->code;
}

enum bk_code bk_restore_write(struct bk_image *image, uint32_t version, const struct bk_io *io,
	const char *path, const struct bk_restore_options *options, struct bk_verdict *verdict,
	struct bk_error *err)
{
	struct newfile nf;
	enum bk_code code = bk_newfile_open(&nf, io, path, TEMP_SUFFIX, err);

	if (code)
		return code;
	code = write_and_judge(&nf, image, version, options, verdict, err);
	if (code == BK_E_DAMAGE && nf.is_synced)
		return leave(&nf, err);
	if (code) {
		bk_newfile_abort(&nf);
		return code;
	}
	return bk_newfile_commit(&nf, err);
}
