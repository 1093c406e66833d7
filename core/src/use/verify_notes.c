/* verify_notes.c - what a verification sees of the node's own, each thing told once. */
#include "verify_report.h"
#include <bk/version.h>
#include <stdio.h>
#include <string.h>

static struct own *find(struct verify *verify, enum bk_note_kind kind, const char *what)
{
	for (size_t i = 0; i < verify->own_count; i++)
		if (verify->own[i].kind == kind && strcmp(verify->own[i].what, what) == 0)
			return &verify->own[i];
	return NULL;
}

/* One more; NULL if there are too many to tell them all. */
static struct own *add(struct verify *verify, enum bk_note_kind kind, const char *what)
{
	struct own *own;

	verify->result->notes++;
	if (verify->own_count == OWN_MAX)
		return NULL;
	own = &verify->own[verify->own_count++];
	own->kind = kind;
	snprintf(own->what, sizeof own->what, "%s", what);
	return own;
}

void bk_verify_own(
	struct verify *verify, enum bk_note_kind kind, const char *what, uint32_t version)
{
	struct own *own;

	pthread_mutex_lock(&verify->mutex);
	own = find(verify, kind, what);
	if (!own && (own = add(verify, kind, what)))
		own->from = own->to = version;
	if (own && bk_version_after(own->from, version))
		own->from = version;
	if (own && bk_version_after(version, own->to))
		own->to = version;
	pthread_mutex_unlock(&verify->mutex);
}

void bk_verify_tell_own(struct verify *verify)
{
	const struct bk_verify_options *options = verify->options;

	for (size_t i = 0; i < verify->own_count && options->own; i++)
		options->own(options->ctx, verify->own[i].kind, verify->own[i].what,
			verify->own[i].from, verify->own[i].to);
}
