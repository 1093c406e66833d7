/* cmd_verify.c - backup-cli verify: whether the log is whole, and what it still gives. */
#include "arguments.h"
#include "noting.h"
#include "verify.h"
#include <bk/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind the options: what they mean together, and the URL. */
static int take_rest(struct verification *v, const char *dir, int count, char **words)
{
	if (v->against && v->options.deep)
		return usage_error(&cmd_verify, "--deep and --against exclude each other");
	if (v->options.threads && !v->options.deep)
		return usage_error(&cmd_verify, "--threads is for --deep");
	if (v->options.parts && (v->against || v->options.deep))
		return usage_error(&cmd_verify, "--part excludes --deep and --against");
	if (count > 1)
		return usage_error(&cmd_verify, "name one URL");
	return take_url(&cmd_verify, count ? *words : NULL, dir, &v->url);
}

/* "3/30", or "next/30": then the part is 0 until it is known. */
static bool take_part(struct verification *v, const char *text)
{
	const char *slash = strchr(text, '/');
	bool is_next = strncmp(text, "next/", 5) == 0;
	uint64_t part = 0, parts;
	char first[16];

	if (!slash || !parse_number(slash + 1, LOGNOTES_PARTS_MAX, &parts) || !parts)
		return false;
	snprintf(first, sizeof first, "%.*s", (int)(slash - text), text);
	if (!is_next && (!parse_number(first, parts, &part) || !part))
		return false;
	v->options.part = (unsigned)part;
	v->options.parts = (unsigned)parts;
	return true;
}

static int parse(int argc, char **argv, struct verification *v)
{
	static const struct option options[] = {{"deep", no_argument, NULL, 'd'},
		{"against", required_argument, NULL, 'a'},
		{"threads", required_argument, NULL, 't'}, {"part", required_argument, NULL, 'p'},
		{"json", no_argument, NULL, 'j'}, {"lightning-dir", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0}};
	const char *dir = NULL;
	uint64_t threads;
	int option;

	while ((option = next_option(&cmd_verify, argc, argv, ":", options)) != -1) {
		switch (option) {
		case 'd':
			v->options.deep = true;
			break;
		case 'a':
			v->against = optarg;
			break;
		case 't':
			if (!parse_number(optarg, 64, &threads) || !threads)
				return usage_error(
					&cmd_verify, "\"%s\" is no count of threads", optarg);
			v->options.threads = (unsigned)threads;
			break;
		case 'p':
			if (!take_part(v, optarg))
				return usage_error(
					&cmd_verify, "\"%s\" is no part: 3/30, or next/30", optarg);
			break;
		case 'j':
			v->json = true;
			break;
		case 'l':
			dir = optarg;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	return take_rest(v, dir, argc - optind, argv + optind);
}

/* The part that was read the longest ago. */
static void choose_part(struct verification *v)
{
	struct lognotes notes;
	unsigned oldest = 0;

	if (!v->options.parts || v->options.part)
		return;
	noting_read(&notes, v->url);
	for (unsigned i = 1; notes.parts == v->options.parts && i < notes.parts; i++)
		if (notes.part_us[i] < notes.part_us[oldest])
			oldest = i;
	v->options.part = oldest + 1;
}

/* What was verified, and how that came out. */
struct verified {
	const struct bk_verify_options *options;
	uint64_t findings;
	bool is_damaged;
};

static void set_notes(struct lognotes *notes, const void *ctx)
{
	const struct verified *verified = ctx;
	unsigned part = verified->options->part, parts = verified->options->parts;

	if (!parts) {
		notes->verify_us = now_us();
		notes->verify_damaged = verified->is_damaged;
		notes->findings = verified->findings;
		return;
	}
	if (notes->parts != parts) {
		notes->parts = parts;
		memset(notes->part_us, 0, sizeof notes->part_us);
		memset(notes->part_damaged, 0, sizeof notes->part_damaged);
	}
	notes->part_us[part - 1] = now_us();
	notes->part_damaged[part - 1] = verified->is_damaged;
}

/* Notes how it came out, and returns the exit code. */
static int note(const struct verification *v, const struct bk_verify_result *result)
{
	struct verified verified = {.options = &v->options,
		.findings = result->findings,
		.is_damaged = result->findings || result->tail_unsure};

	/* Whose log it is stands in the frames. */
	if (!result->is_shut)
		noting_change(v->url, set_notes, &verified);
	return verified.is_damaged || result->copied_at ? EXIT_DAMAGE : EXIT_DONE;
}

static int verify_log(struct verification *v)
{
	struct bk_verify_result result;
	const struct bk_io *io;
	struct bk_error err;
	enum bk_code code;
	char *path;

	if (find_log(&path, v->url, &err))
		return report(&err);
	if (reach_url(&io, v->url, &err)) {
		free(path);
		return report(&err);
	}
	choose_part(v);
	v->progress = progress_of("verifying");
	v->progress.then = "keyframes";
	verify_listen(v);
	code = bk_verify(io, path, &v->options, &result, &err);
	free(path);
	progress_end(&v->progress);
	if (!code)
		code = verify_print(v, &result, &err);
	verify_done(v);
	if (code)
		return report(&err);
	return note(v, &result);
}

static int verify_run(int argc, char **argv)
{
	struct verification v = {0};
	int status = parse(argc, argv, &v);

	if (status != EXIT_DONE)
		return status;
	status = v.against ? verify_against(&v) : verify_log(&v);
	free(v.url);
	return status;
}

const struct command cmd_verify = {
	.name = "verify",
	.summary = "check the log, and tell what can be rebuilt",
	.help = "Usage: backup-cli verify [--deep [--threads N] | --part K/N] [--json]\n"
		"                         [--lightning-dir DIR] [URL]\n"
		"       backup-cli verify --against DATABASE [--json] [--lightning-dir DIR]\n"
		"                         [URL]\n"
		"\n"
		"Checks every checksum, the chain of frames, that keyframes and changes fit each\n"
		"other, and that restore can give the newest version. Says where damage is, which\n"
		"versions cannot be rebuilt or are missing, and what SQLite finds wrong with the\n"
		"node's own database. A plugin may be writing meanwhile. Without URL it is the\n"
		"log that backup.lock names in the current directory, or in DIR. What it found is\n"
		"noted beside the log, in NAME.state, for backup-cli status.\n"
		"\n"
		"  --deep               also rebuilds every keyframe from the one before,\n"
		"                       compares all pages, and runs SQLite's integrity_check\n"
		"                       and foreign_key_check on each\n"
		"  --threads N          for --deep (default: one for each processor)\n"
		"  --part K/N           only the K-th of N parts of the log, as each day another\n"
		"                       one of 30; next/N: the one that was read the longest ago\n"
		"  --against DATABASE   instead: compares a database, the node's own or a copy,\n"
		"                       row by row with the version that the log has of it,\n"
		"                       which must be the newest\n"
		"  --json               JSON\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n"
		"Exit: 0 all is well, 3 damage or differences found.\n",
	.run = verify_run,
};
