/* server_stdio.c - backup-cli server --stdio: holds the logs of other computers' nodes. */
#include "arguments.h"
#include "server.h"
#include <bk/image.h>
#include <bk/outline.h>
#include <bk/server.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t receive(void *ctx, void *data, size_t size)
{
	ssize_t n = read(STDIN_FILENO, data, size);

	(void)ctx;
	return n < 0 ? -errno : n;
}

static int64_t transmit(void *ctx, const void *data, size_t size)
{
	ssize_t n = write(STDOUT_FILENO, data, size);

	(void)ctx;
	return n < 0 ? -errno : n;
}

/* What SQLite reads of a database when it opens it, mostly. */
#define FIRST_BYTES (64 << 10)

/* Longer nobody waits for what would come anyway, piece by piece. */
#define LOOK_US 2000000

static bool is_late(void *until)
{
	return bk_io_posix()->ops->now_us(bk_io_posix()->ctx) > *(int64_t *)until;
}

/* Opens the image. */
static void look_inside(const struct bk_io *io, const char *path, const uint32_t *version)
{
	int64_t until = io->ops->now_us(io->ctx) + LOOK_US;
	const struct bk_image_options options = {.is_cancelled = is_late, .ctx = &until};
	struct bk_log_status status;
	struct bk_image *image;
	struct bk_log *log;
	struct bk_error err;
	enum bk_code code = bk_log_open(&log, io, path, &err);

	if (code)
		return;
	code = bk_log_status(log, &status, &err);
	if (!code)
		code = bk_image_open(
			&image, log, version ? *version : status.version, &options, &err);
	if (!code) {
		size_t done;
		uint8_t *first = malloc(FIRST_BYTES);

		code = first ? bk_image_read(image, first, FIRST_BYTES, 0, &done, &err) : BK_OK;
		free(first);
		bk_image_close(image);
	}
	bk_log_close(log);
}

/* As bk/server.h has it. */
static void look(const struct bk_io *io, const char *path, const uint32_t *version)
{
	struct bk_error err;
	bool is_sealed;

	if (!bk_outline_read(io, path, version, &is_sealed, &err) && !is_sealed)
		look_inside(io, path, version);
}

/* Seconds of a text such as "30d", "12h" or "3600"; false if it is none. */
static bool take_span(const char *text, int64_t *seconds)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
	size_t length = strlen(text);
	int64_t unit = 1;
	uint64_t number;
	char digits[16];

	if (!length || length >= sizeof digits)
		return false;
	strcpy(digits, text);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (digits[length - 1] != units[i].letter)
			continue;
		digits[length - 1] = '\0';
		unit = units[i].seconds;
		break;
	}
	if (!parse_number(digits, 100000000, &number) || !number)
		return false;
	*seconds = (int64_t)number * unit;
	return true;
}

static int take_option(struct bk_server_options *options, int option, bool *stdio)
{
	uint64_t megabytes, logs;

	switch (option) {
	case 's':
		*stdio = true;
		return EXIT_DONE;
	case 'r':
		options->root = optarg;
		return EXIT_DONE;
	case 'a':
		options->append_only = true;
		return EXIT_DONE;
	case 'k':
		return take_span(optarg, &options->keep_s)
			       ? EXIT_DONE
			       : usage_error(&cmd_server,
					 "\"%s\" is no time such as 30d, 12h or 90m", optarg);
	case 'm':
		if (!parse_number(optarg, 1u << 30, &megabytes) || !megabytes)
			return usage_error(&cmd_server, "\"%s\" is no number of MB", optarg);
		options->bytes_max = megabytes * 1000000;
		return EXIT_DONE;
	case 'n':
		if (!parse_number(optarg, UINT32_MAX, &logs) || !logs)
			return usage_error(&cmd_server, "\"%s\" is no number of logs", optarg);
		options->logs_max = (unsigned)logs;
		return EXIT_DONE;
	default:
		return EXIT_USAGE;
	}
}

int server_stdio(int argc, char **argv)
{
	static const struct option options[] = {{"stdio", no_argument, NULL, 's'},
		{"root", required_argument, NULL, 'r'}, {"append-only", no_argument, NULL, 'a'},
		{"keep-predecessors", required_argument, NULL, 'k'},
		{"max-log-mb", required_argument, NULL, 'm'},
		{"max-logs", required_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
	const struct bk_server_stream stream = {.receive = receive, .send = transmit};
	struct bk_server_options server = {.look = look};
	struct bk_error err;
	bool stdio = false;
	int option, status = EXIT_DONE;

	while (status == EXIT_DONE &&
		(option = next_option(&cmd_server, argc, argv, ":", options)) != -1)
		status = take_option(&server, option, &stdio);
	if (status != EXIT_DONE)
		return status;
	if (!stdio || !server.root || optind < argc)
		return usage_error(&cmd_server, "say --stdio and --root DIR, and nothing more");
	return bk_server_run(bk_io_posix(), &server, &stream, &err) ? report(&err) : EXIT_DONE;
}
