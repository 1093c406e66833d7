/* cmd_log.c - backup-cli log: lists the versions. */
#include "arguments.h"
#include "interrupt.h"
#include "listing.h"
#include "pager.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/moment.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define FOLLOW_FIRST 10 /* versions that --follow begins with */

/* What was given is not wrong by itself: the URL and the times, which are said. */
static int take_rest(struct listing *listing, const char *dir, int count, char **words)
{
	int status = EXIT_DONE;

	if (count > 1)
		return usage_error(&cmd_log, "name one URL");
	if (listing->at && (listing->since || listing->until || listing->follow))
		return usage_error(&cmd_log, "--at is one version: no --since, --until, --follow");
	if (listing->follow && listing->until)
		return usage_error(&cmd_log, "--follow and --until exclude each other");
	if (listing->since)
		status = take_time(&cmd_log, "--since", listing->since, false, &listing->since_us);
	if (status == EXIT_DONE && listing->until)
		status = take_time(&cmd_log, "--until", listing->until, true, &listing->until_us);
	if (status == EXIT_DONE && listing->at)
		status = take_time(&cmd_log, "--at", listing->at, true, &listing->until_us);
	return status == EXIT_DONE ? take_url(&cmd_log, count ? *words : NULL, dir, &listing->url)
				   : status;
}

static bool take_flag(struct listing *listing, int option)
{
	bool *const flags[] = {&listing->walk.all, &listing->print.json, &listing->print.stat,
		&listing->follow, &listing->reverse};
	static const char letters[] = "ajSfr";
	const char *at = strchr(letters, option);

	if (at)
		*flags[at - letters] = true;
	return at != NULL;
}

