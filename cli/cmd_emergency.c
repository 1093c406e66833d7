/* cmd_emergency.c - backup-cli emergency: static channel backups out of a version. */
#include "arguments.h"
#include "json.h"
#include "which.h"
#include <bk/emergency.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	char *url;
	const char *version;
	size_t lost; /* channels that cannot be given */
};

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"version", required_argument, NULL, 'v'},
		{"at", required_argument, NULL, 'v'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	const char *dir = NULL;
	int option;

	while ((option = next_option(&cmd_emergency, argc, argv, ":", options)) != -1) {
		switch (option) {
		case 'v':
			arguments->version = optarg;
			break;
		case 'l':
			dir = optarg;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	if (argc - optind > 1)
		return usage_error(&cmd_emergency, "name one URL");
	return take_url(&cmd_emergency, optind < argc ? argv[optind] : NULL, dir, &arguments->url);
}

/* As lightning-cli staticbackup prints them. */
static enum bk_code print_backups(const struct bk_emergency *emergency, struct bk_error *err)
{
	cJSON *whole = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(whole, "scb");

	for (size_t i = 0; i < emergency->count; i++)
		if (emergency->channels[i].scb)
			cJSON_AddItemToArray(
				list, cJSON_CreateStringReference(emergency->channels[i].scb));
	if (!list) {
		cJSON_Delete(whole);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for what is printed");
	}
	return json_print(whole, err);
}

/* What is not given, or not as the database has it. */
static size_t print_notes(const struct bk_emergency *emergency)
{
	struct shown shown;
	size_t lost = 0;

	for (size_t i = 0; i < emergency->count; i++) {
		const struct bk_channel_backup *channel = &emergency->channels[i];

		lost += !channel->scb;
		if (channel->note)
			fprintf(stderr, "Channel %llu with peer %s %s: %s\n",
				(unsigned long long)channel->id,
				*channel->peer ? channel->peer : "unknown",
				channel->scb ? "is given, but" : "CANNOT be given",
				shown_of(&shown, channel->note));
	}
	return lost;
}

static void print_next(size_t given, uint32_t version, bool is_head)
{
	fprintf(stderr, "%zu channel%s of version %u%s.\n", given, given == 1 ? "" : "s", version,
		is_head ? ", the newest that the backup holds" : "");
	if (!given)
		return;
	fputs("Into a NEW lightning directory, with the same hsm_secret and no other file of the\n"
	      "old node, never onto its database:\n"
	      "  lightning-cli recoverchannel '[\"...\", ...]'   the list that is printed\n"
	      "Each peer is asked to close, and what was ours comes back on chain when it has.\n"
	      "operations.md, \"When the newest state is lost\", has what to do where one has not.\n",
		stderr);
}

/* A log_fn. */
static enum bk_code emergency_of(struct bk_log *log, void *ctx, struct bk_error *err)
{
	struct arguments *arguments = ctx;
	struct bk_emergency emergency;
	struct bk_log_status status;
	struct bk_entry entry;
	enum bk_code code = bk_log_status(log, &status, err);

	if (!code)
		warn_of_log(&status);
	if (!code)
		code = find_version(log, arguments->version, &entry, err);
	if (!code)
		code = bk_emergency(log, entry.version, &emergency, err);
	if (code)
		return code;
	code = print_backups(&emergency, err);
	flush_out(); /* before what stands on standard error */
	arguments->lost = print_notes(&emergency);
	print_next(
		emergency.count - arguments->lost, entry.version, entry.version == status.version);
	bk_emergency_done(&emergency);
	return code;
}

static int emergency_run(int argc, char **argv)
{
	struct arguments arguments = {0};
	int status = parse(argc, argv, &arguments);

	if (status == EXIT_DONE)
		status = on_log(arguments.url, emergency_of, &arguments);
	free(arguments.url);
	return status == EXIT_DONE && arguments.lost ? EXIT_DAMAGE : status;
}

const struct command cmd_emergency = {
	.name = "emergency",
	.summary = "print static channel backups: the safe way out of an old state",
	.help = "Usage: backup-cli emergency [--version VERSION | --at TIME]\n"
		"                            [--lightning-dir DIR] [URL]\n"
		"\n"
		"Prints the static channel backups of the newest version, or of another, as\n"
		"lightning-cli staticbackup does. A node must not start from a state that is not\n"
		"its newest; but any state has what lightning-cli recoverchannel takes: with it\n"
		"each peer is asked to close, and what was ours comes back on chain when it has.\n"
		"Use it where the newest state is lost, in a new lightning directory with the\n"
		"same hsm_secret, and never beside a node that still runs. Without URL it is the\n"
		"log that backup.lock names in the current directory, or in DIR.\n"
		"\n"
		"  --version VERSION    another version\n"
		"  --at TIME            the same: the newest version not after TIME\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n" HELP_VERSION "\n"
		"The channels of databases from lightningd v23.02 on are given. Those that are\n"
		"closed for good, or whose opening was not committed to, are left out.\n"
		"\n"
		"Exit: 3 if a channel cannot be given; it is named.\n",
	.run = emergency_run,
};
