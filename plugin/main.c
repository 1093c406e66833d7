/* main.c - the plugin: takes lightningd's messages from stdin, one after the other. */
#include "answer.h"
#include "build.h"
#include "dbwrite.h"
#include "lockio.h"
#include "framing.h"
#include "hook.h"
#include "lookprint.h"
#include "manifest.h"
#include "message.h"
#include "out.h"
#include "refusal.h"
#include "silence.h"
#include <bk/keyring.h>
#include <bk/memory.h>
#include <bk/process.h>
#include <bk/streams.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 2

struct plugin {
	struct hook *hook;
	struct dbwrite write;
	const char *path; /* what lightningd started us as */
	char **arguments; /* and gave us, ended by NULL */
	bool is_stopping; /* `shutdown` was heard */
	bool is_unsure;   /* a change came behind it, which may be committed or not */
};

/* No argument of lightningd's may keep us from our work: with plugin= the node would run on
 * unprotected. --developer is what it gives each plugin where it has been given that itself. */
static void tell_arguments(char **arguments)
{
	for (; *arguments; arguments++)
		if (strcmp(*arguments, "--developer") != 0)
			out_log(LEVEL_UNUSUAL,
				"lightningd started this plugin with \"%s\", which it does not "
				"know: it works as without",
				*arguments);
}

static void answer_manifest(const struct plugin *plugin, const cJSON *id)
{
	manifest_answer(id);
	tell_arguments(plugin->arguments);
}

static void take_change(struct plugin *plugin, const cJSON *id, const cJSON *params)
{
	plugin->is_unsure = plugin->is_stopping;
	hook_db_write(plugin->hook, id, params);
}

static void dispatch(struct plugin *plugin, const cJSON *message)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(message, "id");
	const cJSON *params = cJSON_GetObjectItemCaseSensitive(message, "params");
	const char *method =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "method"));

	if (!method)
		method = "";
	if (strcmp(method, "db_write") == 0)
		take_change(plugin, id, params);
	else if (strcmp(method, "getmanifest") == 0)
		answer_manifest(plugin, id);
	else if (strcmp(method, "init") == 0)
		init_answer(id, params, plugin->path);
	else if (strcmp(method, RPC_COMPACT) == 0)
		hook_compact(plugin->hook, id);
	else if (strcmp(method, "shutdown") == 0)
		plugin->is_stopping = true;
	else if (id && strcmp(method, ANSWER_METHOD) == 0)
		answer_status(bk_io_posix(), id);
	else if (id)
		out_unknown(id, method);
}

/* Refuses TEXT, which is no message that can be taken: a db_write, for all that we know. */
static void refuse_text(const struct bk_slice *text, const struct bk_error *err)
{
	cJSON *id = message_guess_id(text);
	struct refusal why;

	refusal_of(&why, err, NULL);
	refusal_send(&why, id);
	cJSON_Delete(id);
}

static void take_message(struct plugin *plugin, const struct bk_slice *text)
{
	struct bk_error err;
	cJSON *message;

	if (dbwrite_read(&plugin->write, text)) {
		plugin->is_unsure = plugin->is_stopping;
		hook_change(plugin->hook, &plugin->write.id, &plugin->write.change);
		return;
	}
	if (message_parse(&message, text, &err)) {
		refuse_text(text, &err);
		return;
	}
	dispatch(plugin, message);
	cJSON_Delete(message);
}

static void take_all(struct plugin *plugin, struct framing *framing)
{
	enum framing_event event;
	struct bk_slice text;
	struct bk_error err;

	while ((event = framing_next(framing, &text)) != FRAMING_MORE) {
		if (event == FRAMING_MESSAGE) {
			take_message(plugin, &text);
			continue;
		}
		bk_fail(&err, BK_E_LIMIT, 0, "a message is over the limit of %zu bytes",
			MESSAGE_BYTES_MAX);
		refuse_text(&text, &err);
	}
}

/* Whether `shutdown` was heard, and lightningd has been silent since, before the log was closed and
 * behind that: it waits for an answer to each db_write, and aborts if there is none. Where it never
 * falls silent it ends us itself after 30 s, when it does not ask (docs/decisions.md, "Leaving").
 */
static bool is_finished(struct plugin *plugin, const struct framing *framing)
{
	if (!plugin->is_stopping || framing_has_part(framing))
		return false;
	while (silence_comes())
		if (!hook_close(plugin->hook, !plugin->is_unsure))
			return true;
	return false;
}

/* Says why we end with a message that is not whole yet. */
static void end_for(const struct bk_error *err)
{
	struct refusal why;
	char text[REFUSAL_TEXT_MAX];

	refusal_of(&why, err, NULL);
	refusal_text(&why, text);
	out_log(LEVEL_REFUSAL, "%s", text);
}

