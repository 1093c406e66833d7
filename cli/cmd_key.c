/* cmd_key.c - backup-cli key: who may open a sealed log. */
#include "arguments.h"
#include "compact.h"
#include "interrupt.h"
#include "json.h"
#include "owner.h"
#include <bk/slots.h>
#include <bk/writer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KINDS_MAX 16

static const char *const names[] = {
	[0] = "unknown",
	[BK_SLOT_SEED] = "seed",
	[BK_SLOT_PASSPHRASE] = "passphrase",
	[BK_SLOT_AGE] = "age",
	[BK_SLOT_KEY_FILE] = "key-file",
};

static enum bk_code print_slot(void *ctx, const struct bk_slot *slot, struct bk_error *err)
{
	unsigned *count = ctx;

	(void)err;
	++*count;
	if (slot->is_known)
		printf("%-10s  %s%s\n", names[slot->kind], slot->recipient,
			slot->is_costly ? "  (not tried: it asks for too much work)" : "");
	else if (slot->is_costly)
		printf("%-10s  of a slot that was not made with the log's key, and asks for %u "
		       "passes over %u MiB: it is not tried\n",
			names[slot->kind], slot->passes, slot->kib >> 10);
	else
		printf("%-10s  of a slot that was not made with the log's key: it opens nothing\n",
			names[slot->kind]);
	return BK_OK;
}

static enum bk_code add_json(void *ctx, const struct bk_slot *slot, struct bk_error *err)
{
	cJSON *item = cJSON_CreateObject();

	(void)err;
	cJSON_AddStringToObject(item, "kind", names[slot->kind]);
	cJSON_AddBoolToObject(item, "known", slot->is_known);
	cJSON_AddBoolToObject(item, "tried", !slot->is_costly);
	if (slot->is_known)
		cJSON_AddStringToObject(item, "recipient", slot->recipient);
	cJSON_AddItemToArray(ctx, item);
	return BK_OK;
}

static enum bk_code list_json(struct bk_log *log, struct bk_error *err)
{
	cJSON *root = cJSON_CreateObject(), *slots = cJSON_AddArrayToObject(root, "slots");
	enum bk_code code;

	cJSON_AddBoolToObject(root, "sealed", bk_log_is_sealed(log));
	code = bk_log_slots(log, add_json, slots, err);
	if (!code)
		return json_print(root, err);
	cJSON_Delete(root);
	return code;
}

/* A log_fn; CTX is whether JSON is wanted. */
static enum bk_code list(struct bk_log *log, void *ctx, struct bk_error *err)
{
	unsigned count = 0;
	enum bk_code code;

	if (*(const bool *)ctx)
		return list_json(log, err);
	code = bk_log_slots(log, print_slot, &count, err);
	if (!code && !count)
		printf("%s is in the clear: backup-cli compact --seal makes a sealed log of it.\n",
			bk_log_path(log));
	return code;
}

/* One run of key add or remove. */
struct key_run {
	const char *dir, *words[KINDS_MAX];
	int count;
	char *url, *path;
	const struct bk_io *io;
};

/* The log's directory may be another user's. */
static enum bk_code reach(struct key_run *run, struct bk_error *err)
{
	enum bk_code code = find_log(&run->path, run->url, err);

	if (!code)
		code = owner_enter_file(run->path, err);
	if (!code)
		code = owner_io(&run->io, run->path, err);
	if (!code)
		run->io = interrupt_over(run->io);
	return code;
}

static enum bk_code put(
	const struct key_run *run, const struct bk_keyring *ring, struct bk_error *err)
{
	const struct bk_writer_options options = {.program = "backup-cli key"};
	struct bk_writer *writer;
	enum bk_code code = bk_writer_open(&writer, run->io, run->path, &options, err);

	if (code)
		return code;
	code = bk_writer_add_slots(writer, ring, err);
	bk_writer_leave(writer);
	return code;
}

/* The key file at PATH, which is made if there is none. */
static enum bk_code add_file(
	struct bk_keyring *ring, const struct bk_io *io, const char *path, struct bk_error *err)
{
	enum bk_code code = bk_keyring_add_file(ring, io, path, err);

	if (code != BK_E_MISSING)
		return code;
	code = bk_keyfile_make(io, path, err);
	if (code)
		return code;
	printf("Made the key file %s.\n", path);
	return bk_keyring_add_file(ring, io, path, err);
}

static enum bk_code add(struct key_run *run, struct bk_error *err)
{
	struct bk_keyring *ring;
	enum bk_code code = reach(run, err);

	if (!code)
		code = bk_keyring_new(&ring, err);
	if (code)
		return code;
	for (int i = 0; i < run->count && !code; i++)
		code = strncmp(run->words[i], "key-file:", 9) == 0
			       ? add_file(ring, run->io, run->words[i] + 9, err)
			       : sealing_add(ring, run->words[i], run->dir ? run->dir : ".", err);
	if (!code && bk_keyring_is_empty(ring))
		code = bk_fail(err, BK_E_INVALID, 0,
			"name the key file: key-file:FILE. One of age's identities will do");
	if (!code)
		code = put(run, ring, err);
	bk_keyring_free(ring);
	if (!code)
		printf("The log opens for %d more.\n", run->count);
	return code;
}

static enum bk_code remove_from(struct compaction *c, const char *recipient, struct bk_error *err)
{
	struct bk_log *log;
	bool removed;
	enum bk_code code = bk_log_open(&log, c->io, c->path, err);

