/* cmd_log.c - backup-cli log: lists the versions. */
#include "arguments.h"
#include "interrupt.h"
#include "json.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/moment.h>
#include <bk/version.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct listing {
	char *url;
	const char *since, *until;
	bool has_limit, all, json;
	uint64_t limit;
	int64_t since_us, until_us;
	int64_t latest_us; /* of the entries that were printed */
	bool any;          /* an entry was printed */
	bool is_damaged;
	bool has_before; /* an entry came before the one that is printed: */
	uint32_t before; /* its version */
};

/* What was given is not wrong by itself: the URL and the times, which are said. */
static int take_rest(struct listing *listing, const char *dir, int count, char **words)
{
	int status = EXIT_DONE;

	if (count > 1)
		return usage_error(&cmd_log, "name one URL");
	if (listing->since)
		status = take_time(&cmd_log, "--since", listing->since, false, &listing->since_us);
	if (status == EXIT_DONE && listing->until)
		status = take_time(&cmd_log, "--until", listing->until, true, &listing->until_us);
	return status == EXIT_DONE ? take_url(&cmd_log, count ? *words : NULL, dir, &listing->url)
				   : status;
}

static int parse(int argc, char **argv, struct listing *listing)
{
	static const struct option options[] = {{"limit", required_argument, NULL, 'n'},
		{"since", required_argument, NULL, 's'}, {"until", required_argument, NULL, 'u'},
		{"all", no_argument, NULL, 'a'}, {"json", no_argument, NULL, 'j'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	const char *dir = NULL;
	int option;

	while ((option = next_option(&cmd_log, argc, argv, ":n:", options)) != -1) {
		switch (option) {
		case 'n':
			listing->has_limit = true;
			if (!parse_number(optarg, UINT64_MAX, &listing->limit) || !listing->limit)
				return usage_error(&cmd_log, "\"%s\" is no count", optarg);
			break;
		case 's':
			listing->since = optarg;
			break;
		case 'u':
			listing->until = optarg;
			break;
		case 'a':
			listing->all = true;
			break;
		case 'j':
			listing->json = true;
			break;
		case 'l':
			dir = optarg;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	return take_rest(listing, dir, argc - optind, argv + optind);
}

static const char *note(const struct bk_entry *entry)
{
	if (entry->flags & BK_ENTRY_STRUCK)
		return "struck out";
	if (entry->flags & BK_ENTRY_SNAPSHOT)
		return "snapshot";
	if (entry->flags & BK_ENTRY_LONE)
		return "pragma";
	return "";
}

/* Whether ENTRY is a snapshot that closes a gap: versions before it are in no log. */
static bool closes_gap(const struct listing *listing, const struct bk_entry *entry)
{
	return listing->has_before && (entry->flags & BK_ENTRY_SNAPSHOT) &&
	       bk_version_distance(entry->version, listing->before) > 1;
}

static void add_gap(const struct listing *listing, cJSON *object, const struct bk_entry *entry)
{
	cJSON *missing = cJSON_AddObjectToObject(object, "missing");

	json_add_count(missing, "from", listing->before + 1);
	json_add_count(missing, "to", entry->version - 1);
	cJSON_AddStringToObject(missing, "why", "the node moved on unwatched");
}

static enum bk_code print_json(
	const struct listing *listing, const struct bk_entry *entry, struct bk_error *err)
{
	cJSON *object = cJSON_CreateObject();
	char time[BK_MOMENT_TEXT];

	bk_moment_text(time, entry->time_us, false);
	json_add_count(object, "version", entry->version);
	cJSON_AddStringToObject(object, "time", time);
	json_add_time(object, "time_us", entry->time_us);
	json_add_count(object, "statements", entry->statements);
	json_add_count(object, "sql_bytes", entry->sql_bytes);
	json_add_count(object, "log_bytes", entry->log_bytes);
	if (entry->page_count)
		json_add_count(object, "page_count", entry->page_count);
	cJSON_AddStringToObject(object, "note", note(entry));
	if (closes_gap(listing, entry))
		add_gap(listing, object, entry);
	printf("%s\n  ", listing->any ? "," : "");
	return json_print_line(object, err);
}

static void print_text(const struct listing *listing, const struct bk_entry *entry)
{
	char time[BK_MOMENT_TEXT], gap[GAP_TEXT];

	bk_moment_text(time, entry->time_us, true);
	if (!listing->any)
		printf("%10s  %-20s  %10s  %10s  %10s\n", "version", "time", "statements",
			"SQL bytes", "log bytes");
	if (closes_gap(listing, entry)) {
		gap_text(gap, true, listing->before, entry->version);
		printf("%10s  %s\n", "-", gap);
	}
	printf("%10" PRIu32 "  %-20s  %10" PRIu32 "  %10" PRIu32 "  %10" PRIu32 "%s%s\n",
		entry->version, time, entry->statements, entry->sql_bytes, entry->log_bytes,
		*note(entry) ? "  " : "", note(entry));
}

static bool is_wanted(const struct listing *listing, const struct bk_entry *entry)
{
	/* Of an empty log's beginning there is nothing to show. */
	if (!entry->statements && !entry->page_count && !listing->all)
		return false;
	return (!listing->since || entry->time_us >= listing->since_us) &&
	       (!listing->until || entry->time_us <= listing->until_us);
}

/* The first version to look at: with --since, the newest that came before. */
static enum bk_code find_start(
	struct bk_log *log, const struct listing *listing, uint32_t *from, struct bk_error *err)
{
	struct bk_log_status status;
	struct bk_entry entry;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	*from = status.version - (uint32_t)INT32_MAX;
	if (!listing->since)
		return BK_OK;
	code = bk_log_find_time(log, listing->since_us, &entry, err);
	if (!code)
		*from = entry.version;
	return code == BK_E_MISSING ? BK_OK : code;
}

static enum bk_code open_history(struct bk_listing **history, struct bk_log *log,
	const struct listing *listing, struct bk_error *err)
{
	enum bk_listing_what what = listing->all ? BK_LISTING_ALL : BK_LISTING_VERSIONS;
	uint32_t from;
	enum bk_code code;

	if (listing->has_limit && !listing->since && !listing->until)
		return bk_listing_open_last(history, log, listing->limit, what, err);
	code = find_start(log, listing, &from, err);
	return code ? code : bk_listing_open(history, log, from, what, err);
}

/* The next entry that can be read; damage before it is said, with DAMAGED not NULL, and passed
 * over. */
static enum bk_code next_entry(struct bk_listing *history, struct bk_entry *entry, bool *more,
	bool *damaged, struct bk_error *err)
{
	struct shown shown;
	enum bk_code code;

	while ((code = bk_listing_next(history, entry, more, err)) == BK_E_DAMAGE) {
		if (!damaged)
			continue;
		fprintf(stderr, "backup-cli: versions are missing here: %s\n",
			shown_of(&shown, err->msg));
		*damaged = true;
	}
	return code;
}

/* With a limit and a time range, the newest entries of the range: counts them first. */
static enum bk_code count_wanted(
	struct bk_log *log, const struct listing *listing, uint64_t *count, struct bk_error *err)
{
	struct bk_listing *history;
	struct bk_entry entry;
	bool more = true;
	enum bk_code code = open_history(&history, log, listing, err);

	*count = 0;
	if (code)
		return code;
	while (!code && more) {
		code = next_entry(history, &entry, &more, NULL, err);
		if (!code && more)
			*count += is_wanted(listing, &entry);
	}
	bk_listing_close(history);
	return code;
}

static enum bk_code print_entry(
	struct listing *listing, const struct bk_entry *entry, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (listing->json)
		code = print_json(listing, entry, err);
	else
		print_text(listing, entry);
	if (!listing->any || entry->time_us > listing->latest_us)
		listing->latest_us = entry->time_us;
	listing->any = true;
	return code;
}

static enum bk_code print_entries(
	struct bk_log *log, struct listing *listing, uint64_t skip, struct bk_error *err)
{
	struct bk_listing *history;
	struct bk_entry entry;
	bool more = true;
	enum bk_code code = open_history(&history, log, listing, err);

	if (code)
		return code;
	while (!code && more && interrupt_is_heard()) {
		code = next_entry(history, &entry, &more, &listing->is_damaged, err);
		if (code || !more)
			continue;
		if (is_wanted(listing, &entry) && skip)
			skip--;
		else if (is_wanted(listing, &entry))
			code = print_entry(listing, &entry, err);
		if (bk_entry_stands(&entry)) {
			listing->has_before = true;
			listing->before = entry.version;
		}
	}
	bk_listing_close(history);
	return code;
}

/* A time that has not come yet makes --at, --until and every age wrong. */
static void warn_of_future(const struct listing *listing)
{
	char age[BK_MOMENT_TEXT];
	int64_t now = now_us();

	if (!listing->any || listing->latest_us - now < 1000000)
		return;
	bk_moment_age(age, listing->latest_us, now);
	fflush(stdout);
	fprintf(stderr, "Warning: the newest time above is %s\n", age);
}

/* Beside the list, where it does not get into what scripts read: whose log it is. */
static void tell_node(const struct listing *listing, const struct bk_log_status *status)
{
	if (*status->node && !listing->json)
		fprintf(stderr, "The log of node %s.\n", status->node);
}

/* What the list alone does not show: an open doubt, and that the newest version is listed and
 * cannot be rebuilt. */
static enum bk_code warn_of_head(struct listing *listing, struct bk_log *log,
	const struct bk_log_status *status, struct bk_error *err)
{
	const struct bk_image_options options = {.past_damage = true};
	struct bk_image *image = NULL;
	struct shown shown;
	enum bk_code code = bk_image_open(&image, log, status->version, &options, err);

	if (*status->doubt && listing->all)
		fprintf(stderr, "In doubt: log and node may differ, since %s.\n",
			shown_of(&shown, status->doubt));
	bk_image_close(image);
	if (code != BK_E_SQL && code != BK_E_DAMAGE)
		return code;
	fprintf(stderr,
		"Warning: the newest version, %" PRIu32 ", cannot be rebuilt: %s. backup-cli "
		"verify tells which can.\n",
		status->version, shown_of(&shown, err->msg));
	listing->is_damaged = true;
	return BK_OK;
}

/* --since must have come; what the log has from a clock that was ahead has. */
static enum bk_code check_since(
	const struct listing *listing, const struct bk_log_status *status, struct bk_error *err)
{
	int64_t now = now_us();

	if (!listing->since)
		return BK_OK;
	return bk_moment_check_past(listing->since, listing->since_us,
		now > status->time_us ? now : status->time_us, err);
}

static enum bk_code list(struct bk_log *log, struct listing *listing, struct bk_error *err)
{
	struct bk_log_status status;
	uint64_t count = 0;
	enum bk_code code = bk_log_status(log, &status, err);

	if (!code)
		code = check_since(listing, &status, err);
	if (code)
		return code;
	tell_node(listing, &status);
	if (listing->has_limit)
		code = count_wanted(log, listing, &count, err);
	if (listing->json)
		printf("[");
	if (!code)
		code = print_entries(log, listing,
			listing->has_limit && count > listing->limit ? count - listing->limit : 0,
			err);
	if (listing->json)
		printf("%s]\n", listing->any ? "\n" : "");
	else if (!listing->any && !code)
		fprintf(stderr, "The log holds no version%s.\n",
			listing->since || listing->until ? " of that time" : " yet");
	warn_of_future(listing);
	if (!code)
		code = warn_of_head(listing, log, &status, err);
	return code;
}

static int log_run(int argc, char **argv)
{
	struct listing listing = {0};
	struct bk_error err;
	struct bk_log *log;
	enum bk_code code;
	int status = parse(argc, argv, &listing);

	if (status != EXIT_DONE)
		return status;
	code = open_url(&log, listing.url, &err);
	free(listing.url);
	if (code)
		return report(&err);
	code = list(log, &listing, &err);
	bk_log_close(log);
	if (code)
		return report(&err);
	return listing.is_damaged ? EXIT_DAMAGE : EXIT_DONE;
}

const struct command cmd_log = {
	.name = "log",
	.summary = "list the versions that the log holds",
	.help = "Usage: backup-cli log [OPTIONS] [URL]\n"
		"\n"
		"Lists the versions, the newest last: number, time (UTC), statements, bytes of\n"
		"SQL, bytes in the log. A line in between names versions that are missing, and\n"
		"why. Without URL it is the log that backup.lock names in the current directory,\n"
		"or in DIR.\n"
		"\n"
		"  -n, --limit N        only the newest N\n"
		"  --since TIME         only those that came at TIME or after\n"
		"  --until TIME         only those that came not after TIME; without a fraction,\n"
		"                       its whole second\n"
		"  --all                also what a rewind struck out, lone pragmas, and empty\n"
		"                       snapshots\n"
		"  --json               a JSON array\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n" HELP_TIME,
	.run = log_run,
};
