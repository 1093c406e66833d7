/* cmd_mirror.c - backup-cli mirror: the other places that hold a log's bytes. */
#include "arguments.h"
#include "common.h"
#include "interrupt.h"
#include "lockurl.h"
#include "mirrors.h"
#include "nodedir.h"
#include "owner.h"
#include <bk/place.h>
#include <bk/standing.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct mirror_run {
	const char *dir;
	const char *outage; /* as given; NULL: not */
	bool is_anew, in_the_clear;
	const struct bk_io *io;
	char *lock_path, *log_path;
	struct lockfile lock;
};

static void run_done(struct mirror_run *run)
{
	free(run->lock_path);
	free(run->log_path);
	lockfile_done(&run->lock);
}

static enum bk_code read_lock(struct mirror_run *run, struct bk_error *err)
{
	enum bk_code code = owner_enter(run->dir, err);

	run->io = interrupt_io();
	if (!code)
		code = nodedir_path(&run->lock_path, run->dir, LOCKFILE_NAME, err);
	if (!code)
		code = lockfile_read(&run->lock, run->io, run->lock_path, err);
	if (code == BK_E_MISSING)
		return bk_fail(err, code, 0,
			"there is no %s, so there is no backup yet: backup-cli init sets one up",
			run->lock_path);
	if (!code)
		code = lockfile_log(&run->log_path, run->dir, &run->lock, err);
	if (code == BK_E_INVALID) /* the file is wrong, not what the user gave */
		err->code = code = BK_E_FORMAT;
	return code;
}

static enum bk_code write_lock(struct mirror_run *run, struct bk_error *err)
{
	enum bk_code code = mirrors_check(&run->lock.places, err);

	return code ? code
		    : lockfile_write(
			      run->io, run->lock_path, NULL, NULL, NULL, &run->lock.places, err);
}

static void say_quorum(const struct lockplaces *places)
{
	if (places->quorum < 2)
		printf("lightningd goes on when the log has a change; the mirrors follow.\n");
	else if (places->outage_waits)
		printf("lightningd goes on when %u of %u places have a change, and waits for them "
		       "for ever.\n",
			places->quorum, places->count + 1);
	else
		printf("lightningd goes on when %u of %u places have a change; where they do not "
		       "answer, after %u s, with a warning.\n",
			places->quorum, places->count + 1, places->outage_s);
}

static void say_when(void)
{
	printf("A lightningd that runs takes that up in a few seconds.\n");
}

static enum bk_code add(struct mirror_run *run, const char *url, struct bk_error *err)
{
	char *whole;
	enum bk_code code = mirrors_in_the_clear(&whole, url, run->in_the_clear, err);

	if (code)
		return code;
	code = mirrors_add(&run->lock.places, run->io, whole, run->log_path, run->is_anew, err);
	if (!code)
		code = write_lock(run, err);
	if (!code) {
		printf("%s is a mirror of %s now.\n", whole, run->log_path);
		say_quorum(&run->lock.places);
		say_when();
	}
	free(whole);
	return code;
}

static void show_check(void *good, bool is_good, const char *text)
{
	struct shown shown;

	printf("%-4s %s\n", is_good ? "ok" : "no", shown_of(&shown, text));
	*(bool *)good &= is_good;
}

/* Needs no node. */
static int check(const char *url)
{
	bool good = true;
	struct bk_error err;

	if (bk_place_check(interrupt_io(), url, show_check, &good, &err))
		return report(&err);
	return good ? EXIT_DONE : EXIT_FAILED;
}

/* URL as backup.lock has it; the caller frees it. One that is none is not repeated: a password may
 * stand in it. */
static enum bk_code known_url(
	struct mirror_run *run, const char *url, char **out, struct bk_error *err)
{
	if (!lockplaces_find(&run->lock.places, url))
		return bk_place_url(out, url, err);
	*out = strdup(url);
	return *out ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
}

static enum bk_code remove_one(struct mirror_run *run, const char *url, struct bk_error *err)
{
	unsigned quorum = run->lock.places.quorum;
	char *known;
	enum bk_code code = known_url(run, url, &known, err);

	if (code)
		return code;
	code = lockplaces_remove(&run->lock.places, known, err);
	free(known);
	if (!code)
		code = write_lock(run, err);
	if (code)
		return code;
	printf("%s is no mirror any more; what it holds stays there.\n", url);
	if (run->lock.places.quorum != quorum)
		printf("The quorum was %u, and is %u now.\n", quorum, run->lock.places.quorum);
	say_quorum(&run->lock.places);
	say_when();
	return BK_OK;
}

