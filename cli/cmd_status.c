/* cmd_status.c - backup-cli status: whether a node's backup is well. */
#include "arguments.h"
#include "interrupt.h"
#include "json.h"
#include "lookjson.h"
#include "owner.h"
#include "status.h"
#include <stdlib.h>

struct arguments {
	const char *dir;
	char *url;
	bool json;
};

static int take_rest(struct arguments *arguments, int count, char **words)
{
	if (count > 1)
		return usage_error(&cmd_status, "name one URL");
	if (!count && !arguments->dir && is_in_nodedir())
		arguments->dir = ".";
	if (arguments->dir && !count)
		return EXIT_DONE;
	return take_url(&cmd_status, count ? *words : NULL, arguments->dir, &arguments->url);
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	int option;

	while ((option = next_option(&cmd_status, argc, argv, ":", options)) != -1) {
		switch (option) {
		case 'j':
			arguments->json = true;
			break;
		case 'l':
			arguments->dir = optarg;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	return take_rest(arguments, argc - optind, argv + optind);
}

/* Of another user's directory all is looked at as that user. */
static enum bk_code look(const struct arguments *arguments, struct look **out, struct bk_error *err)
{
	struct look_what what = {
		.dir = arguments->dir, .url = arguments->url, .io = interrupt_io()};
	enum bk_code code;

	what.log_io = what.io;
	if (arguments->dir) {
		code = owner_enter(arguments->dir, err);
	} else {
		char *path;

		code = find_log(&path, arguments->url, err);
		if (!code)
			code = reach_url(&what.log_io, path, err);
		if (!code)
			free(path);
	}
	return code ? code : look_at(out, &what, err);
}

static int status_run(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct faults faults;
	struct look *seen;
	struct bk_error err;
	enum bk_code code;
	int status = parse(argc, argv, &arguments);

	if (status != EXIT_DONE)
		return status;
	code = look(&arguments, &seen, &err);
	free(arguments.url);
	if (code)
		return report(&err);
	faults_find(&faults, seen);
	if (arguments.json)
		code = json_print(look_json(seen, &faults), &err);
	else
		status_print(seen, &faults);
	look_free(seen);
	if (code)
		return report(&err);
	return faults.count ? EXIT_FAILED : EXIT_DONE;
}

const struct command cmd_status = {
	.name = "status",
	.summary = "whether the backup is well, and if not, what mends it",
	.help = "Usage: backup-cli status [--json] [--lightning-dir DIR] [URL]\n"
		"\n"
		"Asks the log, the node's own database and each mirror, all at once and none\n"
		"for longer than 8 seconds, and prints whether all is well, or what is not and\n"
		"the command that mends it; then the newest version, where the mirrors stand,\n"
		"how the log grows, what is kept, when it was verified and restored for a trial\n"
		"last. Believes nothing that the plugin says of itself. Changes nothing.\n"
		"\n"
		"In a lightning directory, or with --lightning-dir, it is about the node there\n"
		"and all that its backup.lock names; with URL, about that log alone.\n"
		"\n"
		"  --json               JSON\n"
		"  --lightning-dir DIR  the node is the one in DIR\n"
		"  -V                   the release\n"
		"\n"
		"Exit: 0 all is well, 1 something is not.\n",
	.run = status_run,
};
