/* server_older.c - backup-cli server URL: the older plugin's protocol, over a log. */
#include "arguments.h"
#include "interrupt.h"
#include "server.h"
#include <arpa/inet.h>
#include <bk/net.h>
#include <bk/olderserver.h>
#include <bk/text.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <systemd/sd-daemon.h>

#define LOOPBACK "127.0.0.1"

struct arguments {
	const char *url;
	struct bk_endpoint at;
	bool has_at, for_systemd;
	enum bk_older_level level; /* the least that is said */
	bool is_quiet;             /* not even that, but for how it ends */
};

/* --log-level's words, the least first, with the number that systemd knows them by. */
static const struct {
	const char *name;
	enum bk_older_level level;
	int priority;
} levels[] = {{"debug", BK_OLDER_DEBUG, 7}, {"info", BK_OLDER_INFO, 6},
	{"notice", BK_OLDER_NOTICE, 5}, {"warning", BK_OLDER_WARNING, 4},
	{"error", BK_OLDER_ERROR, 3}};

static int take_level(struct arguments *arguments, const char *word)
{
	static const char *const names[] = {
		"debug", "info", "notice", "warning", "error", "critical", NULL};

	arguments->is_quiet = strcasecmp(word, "critical") == 0;
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcasecmp(word, levels[i].name) == 0) {
			arguments->level = levels[i].level;
			return EXIT_DONE;
		}
	return arguments->is_quiet ? EXIT_DONE : no_such(&cmd_server, "level", word, names);
}

static int take_mode(struct arguments *arguments, const char *word)
{
	arguments->for_systemd = strcasecmp(word, "systemd") == 0;
	return arguments->for_systemd || strcasecmp(word, "plain") == 0
		       ? EXIT_DONE
		       : usage_error(&cmd_server, "--log-mode is plain or systemd");
}

static int take_words(struct arguments *arguments, int count, char **words)
{
	struct bk_error err;

	if (count < 1 || count > 2)
		return usage_error(&cmd_server, "name one URL, and HOST:PORT");
	arguments->url = words[0];
	arguments->has_at = count == 2;
	if (arguments->has_at && bk_endpoint_parse(&arguments->at, words[1], LOOPBACK, &err))
		return usage_error(&cmd_server, "%s", err.msg);
	return EXIT_DONE;
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"log-mode", required_argument, NULL, 'm'},
		{"log-level", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	int option, status = EXIT_DONE;

	while (status == EXIT_DONE &&
		(option = next_option(&cmd_server, argc, argv, ":", options)) != -1) {
		if (option == 'm')
			status = take_mode(arguments, optarg);
		else if (option == 'l')
			status = take_level(arguments, optarg);
		else
			status = EXIT_USAGE;
	}
	return status == EXIT_DONE ? take_words(arguments, argc - optind, argv + optind) : status;
}

/* A bk_older_say_fn. One call prints a line, whichever thread it comes from. */
static void say(void *ctx, enum bk_older_level level, const char *what)
{
	const struct arguments *arguments = ctx;
	char prefix[8] = "";
	struct shown shown;

	if (level < arguments->level || arguments->is_quiet)
		return;
	if (arguments->for_systemd)
		snprintf(prefix, sizeof prefix, "<%d>", levels[level].priority);
	printf("%s%s\n", prefix, shown_of(&shown, what));
	flush_out();
}

/* An address of this computer alone: a name that looks like one may be anybody's. */
static bool is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcmp(host, "localhost") == 0;
}

static void tell_place(struct arguments *arguments)
{
	char text[BK_HOST_MAX + 256];

	if (!is_loopback(arguments->at.host)) {
		snprintf(text, sizeof text,
			"%s can be reached from elsewhere, and this protocol has no "
			"authentication: "
			"whoever connects can read and write the backup",
			arguments->at.host);
		say(arguments, BK_OLDER_WARNING, text);
	}
	snprintf(text, sizeof text, "Waiting for connection on %s, port %s", arguments->at.host,
		arguments->at.port);
	say(arguments, BK_OLDER_INFO, text);
}

/* Sets *FD to the socket that systemd hands over, or a new one. */
static enum bk_code find_socket(struct arguments *arguments, int *fd, struct bk_error *err)
{
	const struct bk_net *net = bk_net_posix();
	int handed = sd_listen_fds(1);

	if (handed > 1)
		return bk_fail(err, BK_E_INVALID, 0,
			"systemd hands over %d sockets: this serves one", handed);
	if (handed == 1) {
		*fd = SD_LISTEN_FDS_START;
		if (fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK) < 0)
			return bk_fail(err, BK_E_IO, errno, "systemd's socket is of no use");
		say(arguments, BK_OLDER_INFO, "Waiting for connection on systemd's socket");
		return BK_OK;
	}
	if (!arguments->has_at)
		return bk_fail(err, BK_E_INVALID, 0,
			"name HOST:PORT to listen at: systemd hands no socket over");
	*fd = net->ops->listen(net->ctx, arguments->at.host, arguments->at.port);
	if (*fd < 0)
		return *fd == -ENOENT
			       ? bk_fail(err, BK_E_IO, 0, "there is no host %s", arguments->at.host)
			       : bk_fail(err, BK_E_IO, -*fd, "cannot listen at %s, port %s",
					 arguments->at.host, arguments->at.port);
	tell_place(arguments);
	return BK_OK;
}

static enum bk_code serve(struct arguments *arguments, const char *path, struct bk_error *err)
{
	const struct bk_older_server_options options = {.say = say, .ctx = arguments};
	struct bk_older_server *server;
	int fd = -1;
	enum bk_code code =
		bk_older_server_new(&server, interrupt_io(), bk_net_posix(), path, &options, err);

	if (code)
		return code;
	code = find_socket(arguments, &fd, err);
	if (!code) {
		sd_notifyf(0, "READY=1\nSTATUS=Serving %s", path);
		code = bk_older_server_run(server, fd, err);
	}
	bk_older_server_free(server);
	return code;
}

int server_older(int argc, char **argv)
{
	struct arguments arguments = {.level = BK_OLDER_INFO};
	struct bk_error err;
	char *path;
	int status = parse(argc, argv, &arguments);
	enum bk_code code;

	if (status != EXIT_DONE)
		return status;
	code = find_log(&path, arguments.url, &err);
	if (!code) {
		code = serve(&arguments, path, &err);
		free(path);
	}
	return code ? report(&err) : EXIT_DONE;
}
