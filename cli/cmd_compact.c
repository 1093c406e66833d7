/* cmd_compact.c - backup-cli compact: a smaller log in the log's place. */
#include "arguments.h"
#include "compact.h"
#include "interrupt.h"
#include "nodedir.h"
#include "owner.h"
#include <bk/process.h>
#include <stdio.h>
#include <stdlib.h>

/* --keep-all and its like take what bk_policy_age reads. */
enum {
	KEEP_ALL = 256,
	KEEP_HOURLY,
	KEEP_DAILY,
	KEEP_MONTHLY,
	MAX_SIZE,
	SET_POLICY,
	DESPITE,
	SEAL,
	PAD
};

static bool has_text(const struct policy_text *text)
{
	return text->all || text->hourly || text->daily || text->monthly || text->max_size;
}

/* What backup.lock says is kept, where nothing was said here. */
static int take_policy(struct compaction *c, bool has_url)
{
	struct lockfile lockfile;
	struct bk_error err;
	char *path;
	enum bk_code code;

	c->has_policy = has_text(&c->text);
	if (c->has_policy)
		return policy_parse(&c->options.policy, &c->text, &err)
			       ? usage_error(&cmd_compact, "%s", err.msg)
			       : EXIT_DONE;
	if (c->set_policy)
		return usage_error(&cmd_compact,
			"--set-policy wants a policy: --keep-all and its like, or --max-size");
	if (has_url)
		return EXIT_DONE;
	if (nodedir_path(&path, c->dir ? c->dir : ".", LOCKFILE_NAME, &err))
		return report(&err);
	code = lockfile_read(&lockfile, bk_io_posix(), path, &err);
	free(path);
	if (code)
		return report(&err);
	if (lockfile.has_policy)
		c->options.policy = lockfile.policy;
	lockfile_done(&lockfile);
	return EXIT_DONE;
}

static int take_rest(struct compaction *c, int count, char **words)
{
	int status;

	if (count > 1)
		return usage_error(&cmd_compact, "name one URL");
	if (c->set_policy && count)
		return usage_error(&cmd_compact,
			"--set-policy writes backup.lock: name no URL, but --lightning-dir DIR");
	if (c->seal_count && count)
		return usage_error(&cmd_compact,
			"--seal writes backup.lock: name no URL, but --lightning-dir DIR");
	if (c->is_padded && !c->seal_count)
		return usage_error(&cmd_compact, "--pad is for --seal");
	status = take_url(&cmd_compact, count ? *words : NULL, c->dir, &c->url);
	return status == EXIT_DONE ? take_policy(c, count) : status;
}

