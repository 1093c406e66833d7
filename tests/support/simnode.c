/* simnode.c - a simulated lightningd as a program: plays a trace to the plugin, from where the
 * database in its directory stands. */
#include "node.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exit codes, for scripts. */
enum { EXIT_PLAYED = 0, EXIT_TROUBLE = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3, EXIT_GONE = 4 };

static const char help[] =
	"Usage: simnode --plugin PATH --dir DIR (--trace FILE | --generate N) [OPTIONS]\n"
	"\n"
	"Runs the plugin PATH in DIR as lightningd does, and plays db_write calls to it. A "
	"database\n"
	"DIR/lightningd.sqlite3 is kept in step: the statements of a call run in a transaction "
	"that is open\n"
	"while the plugin is asked, and committed after it answered. It goes on from the version "
	"that the\n"
	"database is at.\n"
	"\n"
	"What is played:\n"
	"  --trace FILE     recorded calls: lines of JSON, plain or .zst\n"
	"  --generate N     the first N calls of a made-up node\n"
	"  --seed S         which made-up node, and which random cuts (default 1)\n"
	"  --from VERSION   begin with the calls that lead to VERSION\n"
	"  --to VERSION     stop when VERSION is complete\n"
	"  --calls N        stop after N calls\n"
	"  --unwatched N    when the plugin is gone, N more calls that nobody asks it about\n"
	"  --no-database    keep none\n"
	"\n"
	"How it is played:\n"
	"  --init-after N   init comes after N calls (default 3)\n"
	"  --plugin-start   as with `lightning-cli plugin start`: init comes first, \"startup\" is "
	"false;\n"
	"                   a plugin that is not dynamic is refused\n"
	"  --split HOW      cut messages at every byte (bytes) or at random ones (random)\n"
	"  --join           init comes in one write with the call before it\n"
	"  --cache-pages N  of the database: a transaction that outgrows them locks readers out\n"
	"  --pause MS       between two calls, so that the plugin's follower keeps up\n"
	"  --unimportant    loaded with plugin=: when it dies, the node runs on without it\n"
	"  --kill-plugin WHEN:N, --kill-node WHEN:N\n"
	"                   SIGKILL before, during or after call N of this run\n"
	"\n"
	"Output:\n"
	"  --each           a line \"acknowledged VERSION\" for each call that was, after its "
	"commit\n"
	"  --log            the plugin's log lines, on stderr\n"
	"\n"
	"The last line says how far it came. Exit: 0 all was played, 1 trouble of its own, 2 "
	"usage, 3 the\n"
	"plugin refused a call (the node then stops as lightningd does, and leaves its journal), 4 "
	"the\n"
	"plugin was gone.\n";

enum moment { MOMENT_NEVER, MOMENT_BEFORE, MOMENT_DURING, MOMENT_AFTER };

/* A SIGKILL that is due at a moment of a call. */
struct due {
	enum moment moment;
	uint64_t call; /* from 1 */
};

struct simnode {
	struct node_options options;
	char plugin[PATH_MAX];
	const char *trace;
	uint64_t generate, calls_max, init_after, unwatched;
	uint32_t from, to;
	unsigned pause_ms;
	bool has_from, has_to, is_plugin_start, is_unimportant, is_joined, is_plugin_lost, each,
		log;
	struct due kill_plugin, kill_node;

	struct node *node;
	struct trace *calls;
	uint64_t played, acknowledged, unwatched_played;
	bool is_init_sent;
};

static bool parse_due(const char *text, struct due *due)
{
	static const struct {
		const char *name;
		enum moment moment;
	} moments[] = {
		{"before:", MOMENT_BEFORE}, {"during:", MOMENT_DURING}, {"after:", MOMENT_AFTER}};

	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		size_t size = strlen(moments[i].name);

		if (strncmp(text, moments[i].name, size) != 0)
			continue;
		due->moment = moments[i].moment;
		due->call = strtoull(text + size, NULL, 10);
		return due->call > 0;
	}
	return false;
}

static bool parse_split(const char *text, enum peer_split *split)
{
	*split = strcmp(text, "bytes") == 0 ? SPLIT_BYTES : SPLIT_RANDOM;
	return *split == SPLIT_BYTES || strcmp(text, "random") == 0;
}

static bool is_due(const struct due *due, enum moment moment, const struct simnode *sim)
{
	return due->moment == moment && due->call == sim->played + 1;
}

/* What is to happen at this moment of the call under way. */
static void strike(struct simnode *sim, enum moment moment)
{
	if (is_due(&sim->kill_plugin, moment, sim) && node_is_running(sim->node))
		kill(node_plugin_pid(sim->node), SIGKILL);
	if (is_due(&sim->kill_node, moment, sim))
		kill(getpid(), SIGKILL);
}