/* Waits for lightningd, and does meanwhile what is to be done between two of its calls. */
static void wait_for_input(struct plugin *plugin)
{
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = hook_wake(plugin->hook), .events = POLLIN}};

	while (!fds[0].revents) {
		int n = poll(fds, 2, -1);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0 && fds[1].revents)
			hook_turn(plugin->hook);
	}
}

static int run(struct plugin *plugin)
{
	struct framing framing;
	struct bk_error err;
	int status = EXIT_SUCCESS;

	framing_init(&framing, MESSAGE_BYTES_MAX);
	while (!is_finished(plugin, &framing)) {
		uint8_t *at;
		size_t room;
		ssize_t n;

		if (framing_room(&framing, &at, &room, &err)) {
			end_for(&err);
			status = EXIT_FAILURE;
			break;
		}
		wait_for_input(plugin);
		n = read(STDIN_FILENO, at, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		framing_feed(&framing, (size_t)n);
		take_all(plugin, &framing);
	}
	out_close();
	framing_done(&framing);
	return status;
}

static void explain(void)
{
	puts("backup " BK_RELEASE ": a plugin that lightningd runs. It is not started by hand.\n"
	     "\n"
	     "1. With lightningd stopped, say where the backup goes, on another disk:\n"
	     "     backup-cli init --lightning-dir ~/.lightning/bitcoin \\\n"
	     "       file:///mnt/disk/file.bkp\n"
	     "2. Have lightningd load the plugin, as an important one (in its config file):\n"
	     "     important-plugin=/path/to/backup\n"
	     "   With plugin= instead, the node would run on without a backup if the plugin\n"
	     "   died.\n"
	     "3. Start lightningd. backup-cli log --lightning-dir ~/.lightning/bitcoin shows\n"
	     "   what arrives.\n"
	     "\n"
	     "hsm_secret is not in the backup: keep a copy of it apart.");
}

/* systemd sends SIGTERM to each process of the service, Ctrl-C SIGINT to the foreground group, a
 * terminal that closes SIGHUP. lightningd still commits after that, so we live on until it says
 * `shutdown` or closes our stdin. A write to a lightningd that is gone (SIGPIPE) is met as the end
 * of stdin. */
static void ignore_signals(void)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], SIG_IGN);
}

static bool is_one_of(const char *argument, const char *name, const char *letter)
{
	return strcmp(argument, name) == 0 || strcmp(argument, letter) == 0;
}

/* What a person wants who starts us by hand. */
static int take_argument(const char *argument)
{
	if (is_one_of(argument, "--version", "-V")) {
		puts("backup " BK_RELEASE);
	} else if (is_one_of(argument, "--help", "-h")) {
		explain();
	} else {
		fprintf(stderr,
			"backup: unknown argument \"%s\"; by hand it takes --help or --version\n"
			"Try: backup --help\n",
			argument);
		return EXIT_USAGE;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct plugin plugin = {0};
	struct bk_io io = *bk_io_posix();
	struct bk_error ignored;
	int status;

	bk_standard_streams();
	/* Of ourselves, to compact the log, and to answer backup-status: lightningd gives no such
	 * argument. */
	if (argc > 1 && strcmp(argv[1], BUILD_ARGUMENT) == 0) {
		bk_process_guard();
		lockio(&io, ".");
		status = build_run(&io, argc - 2, argv + 2);
		lockio_done(&io);
		return status;
	}
	if (argc == 2 && strcmp(argv[1], LOOKPRINT_ARGUMENT) == 0) {
		bk_process_guard();
		bk_limit_sqlite_memory();
		return look_print(".");
	}
	if (!getenv("LIGHTNINGD_PLUGIN")) {
		if (argc > 1)
			return take_argument(argv[1]);
		explain();
		return EXIT_SUCCESS;
	}
	bk_process_guard();
	bk_limit_sqlite_memory();
	ignore_signals();
	dbwrite_init(&plugin.write);
	plugin.path = argv[0];
	plugin.arguments = argv + 1;
	/* What opens a sealed log: backup.lock says it, at the first change. */
	if (bk_keyring_new(&io.keys, &ignored) == BK_OK)
		plugin.hook = hook_new(&io, bk_net_posix());
	if (!plugin.hook) {
		fputs("backup: no memory to begin with\n", stderr);
		return EXIT_FAILURE;
	}
	status = run(&plugin);
	hook_close(plugin.hook, plugin.is_stopping && !plugin.is_unsure);
	hook_free(plugin.hook);
	dbwrite_done(&plugin.write);
	bk_keyring_free(io.keys);
	return status;
}