static int take_option(struct compaction *c, int option)
{
	switch (option) {
	case KEEP_ALL:
		c->text.all = optarg;
		break;
	case KEEP_HOURLY:
		c->text.hourly = optarg;
		break;
	case KEEP_DAILY:
		c->text.daily = optarg;
		break;
	case KEEP_MONTHLY:
		c->text.monthly = optarg;
		break;
	case MAX_SIZE:
		c->text.max_size = optarg;
		break;
	case SET_POLICY:
		c->set_policy = true;
		break;
	case DESPITE:
		c->options.despite_damage = true;
		break;
	case SEAL:
		if (c->seal_count == COMPACT_SEALS_MAX)
			return usage_error(&cmd_compact, "at most %d of --seal", COMPACT_SEALS_MAX);
		c->seals[c->seal_count++] = optarg ? optarg : "seed";
		break;
	case PAD:
		c->is_padded = true;
		break;
	case 'n':
		c->dry_run = true;
		break;
	case 'j':
		c->json = true;
		break;
	case 'l':
		c->dir = optarg;
		break;
	default:
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

static int parse(int argc, char **argv, struct compaction *c)
{
	static const struct option options[] = {{"keep-all", required_argument, NULL, KEEP_ALL},
		{"keep-hourly", required_argument, NULL, KEEP_HOURLY},
		{"keep-daily", required_argument, NULL, KEEP_DAILY},
		{"keep-monthly", required_argument, NULL, KEEP_MONTHLY},
		{"max-size", required_argument, NULL, MAX_SIZE},
		{"set-policy", no_argument, NULL, SET_POLICY},
		{"despite-damage", no_argument, NULL, DESPITE},
		{"seal", optional_argument, NULL, SEAL}, {"pad", no_argument, NULL, PAD},
		{"dry-run", no_argument, NULL, 'n'}, {"json", no_argument, NULL, 'j'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	int option;

	while ((option = next_option(&cmd_compact, argc, argv, ":", options)) != -1) {
		int status = take_option(c, option);

		if (status != EXIT_DONE)
			return status;
	}
	return take_rest(c, argc - optind, argv + optind);
}

static void tell_lost(void *ctx, uint32_t version, const struct bk_error *why)
{
	struct shown shown;

	(void)ctx;
	fprintf(stderr, "backup-cli: version %u cannot be rebuilt, and goes: %s\n", version,
		shown_of(&shown, why->msg));
}

static void show_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct compaction *c = ctx;

	progress_show(&c->progress, done, total);
}

/* The log's directory may be another user's, whose file the successor must be. */
static enum bk_code reach(struct compaction *c, struct bk_error *err)
{
	enum bk_code code = find_log(&c->path, c->url, err);

	if (!code)
		code = owner_enter_file(c->path, err);
	if (!code)
		code = owner_io(&c->io, c->path, err);
	if (!code)
		c->io = interrupt_over(c->io);
	return code;
}

static enum bk_code set_policy(const struct compaction *c, struct bk_error *err)
{
	char *path;
	enum bk_code code = nodedir_path(&path, c->dir ? c->dir : ".", LOCKFILE_NAME, err);

	if (code)
		return code;
	code = lockfile_write_policy(interrupt_io(), path, &c->text, err);
	free(path);
	return code;
}

enum bk_code compact_log(struct compaction *c, struct bk_log *log, struct bk_error *err)
{
	struct bk_compact_result result = {0};
	enum bk_code code;

	c->options.program = "backup-cli compact";
	c->options.lost = tell_lost;
	c->options.progress = show_progress;
	c->options.ctx = c;
	if (!c->dry_run) {
		code = compact_check_held(c, err);
		if (!code)
			code = compact_seal(c, log, err);
		if (code)
			return code;
		/* Beside a running node it gives way. */
		if (c->is_held)
			bk_process_idle_thread();
	}
	c->progress = progress_of(c->dry_run ? "looking" : "compacting");
	code = c->dry_run ? bk_compact_plan(log, &c->options, &result, err)
			  : bk_compact(log, &c->options, &result, err);
	progress_end(&c->progress);
	if (code) {
		keyfile_undo(&c->key, c->io); /* nothing is sealed for it */
		return code;
	}
	if (!c->dry_run)
		code = c->is_held ? compact_wait(c, log, err) : compact_take(c, log, err);
	if (!code && !c->dry_run)
		code = compact_name_key(c, err);
	if (code)
		compact_keep_key(c);
	return code ? code : compact_print(c, &result, err);
}

static int compact_run(int argc, char **argv)
{
	struct compaction c = {0};
	struct bk_log *log = NULL;
	struct bk_error err;
	int status = parse(argc, argv, &c);
	enum bk_code code = BK_OK;

	if (status != EXIT_DONE) {
		free(c.url);
		return status;
	}
	/* What was given is for the successor. */
	if (c.seal_count && keys_ring())
		bk_keyring_want_sealed(keys_ring(), false);
	if (c.set_policy && !c.dry_run)
		code = set_policy(&c, &err);
	if (!code)
		code = reach(&c, &err);
	if (!code)
		code = bk_log_open(&log, c.io, c.path, &err);
	if (!code)
		code = compact_log(&c, log, &err);
	bk_log_close(log);
	bk_seal_free(c.seal);
	keyfile_done(&c.key);
	free(c.path);
	free(c.url);
	return code ? report(&err) : EXIT_DONE;
}

const struct command cmd_compact = {
	.name = "compact",
	.summary = "make the log smaller, and keep what a policy says",
	.help = "Usage: backup-cli compact [OPTIONS] [--lightning-dir DIR] [URL]\n"
		"\n"
		"Builds a successor beside the log, which then takes its place; beside a\n"
		"running node at low priority, and the plugin has it take the place. Without\n"
		"a policy every version is kept, and only what the log holds in vain goes.\n"
		"Ages count back from the newest version. A version that is not kept is said\n"
		"to be gone, with the nearest that are. Without URL it is the log that\n"
		"backup.lock names in the current directory, or in DIR, and the policy there.\n"
		"\n"
		"  --keep-all AGE       keeps every version that is not older (30d, 12h, 2w,\n"
		"                       6m, 5y, forever)\n"
		"  --keep-hourly AGE    then the newest of each hour\n"
		"  --keep-daily AGE     then of each day\n"
		"  --keep-monthly AGE   then of each month; what is older goes. The newest\n"
		"                       version always stays\n"
		"  --max-size SIZE      log and successor together take no more (4G, 500M):\n"
		"                       less is kept where that must be\n"
		"  --seal[=KIND]        the successor of a log in the clear is sealed: see init\n"
		"  --pad                and filled up\n"
		"  --set-policy         writes these into backup.lock: what is kept where no\n"
		"                       option says it\n"
		"  --dry-run            only tells what would be kept, and about its size\n"
		"  --despite-damage     compacts a damaged log: keeps what can be rebuilt, and\n"
		"                       names what cannot\n"
		"  --json               JSON\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n"
		"If it is interrupted before the successor is finished, the log is as it was.\n",
	.run = compact_run,
};
