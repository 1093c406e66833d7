/* cmd_status.c - backup-cli status: whether a node's backup is well. */
#include "arguments.h"
#include "faults.h"
#include "heartbeat.h"
#include "interrupt.h"
#include "json.h"
#include "keys.h"
#include "look.h"
#include "lookjson.h"
#include "outfile.h"
#include "owner.h"
#include "status.h"
#include <stdlib.h>
#include <unistd.h>

struct arguments {
	const char *dir, *output, *plot;
	char *url;
	bool json, prometheus, heartbeat;
};

static int take_rest(struct arguments *arguments, int count, char **words)
{
	if (count > 1)
		return usage_error(&cmd_status, "name one URL");
	if (arguments->json && arguments->prometheus)
		return usage_error(&cmd_status, "--json and --prometheus exclude each other");
	if (arguments->output && !arguments->prometheus)
		return usage_error(&cmd_status, "--output is for --prometheus");
	if (!count && !arguments->dir && is_in_nodedir())
		arguments->dir = ".";
	if (arguments->heartbeat && count)
		return usage_error(&cmd_status,
			"--heartbeat is for a node: its backup.lock says what is fetched");
	if (arguments->dir && !count)
		return EXIT_DONE;
	return take_url(&cmd_status, count ? *words : NULL, arguments->dir, &arguments->url);
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"prometheus", no_argument, NULL, 'p'}, {"output", required_argument, NULL, 'o'},
		{"heartbeat", no_argument, NULL, 'b'}, {"plot", required_argument, NULL, 'g'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	int option;

	while ((option = next_option(&cmd_status, argc, argv, ":", options)) != -1) {
		switch (option) {
		case 'j':
			arguments->json = true;
			break;
		case 'p':
			arguments->prometheus = true;
			break;
		case 'o':
			arguments->output = optarg;
			break;
		case 'g':
			arguments->plot = optarg;
			break;
		case 'b':
			arguments->heartbeat = true;
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
	char *path;

	what.log_io = what.io;
	if (arguments->url) {
		code = find_log(&path, arguments->url, err);
		if (code)
			return code;
		code = reach_url(&what.log_io, path, err);
		free(path);
	} else {
		code = owner_enter(arguments->dir, err);
		/* What is wrong with backup.lock is told by the look. */
		if (!code && keys_of_dir(arguments->dir, err))
			code = BK_OK;
	}
	if (!code)
		code = look_at(out, &what, err);
	if (code == BK_E_MISSING && arguments->dir)
		return bk_fail(err, code, 0,
			"there is no backup.lock in %s, so there is no backup yet: backup-cli init "
			"sets one up",
			arguments->dir);
	return code;
}

/* What is printed. */
struct seen {
	const struct look *look;
	const struct faults *faults;
};

static void print_metrics(FILE *out, const void *ctx)
{
	const struct seen *seen = ctx;

	status_metrics(out, seen->look, seen->faults);
}

/* A picture takes all that the log lists. */
struct drawing {
	const struct seen *seen;
	struct plotdata data;
};

static void print_plot(FILE *out, const void *ctx)
{
	const struct drawing *drawing = ctx;

	status_plot(out, drawing->seen->look, drawing->seen->faults, &drawing->data);
}

static enum bk_code plot(const char *path, const struct seen *seen, struct bk_error *err)
{
	struct drawing drawing = {.seen = seen};
	struct bk_log *log;
	enum bk_code code;

	/* One that does not answer would be waited for. */
	if (seen->look->log.answer != LOOK_ANSWERED)
		return bk_fail(err, BK_E_IO, 0, "no picture, for the log could not be read");
	code = open_url(&log, seen->look->log.path, err);
	if (code)
		return code;
	code = plotdata_read(&drawing.data, log, err);
	bk_log_close(log);
	return code ? code : outfile_put(path, print_plot, &drawing, err);
}

static enum bk_code print(
	const struct arguments *arguments, const struct seen *seen, struct bk_error *err)
{
	if (arguments->json)
		return json_print(look_json(seen->look, seen->faults), err);
	if (arguments->output)
		return outfile_put(arguments->output, print_metrics, seen, err);
	if (arguments->prometheus)
		print_metrics(stdout, seen);
	else
		status_print(seen->look, seen->faults);
	return BK_OK;
}

/* Fetched while all is well; what is not is told by silence. */
static enum bk_code send_heartbeat(const struct seen *seen, struct bk_error *err)
{
	const char *url = seen->look->lock.heartbeat;

	flush_out();
	/* A timer may ask for one whether or not there is any. */
	if (!url && isatty(STDERR_FILENO))
		fprintf(stderr, "No heartbeat: backup.lock has no \"heartbeat\".\n");
	if (!url)
		return BK_OK;
	if (seen->faults->count)
		fprintf(stderr, "No heartbeat, for not all is well.\n");
	return seen->faults->count ? BK_OK : heartbeat_send(url, err);
}

static int status_run(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct faults faults;
	struct seen seen = {.faults = &faults};
	struct look *found;
	struct bk_error err;
	enum bk_code code;
	int status = parse(argc, argv, &arguments);

	if (status != EXIT_DONE)
		return status;
	code = look(&arguments, &found, &err);
	free(arguments.url);
	if (code)
		return report(&err);
	faults_find(&faults, found);
	seen.look = found;
	code = print(&arguments, &seen, &err);
	if (!code && arguments.plot)
		code = plot(arguments.plot, &seen, &err);
	if (!code && arguments.heartbeat)
		code = send_heartbeat(&seen, &err);
	look_free(found);
	if (code)
		return report(&err);
	return faults.count ? EXIT_FAILED : EXIT_DONE;
}

const struct command cmd_status = {
	.name = "status",
	.summary = "whether the backup is well, and if not, what mends it",
	.help = "Usage: backup-cli status [--json | --prometheus [--output FILE]] [--heartbeat]\n"
		"                         [--plot FILE] [--lightning-dir DIR] [URL]\n"
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
		"  --prometheus         metrics, as Prometheus and its node_exporter read them\n"
		"  --output FILE        into FILE, whole or not at all, for all users to read\n"
		"  --plot FILE          also draws a picture, SVG, into FILE: how the log grew,\n"
		"                       versions a day, how long lightningd waits, sizes by age\n"
		"  --heartbeat          if all is well, also fetches the URL that backup.lock has\n"
		"                       as \"heartbeat\"\n"
		"  --lightning-dir DIR  the node is the one in DIR\n"
		"  -V                   the release\n"
		"\n"
		"Exit: 0 all is well, 1 something is not.\n",
	.run = status_run,
};