static enum bk_code reset(struct mirror_run *run, const char *url, struct bk_error *err)
{
	struct lockplace *place;
	char *known;
	enum bk_code code = known_url(run, url, &known, err);

	if (code)
		return code;
	place = lockplaces_find(&run->lock.places, known);
	if (!place)
		code = bk_fail(err, BK_E_MISSING, 0, "%s is no mirror of this log", known);
	if (!code)
		code = mirrors_begin_anew(run->io, known, run->log_path, err);
	if (!code) {
		free(place->log);
		place->log = NULL;
		code = write_lock(run, err);
	}
	if (!code)
		printf("%s begins anew with %s; what it held was put aside there, and is kept.\n",
			known, run->log_path);
	free(known);
	return code;
}

static enum bk_code set_quorum(struct mirror_run *run, const char *text, struct bk_error *err)
{
	enum bk_code code;

	if (!mirrors_take_quorum(&run->lock.places, text))
		return bk_fail(err, BK_E_INVALID, 0, "\"%s\" is no number of places", text);
	if (run->outage && !mirrors_take_outage(&run->lock.places, run->outage))
		return bk_fail(err, BK_E_INVALID, 0,
			"\"%s\" is neither a number of seconds nor \"wait\"", run->outage);
	code = write_lock(run, err);
	if (code)
		return code;
	say_quorum(&run->lock.places);
	say_when();
	return BK_OK;
}

/* Prints where a place that TOLD this stands. False if it is not as it should be. */
static bool show_standing(const struct bk_standing *standing, const struct bk_place_told *told)
{
	char bytes[32];

	bytes_text(bytes, standing->bytes);
	switch (standing->kind) {
	case BK_STANDS_LEVEL:
		printf("level: %" PRIu64 " bytes\n", told->bytes);
		return true;
	case BK_STANDS_BEHIND:
		printf("%" PRIu64 " version%s (%s) behind\n", standing->versions,
			standing->versions == 1 ? "" : "s", bytes);
		return true;
	case BK_STANDS_AHEAD:
		printf("%s ahead of the log, which lost its end\n", bytes);
		return false;
	case BK_STANDS_FORKED:
		printf("went on with another history: another node ran on this state\n");
		return false;
	case BK_STANDS_PREDECESSOR:
		printf("holds the log before a compaction: %s\n", told->log);
		return false;
	case BK_STANDS_OTHER:
		printf("holds another log: %s\n", told->log);
		return false;
	case BK_STANDS_EMPTY:
		printf("empty\n");
		return false;
	}
	return false;
}

/* Says how the place at URL stands to LOG. False if it is not as it should be. */
static bool show(const struct bk_io *io, const char *url, struct bk_log *log)
{
	struct bk_place_told told;
	struct bk_standing standing;
	enum bk_log_news news;
	struct shown shown;
	struct bk_error why;
	enum bk_code code = bk_place_ask(io, url, &told, &why);

	printf("%s  ", url);
	if (code) {
		printf("away: %s\n", shown_of(&shown, why.msg));
		return false;
	}
	/* It may have more than the log had a moment ago. */
	code = bk_log_refresh(log, &news, &why);
	if (!code)
		code = bk_stands(&standing, log, io, url, &told, &why);
	if (!code)
		return show_standing(&standing, &told);
	printf("unknown: %s\n", shown_of(&shown, why.msg));
	return false;
}

static enum bk_code list(struct mirror_run *run, bool *good, struct bk_error *err)
{
	const struct lockplaces *places = &run->lock.places;
	struct bk_log_status status;
	struct bk_log *log;
	enum bk_code code = bk_log_open(&log, run->io, run->log_path, err);

	if (code)
		return code;
	code = bk_log_status(log, &status, err);
	if (!code)
		printf("%s  the log: %" PRIu64 " bytes, version %" PRIu32 "\n", run->log_path,
			status.log_bytes, status.version);
	for (unsigned i = 0; i < places->count && !code; i++)
		*good &= show(run->io, places->list[i].url, log);
	bk_log_close(log);
	if (!code)
		say_quorum(places);
	return code;
}