static void print_log(void *ctx, const char *level, const char *message)
{
	(void)ctx;
	fprintf(stderr, "%s: %s\n", level, message);
}

static enum bk_code send_init(struct simnode *sim, struct bk_error *err)
{
	if (sim->is_init_sent || sim->is_joined || sim->played < sim->init_after)
		return BK_OK;
	sim->is_init_sent = true;
	return node_init(sim->node, !sim->is_plugin_start, err);
}

/* One call to the plugin. */
static enum bk_code play_call(struct simnode *sim, const struct trace_call *call,
	enum node_answer *answer, struct bk_error *err)
{
	bool joined = sim->is_joined && !sim->is_init_sent && sim->played + 1 == sim->init_after;
	enum bk_code code = send_init(sim, err);

	if (code)
		return code;
	strike(sim, MOMENT_BEFORE);
	code = node_begin(sim->node, call, joined, err);
	if (code)
		return code;
	strike(sim, MOMENT_DURING);
	code = node_end(sim->node, answer, err);
	if (code)
		return code;
	sim->is_init_sent = sim->is_init_sent || joined;
	if (*answer == NODE_COMMITTED) {
		sim->acknowledged++;
		if (sim->each)
			printf("acknowledged %u\n", call->change.version);
	}
	strike(sim, MOMENT_AFTER);
	return BK_OK;
}

static void print_summary(const struct simnode *sim, const char *end)
{
	printf("played %llu calls, to version %u: %llu acknowledged, %llu unwatched; %s\n",
		(unsigned long long)sim->played, node_version(sim->node),
		(unsigned long long)sim->acknowledged, (unsigned long long)sim->unwatched_played,
		end);
}

/* lightningd aborts: nothing is rolled back, the journal stays. */
static _Noreturn void stop_short(const struct simnode *sim, enum node_answer answer)
{
	if (answer == NODE_REFUSED) {
		fprintf(stderr, "simnode: the plugin refused: %s\n", node_reason(sim->node));
		print_summary(sim, "the plugin refused");
	} else {
		print_summary(sim, "the plugin was gone");
	}
	fflush(stdout);
	_exit(answer == NODE_REFUSED ? EXIT_REFUSED : EXIT_GONE);
}

/* The next call that is to be played; *MORE is false when all are done. */
static enum bk_code next_call(
	struct simnode *sim, struct trace_call *call, bool *more, struct bk_error *err)
{
	enum bk_code code;

	*more = false;
	if (sim->calls_max && sim->played >= sim->calls_max)
		return BK_OK;
	code = trace_next(sim->calls, call, more, err);
	if (!code && *more && sim->has_to && (int32_t)(call->change.version - sim->to) > 0)
		*more = false;
	return code;
}

/* Whether the plugin ended while it was idle: lightningd sees that at once. */
static bool died_idle(const struct simnode *sim)
{
	return !node_is_running(sim->node) ||
	       (sim->kill_plugin.moment == MOMENT_AFTER && sim->kill_plugin.call == sim->played);
}

static enum bk_code play_watched(struct simnode *sim, struct bk_error *err)
{
	for (;;) {
		struct trace_call call;
		enum node_answer answer;
		bool more;
		enum bk_code code = next_call(sim, &call, &more, err);

		if (code || !more)
			return code;
		code = play_call(sim, &call, &answer, err);
		if (code)
			return code;
		if (answer != NODE_COMMITTED)
			stop_short(sim, answer);
		sim->played++;
		usleep(sim->pause_ms * 1000);
		if (!died_idle(sim))
			continue;
		if (!sim->is_unimportant)
			stop_short(sim, NODE_GONE);
		node_kill_plugin(sim->node);
		sim->is_plugin_lost = true;
		sim->unwatched = UINT64_MAX;
		return BK_OK;
	}
}

static enum bk_code play_unwatched(struct simnode *sim, struct bk_error *err)
{
	while (sim->unwatched_played < sim->unwatched) {
		struct trace_call call;
		bool more;
		enum bk_code code = next_call(sim, &call, &more, err);

		if (!code && more)
			code = node_call_unwatched(sim->node, &call, err);
		if (code || !more)
			return code;
		sim->played++;
		sim->unwatched_played++;
	}
	return BK_OK;
}

static enum bk_code open_all(struct simnode *sim, struct bk_error *err)
{
	enum bk_code code = node_open(&sim->node, &sim->options, err);

	if (!code)
		code = sim->trace ? trace_open(&sim->calls, sim->trace, err)
				  : trace_open_generated(
					    &sim->calls, sim->options.seed, sim->generate, err);
	if (!code)
		code = trace_skip_to(
			sim->calls, sim->has_from ? sim->from - 1 : node_version(sim->node), err);
	return code;
}

static enum bk_code play(struct simnode *sim, int *plugin_status, struct bk_error *err)
{
	enum bk_code code = open_all(sim, err);
	uint64_t watched_max = sim->calls_max;