static int parse(int argc, char **argv, struct listing *listing)
{
	static const struct option options[] = {{"limit", required_argument, NULL, 'n'},
		{"since", required_argument, NULL, 's'}, {"until", required_argument, NULL, 'u'},
		{"at", required_argument, NULL, 'A'}, {"table", required_argument, NULL, 't'},
		{"grep", required_argument, NULL, 'g'}, {"stat", no_argument, NULL, 'S'},
		{"follow", no_argument, NULL, 'f'}, {"reverse", no_argument, NULL, 'r'},
		{"all", no_argument, NULL, 'a'}, {"json", no_argument, NULL, 'j'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	const char *dir = NULL;
	int option;

	while ((option = next_option(&cmd_log, argc, argv, ":n:t:f", options)) != -1) {
		if (take_flag(listing, option))
			continue;
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
		case 'A':
			listing->at = optarg;
			break;
		case 't':
			listing->table = optarg;
			break;
		case 'g':
			listing->walk.text = *optarg ? optarg : NULL;
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

static bool names_table(const struct listing *listing, const struct logitem *item)
{
	for (size_t i = 0; i < item->table_count; i++)
		if (strcasecmp(item->tables[i].name, listing->table) == 0)
			return true;
	return false;
}

static bool is_wanted(const struct listing *listing, const struct logitem *item)
{
	const struct bk_entry *entry = &item->entry;

	/* Of an empty log's beginning there is nothing to show. */
	if (!entry->statements && !entry->page_count && !listing->walk.all)
		return false;
	if (entry->offset < listing->from_offset)
		return false;
	if (listing->since && entry->time_us < listing->since_us)
		return false;
	if ((listing->until || listing->at) && entry->time_us > listing->until_us)
		return false;
	if (listing->table && !names_table(listing, item))
		return false;
	return !listing->walk.text || item->is_hit;
}

/* Counts ITEM if it is wanted; false if it is not. */
static bool count_wanted(struct listing *listing, const struct logitem *item, bool *more)
{
	if (!is_wanted(listing, item))
		return false;
	listing->count++;
	listing->last = item->entry.version;
	listing->last_offset = item->entry.offset;
	*more = !listing->has_limit || listing->count < listing->limit;
	return true;
}

/* A logitem_fn. */
static enum bk_code on_counted(
	void *ctx, const struct logitem *item, bool *more, struct bk_error *err)
{
	(void)err;
	count_wanted(ctx, item, more);
	return BK_OK;
}

enum bk_code listing_take(void *ctx, const struct logitem *item, bool *more, struct bk_error *err)
{
	struct listing *listing = ctx;

	if (!count_wanted(listing, item, more))
		return BK_OK;
	if (listing->count == 1 || item->entry.time_us > listing->latest_us)
		listing->latest_us = item->entry.time_us;
	return logprint(&listing->print, item, !listing->walk.oldest_first, err);
}

/* With --since, begins at the last version before the first one of that time. Where the clock went
 * back, versions of that time stand before others that came earlier by it. */
static enum bk_code find_start(struct listing *listing, struct bk_error *err)
{
	struct bk_listing *entries;
	struct bk_entry entry;
	bool more = true;
	enum bk_code code;

	if (!listing->since)
		return BK_OK;
	code = bk_listing_open_last(&entries, listing->walk.log, UINT64_MAX, BK_LISTING_ALL, err);
	if (code)
		return code;
	while (more && interrupt_is_heard()) {
		code = bk_listing_next(entries, &entry, &more, err);
		if (code == BK_E_DAMAGE)
			continue;
		if (code || !more || entry.time_us >= listing->since_us)
			break;
		listing->walk.has_from = true;
		listing->walk.from = entry.version;
	}
	bk_listing_close(entries);
	return code == BK_E_DAMAGE ? BK_OK : code;
}

/* Oldest first, but only the newest that are wanted: finds the first of them. */
static enum bk_code find_newest(struct listing *listing, struct bk_error *err)
{
	enum bk_code code;

	if (!listing->has_limit)
		return BK_OK;
	code = logwalk(&listing->walk, on_counted, listing, err);
	if (!code && listing->count) {
		listing->walk.has_from = true;
		listing->walk.from = listing->last;
		listing->from_offset = listing->last_offset;
	}
	listing->count = 0;
	listing->has_limit = false;
	return code;
}

/* A time that has not come yet makes --at, --until and every age wrong. */
static void warn_of_future(const struct listing *listing)
{
	char age[BK_MOMENT_TEXT];
	int64_t now = now_us();

	if (!listing->print.any || listing->latest_us - now < 1000000)
		return;
	bk_moment_age(age, listing->latest_us, now);
	flush_out();
	fprintf(stderr, "Warning: the newest time above is %s\n", age);
}

/* Beside the list, where it does not get into what scripts read: whose log it is. */
static void tell_node(const struct listing *listing, const struct bk_log_status *status)
{
	if (*status->node && !listing->print.json)
		fprintf(stderr, "The log of node %s.\n", status->node);
}

/* What the list alone does not show: an open doubt, and that versions are listed that cannot be
 * rebuilt. */
static enum bk_code warn_of_head(
	struct listing *listing, const struct bk_log_status *status, struct bk_error *err)
{
	const struct bk_image_options options = {.past_damage = true};
	struct bk_image *image = NULL;
	struct shown shown;
	enum bk_code code =
		bk_image_open(&image, listing->walk.log, status->version, &options, err);

	if (*status->doubt && listing->walk.all)
		fprintf(stderr, "In doubt: log and node may differ, since %s.\n",
			shown_of(&shown, status->doubt));
	bk_image_close(image);
	if (listing->walk.is_damaged)
		fputs("Warning: the log is damaged: backup-cli verify --deep tells which versions "
		      "cannot be rebuilt.\n",
			stderr);
	if (code != BK_E_SQL && code != BK_E_DAMAGE)
		return code;
	fprintf(stderr,
		"Warning: the newest version, %" PRIu32 ", cannot be rebuilt: %s. backup-cli "
		"verify tells which can.\n",
		status->version, shown_of(&shown, err->msg));
	listing->walk.is_damaged = true;
	return BK_OK;
}

/* --since and --at must have come; what the log has from a clock that was ahead has. */
static enum bk_code check_past(
	const struct listing *listing, const struct bk_log_status *status, struct bk_error *err)
{
	int64_t now = now_us(), latest = now > status->time_us ? now : status->time_us;

	if (listing->since)
		return bk_moment_check_past(listing->since, listing->since_us, latest, err);
	return listing->at ? bk_moment_check_past(listing->at, listing->until_us, latest, err)
			   : BK_OK;
}

static enum bk_code print_all(struct listing *listing, struct bk_error *err)
{
	enum bk_code code = find_start(listing, err);

	if (!code && listing->reverse)
		code = find_newest(listing, err);
	listing->walk.oldest_first = listing->reverse;
	listing->walk.rows = listing->print.stat ? &listing->rows : NULL;
	return code ? code : logwalk(&listing->walk, listing_take, listing, err);
}

static enum bk_code list_versions(struct bk_log *log, struct listing *listing, struct bk_error *err)
{
	struct bk_log_status status;
	enum bk_code code = bk_log_status(log, &status, err);

	listing->walk.log = log;
	if (!code)
		code = check_past(listing, &status, err);
	if (code)
		return code;
	tell_node(listing, &status);
	if (listing->follow) {
		if (!listing->has_limit && !listing->since)
			listing->limit = FOLLOW_FIRST;
		listing->has_limit |= !listing->since;
		listing->last = status.version;
	}
	listing->print.log = listing->walk.log;
	listing->print.is_local = !listing->print.json && isatty(STDOUT_FILENO);
	if (!listing->print.json && !listing->follow)
		pager_begin();
	code = print_all(listing, err);
	if (!code && listing->follow)
		return listing_follow(listing, err);
	if (!code && !listing->print.any && !listing->print.json)
		fprintf(stderr, "The log holds no %sversion%s.\n",
			listing->table || listing->walk.text ? "such " : "",
			listing->since || listing->until || listing->at ? " of that time"
			: listing->table || listing->walk.text          ? ""
									: " yet");
	warn_of_future(listing);
	flush_out(); /* what follows may replay an interval */
	return code ? code : warn_of_head(listing, &status, err);
}

/* A log_fn. */
static enum bk_code list(struct bk_log *log, void *ctx, struct bk_error *err)
{
	struct listing *listing = ctx;
	enum bk_code code = list_versions(log, listing, err);

	logrows_done(&listing->rows);
	return code;
}

static int log_run(int argc, char **argv)
{
	struct listing listing = {.limit = 0};
	int status = parse(argc, argv, &listing);

	if (listing.at) {
		listing.has_limit = true;
		listing.limit = 1;
	}
	listing.reverse |= listing.follow;
	if (status == EXIT_DONE)
		status = on_log(listing.url, list, &listing);
	free(listing.url);
	return status == EXIT_DONE && listing.walk.is_damaged ? EXIT_DAMAGE : status;
}

const struct command cmd_log = {
	.name = "log",
	.summary = "list the versions that the log holds",
	.help = "Usage: backup-cli log [OPTIONS] [URL]\n"
		"\n"
		"Lists the versions, the newest first: number, time (UTC; on a terminal local),\n"
		"and the tables that its statements name, with the number of INSERTs (+),\n"
		"UPDATEs (~) and DELETEs (-). A line in between names versions that are missing,\n"
		"and why. Without URL it is the log that backup.lock names in the current\n"
		"directory, or in DIR.\n"
		"\n"
		"  -n, --limit N        only the newest N\n"
		"  --since TIME         only those that came at TIME or after\n"
		"  --until TIME         only those that came not after TIME; without a fraction,\n"
		"                       its whole second\n"
		"  --at TIME            only the newest that came not after TIME\n"
		"  -t, --table TABLE    only those whose statements name TABLE\n"
		"  --grep TEXT          only those of which a statement holds TEXT\n"
		"  --stat               sizes too, and the rows that were added, changed,\n"
		"                       removed, counted by a comparison with the version before\n"
		"  -f, --follow         the newest 10, or N, oldest first, and then what comes\n"
		"  --reverse            the oldest first\n"
		"  --all                also what a rewind struck out, lone pragmas, and empty\n"
		"                       snapshots\n"
		"  --json               an object a line\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n"
		"On a terminal it goes through $PAGER, or less.\n"
		"\n" HELP_TIME,
	.run = log_run,
};
