/* cmd_verify.c - backup-cli verify: whether the log is whole, and what it still gives. */
#include "arguments.h"
#include "verify.h"
#include <bk/io.h>
#include <stdlib.h>

/* Behind the options: what they mean together, and the URL. */
static int take_rest(struct verification *v, const char *dir, int count, char **words)
{
	if (v->against && v->options.deep)
		return usage_error(&cmd_verify, "--deep and --against exclude each other");
	if (v->options.threads && !v->options.deep)
		return usage_error(&cmd_verify, "--threads is for --deep");
	if (count > 1)
		return usage_error(&cmd_verify, "name one URL");
	return take_url(&cmd_verify, count ? *words : NULL, dir, &v->url);
}

static int parse(int argc, char **argv, struct verification *v)
{
	static const struct option options[] = {{"deep", no_argument, NULL, 'd'},
		{"against", required_argument, NULL, 'a'},
		{"threads", required_argument, NULL, 't'}, {"json", no_argument, NULL, 'j'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
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
	v->progress = progress_of("verifying");
	verify_listen(v);
	code = bk_verify(io, path, &v->options, &result, &err);
	free(path);
	progress_end(&v->progress);
	if (!code)
		code = verify_print(v, &result, &err);
	verify_done(v);
	if (code)
		return report(&err);
	return result.findings || result.tail_unsure || result.copied_at ? EXIT_DAMAGE : EXIT_DONE;
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
	.help = "Usage: backup-cli verify [--deep [--threads N]] [--json] [--lightning-dir DIR]\n"
		"                         [URL]\n"
		"       backup-cli verify --against DATABASE [--json] [--lightning-dir DIR]\n"
		"                         [URL]\n"
		"\n"
		"Checks every checksum, the chain of frames, that keyframes and changes fit each\n"
		"other, and that restore can give the newest version. Says where damage is, which\n"
		"versions cannot be rebuilt or are missing, and what SQLite finds wrong with the\n"
		"node's own database. A plugin may be writing meanwhile. Without URL it is the\n"
		"log that backup.lock names in the current directory, or in DIR.\n"
		"\n"
		"  --deep               also rebuilds every keyframe from the one before,\n"
		"                       compares all pages, and runs SQLite's integrity_check\n"
		"                       and foreign_key_check on each\n"
		"  --threads N          for --deep (default: one for each processor)\n"
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