	if (!code)
		code = node_start(sim->node, err);
	if (!code)
		code = play_watched(sim, err);
	/* A trace that is shorter than that is at its end all the same. */
	sim->init_after = 0;
	if (!code && node_is_running(sim->node))
		code = send_init(sim, err);
	if (!code)
		code = node_stop(sim->node, plugin_status, err);
	/* Those that come now are beyond --calls. */
	if (watched_max)
		sim->calls_max = 0;
	return code ? code : play_unwatched(sim, err);
}

static int run(struct simnode *sim)
{
	struct bk_error err;
	int plugin_status = 0, status = EXIT_PLAYED;
	char end[64];

	if (play(sim, &plugin_status, &err)) {
		fprintf(stderr, "simnode: %s\n", err.msg);
		status = EXIT_TROUBLE;
	} else {
		snprintf(end, sizeof end, "the plugin exited with %d", plugin_status);
		print_summary(sim, sim->is_plugin_lost ? "the plugin was gone" : end);
		if (plugin_status)
			status = EXIT_TROUBLE;
	}
	node_close(sim->node);
	trace_close(sim->calls);
	return status;
}

static const struct option long_options[] = {{"plugin", required_argument, NULL, 'p'},
	{"dir", required_argument, NULL, 'd'}, {"trace", required_argument, NULL, 't'},
	{"generate", required_argument, NULL, 'g'}, {"seed", required_argument, NULL, 's'},
	{"from", required_argument, NULL, 'f'}, {"to", required_argument, NULL, 'o'},
	{"calls", required_argument, NULL, 'c'}, {"unwatched", required_argument, NULL, 'u'},
	{"no-database", no_argument, NULL, 'n'}, {"init-after", required_argument, NULL, 'i'},
	{"plugin-start", no_argument, NULL, 'S'}, {"split", required_argument, NULL, 'x'},
	{"join", no_argument, NULL, 'j'}, {"cache-pages", required_argument, NULL, 'C'},
	{"pause", required_argument, NULL, 'P'},
	{"unimportant", no_argument, NULL, 'U'}, {"kill-plugin", required_argument, NULL, 'k'},
	{"kill-node", required_argument, NULL, 'K'}, {"each", no_argument, NULL, 'e'},
	{"log", no_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 10);
}

/* The options that say what is played; false if OPTION is none of them. */
static bool take_what(struct simnode *sim, int option)
{
	switch (option) {
	case 't':
		sim->trace = optarg;
		return true;
	case 'g':
		sim->generate = number(optarg);
		return true;
	case 's':
		sim->options.seed = number(optarg);
		return true;
	case 'f':
		sim->from = (uint32_t)number(optarg);
		return sim->has_from = true;
	case 'o':
		sim->to = (uint32_t)number(optarg);
		return sim->has_to = true;
	case 'c':
		sim->calls_max = number(optarg);
		return true;
	case 'u':
		sim->unwatched = number(optarg);
		return true;
	case 'n':
		return sim->options.no_database = true;
	default:
		return false;
	}
}

/* The others; false if OPTION or its value is not known. */
static bool take_how(struct simnode *sim, int option)
{
	switch (option) {
	case 'p':
		if (realpath(optarg, sim->plugin))
			return true;
		fprintf(stderr, "simnode: %s: %s\n", optarg, strerror(errno));
		return false;
	case 'd':
		return (sim->options.dir = optarg);
	case 'i':
		sim->init_after = number(optarg);
		return true;
	case 'S':
		sim->init_after = 0;
		return sim->is_plugin_start = true;
	case 'x':
		return parse_split(optarg, &sim->options.split);
	case 'j':
		return sim->is_joined = true;
	case 'C':
		sim->options.cache_pages = (int)number(optarg);
		return true;
	case 'P':
		sim->pause_ms = (unsigned)number(optarg);
		return true;
	case 'U':
		return sim->is_unimportant = true;
	case 'k':
		return parse_due(optarg, &sim->kill_plugin);
	case 'K':
		return parse_due(optarg, &sim->kill_node);
	case 'e':
		return sim->each = true;
	case 'l':
		sim->options.on_log = print_log;
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	struct simnode sim = {.init_after = 3, .options = {.seed = 1}};
	int option;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return EXIT_PLAYED;
	}
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (take_what(&sim, option) || take_how(&sim, option))
			continue;
		fprintf(stderr, "Try: simnode --help\n");
		return EXIT_USAGE;
	}
	sim.options.plugin = sim.plugin;
	if (optind != argc || !*sim.plugin || !sim.options.dir || !sim.trace == !sim.generate) {
		fprintf(stderr, "simnode: name --plugin, --dir, and --trace or --generate\n"
				"Try: simnode --help\n");
		return EXIT_USAGE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	return run(&sim);
}