/* What the words of the command ask for. */
static int take_words(struct mirror_run *run, int count, char **words)
{
	static const struct {
		const char *name;
		enum bk_code (*act)(struct mirror_run *run, const char *word, struct bk_error *err);
		bool takes_anew, takes_outage;
	} verbs[] = {{.name = "add", .act = add, .takes_anew = true},
		{.name = "remove", .act = remove_one}, {.name = "reset", .act = reset},
		{.name = "check"},
		{.name = "quorum", .act = set_quorum, .takes_outage = true}};
	static const char *const names[] = {"add", "remove", "list", "reset", "quorum", "check", NULL};
	bool is_list = !count || strcmp(*words, "list") == 0, good = true;
	struct bk_error err;
	size_t i = 0;

	while (!is_list && i < sizeof verbs / sizeof *verbs && strcmp(verbs[i].name, *words) != 0)
		i++;
	if (i == sizeof verbs / sizeof *verbs)
		return no_such(&cmd_mirror, "word for that", *words, names);
	if (is_list ? count > 1 : count != 2)
		return usage_error(&cmd_mirror,
			is_list ? "list takes no more words" : "%s wants one word more",
			is_list ? "" : *words);
	if ((run->is_anew || run->in_the_clear) && (is_list || !verbs[i].takes_anew))
		return usage_error(&cmd_mirror, "--anew and --in-the-clear go with add");
	if (run->outage && (is_list || !verbs[i].takes_outage))
		return usage_error(&cmd_mirror, "--on-outage goes with quorum");
	if (!is_list && !verbs[i].act)
		return check(words[1]);
	if (read_lock(run, &err))
		return report(&err);
	if (is_list ? list(run, &good, &err) : verbs[i].act(run, words[1], &err))
		return report(&err);
	return good ? EXIT_DONE : EXIT_FAILED;
}

static int mirror_run(int argc, char **argv)
{
	static const struct option options[] = {{"lightning-dir", required_argument, NULL, 'l'},
		{"on-outage", required_argument, NULL, 'o'}, {"anew", no_argument, NULL, 'a'},
		{"in-the-clear", no_argument, NULL, 'c'}, {NULL, 0, NULL, 0}};
	const char *home = getenv("HOME");
	char home_dir[PATH_MAX];
	struct mirror_run run = {0};
	int option, status;

	while ((option = next_option(&cmd_mirror, argc, argv, ":", options)) != -1) {
		if (option == 'l')
			run.dir = optarg;
		else if (option == 'o')
			run.outage = optarg;
		else if (option == 'a')
			run.is_anew = true;
		else if (option == 'c')
			run.in_the_clear = true;
		else
			return EXIT_USAGE;
	}
	if (!run.dir && is_in_nodedir())
		run.dir = ".";
	if (!run.dir) {
		snprintf(home_dir, sizeof home_dir, "%s/.lightning/bitcoin", home ? home : "");
		run.dir = home_dir;
	}
	status = take_words(&run, argc - optind, argv + optind);
	run_done(&run);
	return status;
}

const struct command cmd_mirror = {
	.name = "mirror",
	.summary = "other places that hold the log, too",
	.help = "Usage: backup-cli mirror [list]\n"
		"       backup-cli mirror add [--anew] [--in-the-clear] URL\n"
		"       backup-cli mirror remove|reset|check URL\n"
		"       backup-cli mirror quorum [--on-outage SECONDS|wait] K\n"
		"\n"
		"A mirror holds the log's bytes, frame for frame: it is a log, and every command\n"
		"reads it. The plugin brings it level from wherever it stands, and keeps it so.\n"
		"\n"
		"  list    where each mirror stands\n"
		"  add     one more, of this log; --anew where something else is there, which is\n"
		"          put aside and kept\n"
		"  remove  no mirror any more; what it holds stays\n"
		"  reset   by your word the mirror begins anew with this log: what it holds is\n"
		"          put aside there and kept; another node may have gone on with it\n"
		"  check   asks a store for all that it must do, and says what it does\n"
		"  quorum  lightningd goes on when K places have a change on stable storage, the\n"
		"          log always among them; where they do not answer, after 60 SECONDS\n"
		"          with a warning, or never\n"
		"\n"
		"  --in-the-clear       a store takes a log that is not sealed, which who runs it\n"
		"                       can read then\n"
		"  --lightning-dir DIR  where lightningd runs (default: the current directory, if\n"
		"                       it has a backup.lock, else ~/.lightning/bitcoin)\n"
		"  -V                   the release\n"
		"\n"
		"URL is file:///path/to/file.bkp or a plain path, on another disk, or\n"
		"ssh://user@host:port/path/node.bkp: through your own ssh, without questions,\n"
		"with backup-cli there, too (backup-cli help server); or a store of objects,\n"
		"davs://user@host/path/ or s3://bucket/prefix/?endpoint=host&region=name, whose\n"
		"password comes from a file (&credentials=/path), the environment or .netrc.\n"
		"Exit: 0 done, 1 failed, or a mirror is neither level nor behind.\n",
	.run = mirror_run,
};