	if (code)
		return code;
	code = bk_log_seal_anew(&c->seal, log, recipient, &removed, err);
	if (!code && !removed)
		code = bk_fail(err, BK_E_MISSING, 0,
			"%s has no slot for %s: backup-cli key list shows those that it has",
			c->path, recipient);
	c->options.seal = c->seal;
	if (!code)
		code = compact_log(c, log, err);
	bk_log_close(log);
	bk_seal_free(c->seal);
	return code;
}

/* A new key for all who are left, in a successor: whoever opened the log knows the old one. */
static enum bk_code take_away(struct key_run *run, struct bk_error *err)
{
	struct compaction c = {0};
	enum bk_code code = reach(run, err);

	c.io = run->io;
	c.path = run->path;
	if (!code)
		code = remove_from(&c, run->words[0], err);
	if (!code)
		printf("The log has another key, which %s does not open. Copies that are "
		       "elsewhere, "
		       "and who opened the log before, have the old one.\n",
			run->words[0]);
	return code;
}

static int key_run_with(
	struct key_run *run, enum bk_code (*act)(struct key_run *, struct bk_error *))
{
	struct bk_error err;
	enum bk_code code = act(run, &err);

	free(run->path);
	free(run->url);
	return code ? report(&err) : EXIT_DONE;
}

/* Behind the options: what is to be done, with whom, and the URL. */
static int take_words(struct key_run *run, int count, char **words, int needed)
{
	bool has_url;

	while (run->count < count && run->count < KINDS_MAX) {
		run->words[run->count] = words[run->count];
		run->count++;
	}
	has_url = run->count > needed && !run->dir &&
		  (strchr(run->words[run->count - 1], '/') ||
			  strncmp(run->words[run->count - 1], "file:", 5) == 0) &&
		  strncmp(run->words[run->count - 1], "key-file:", 9) != 0;
	if (has_url)
		run->count--;
	return take_url(&cmd_key, has_url ? run->words[run->count] : NULL, run->dir, &run->url);
}

static int list_run(struct key_run *run, int count, char **words, bool json)
{
	int status;

	if (count > 1)
		return usage_error(&cmd_key, "name one URL");
	status = take_url(&cmd_key, count ? *words : NULL, run->dir, &run->url);
	if (status == EXIT_DONE)
		status = on_log(run->url, list, &json);
	free(run->url);
	return status;
}

static int change_run(struct key_run *run, const char *verb, int count, char **words)
{
	bool is_add = strcmp(verb, "add") == 0;
	int status;

	if (!is_add && strcmp(verb, "remove") != 0)
		return usage_error(&cmd_key, "\"%s\" is none of list, add, remove", verb);
	if (!count)
		return usage_error(&cmd_key, is_add ? "say who is to open the log, too"
						    : "say who is to open it no more: a "
						      "recipient, as key list shows them");
	status = take_words(run, count, words, 1);
	if (status == EXIT_DONE && !is_add && run->count != 1)
		status = usage_error(&cmd_key, "name one recipient");
	return status == EXIT_DONE ? key_run_with(run, is_add ? add : take_away) : status;
}

static int key_run(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	struct key_run run = {0};
	bool json = false;
	int option, count;

	while ((option = next_option(&cmd_key, argc, argv, ":", options)) != -1) {
		if (option == 'j')
			json = true;
		else if (option == 'l')
			run.dir = optarg;
		else
			return EXIT_USAGE;
	}
	count = argc - optind;
	if (!count || strcmp(argv[optind], "list") == 0)
		return list_run(&run, count ? count - 1 : 0, argv + optind + !!count, json);
	if (json)
		return usage_error(&cmd_key, "--json is for key list");
	return change_run(&run, argv[optind], count - 1, argv + optind + 1);
}

const struct command cmd_key = {
	.name = "key",
	.summary = "who may open a sealed log",
	.help = "Usage: backup-cli key list [--json] [--lightning-dir DIR] [URL]\n"
		"       backup-cli key add KIND... [--lightning-dir DIR] [URL]\n"
		"       backup-cli key remove RECIPIENT [--lightning-dir DIR] [URL]\n"
		"\n"
		"Lists who may open the log; has more open it, for which nothing is written\n"
		"anew; gives the log another key, for all but one, by a successor (see compact).\n"
		"lightningd is stopped for the last two. KIND is one of\n"
		"\n" HELP_KINDS
		"  key-file:FILE a key file, which is made if it is not there, or one of age's\n"
		"\n"
		"What opens a sealed log, for all commands: the key file that backup.lock names,\n"
		"if the log is the one that it names, and\n"
		"\n"
		"  --key-file FILE      a key file, or a file of age's identities\n"
		"  --passphrase         a passphrase, asked for on the terminal\n"
		"  --words              the words of the node's wallet, likewise\n"
		"  --hsm-secret FILE    the node's file hsm_secret, of any of its four kinds\n"
		"  --seed-passphrase    with these two: the passphrase of the words; one that an\n"
		"                       hsm_secret has is asked for\n"
		"  --secret-fd N        what lightning-cli makesecret\n"
		"                       string=\"lightning-backup seal\" says, from descriptor N\n"
		"  --passphrase-fd N, --words-fd N, --seed-passphrase-fd N\n"
		"                       a line from descriptor N instead of the terminal\n"
		"\n"
		"  --json               JSON\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n"
		"With key add these open the log, or say what is to open it, too.\n",
	.run = key_run,
};
