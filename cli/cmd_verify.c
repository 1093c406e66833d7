/* cmd_verify.c - backup-cli verify: whether the log is whole, and what it still gives. */
#include "arguments.h"
#include "json.h"
#include "owner.h"
#include <bk/moment.h>
#include <bk/verify.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_MS 10000

struct verification {
	const char *against;
	char *url;
	bool json;
	struct bk_verify_options options;
	struct progress progress;
	cJSON *findings, *lost; /* with json */
};

/* Behind the options: what they mean together, and the URL. */
static int take_rest(struct verification *v, const char *dir, int count, char **words)
{
	if (v->against && v->options.deep)
		return usage_error(&cmd_verify, "--deep and --against exclude each other");
	if (v->options.threads && !v->options.deep)
		return usage_error(&cmd_verify, "--threads is for --deep");
	if (count > 1)
		return usage_error(&cmd_verify, "name one URL");
	return take_url(&cmd_verify, count ? *words : NULL, dir, &v->url);
}

static int parse(int argc, char **argv, struct verification *v)
{
	static const struct option options[] = {{"deep", no_argument, NULL, 'd'},
		{"against", required_argument, NULL, 'a'},
		{"threads", required_argument, NULL, 't'}, {"json", no_argument, NULL, 'j'},
		{"lightning-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	const char *dir = NULL;
	uint64_t threads;
	int option;

	while ((option = next_option(&cmd_verify, argc, argv, ":", options)) != -1) {
		switch (option) {
		case 'd':
			v->options.deep = true;
			break;
		case 'a':
			v->against = optarg;
			break;
		case 't':
			if (!parse_number(optarg, 64, &threads) || !threads)
				return usage_error(
					&cmd_verify, "\"%s\" is no count of threads", optarg);
			v->options.threads = (unsigned)threads;
			break;
		case 'j':
			v->json = true;
			break;
		case 'l':
			dir = optarg;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	return take_rest(v, dir, argc - optind, argv + optind);
}

static void on_finding(void *ctx, uint64_t offset, const char *what)
{
	struct verification *v = ctx;
	struct shown shown;

	if (v->json) {
		cJSON *item = cJSON_CreateObject();

		json_add_count(item, "offset", offset);
		cJSON_AddStringToObject(item, "what", what);
		cJSON_AddItemToArray(v->findings, item);
		return;
	}
	progress_end(&v->progress);
	printf("offset %" PRIu64 ": %s\n", offset, shown_of(&shown, what));
}

static void on_lost(void *ctx, uint32_t from, uint32_t to)
{
	struct verification *v = ctx;

	if (v->json) {
		cJSON *item = cJSON_CreateObject();

		json_add_count(item, "from", from);
		json_add_count(item, "to", to);
		cJSON_AddItemToArray(v->lost, item);
		return;
	}
	if (from == to)
		printf("version %" PRIu32 " cannot be rebuilt\n", from);
	else
		printf("versions %" PRIu32 " to %" PRIu32 " cannot be rebuilt\n", from, to);
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct verification *v = ctx;

	progress_show(&v->progress, done, total);
}

static void print_text(const struct verification *v, const struct bk_verify_result *result)
{
	char size[32], time[BK_MOMENT_TEXT];

	bytes_text(size, result->bytes);
	printf("%s: %" PRIu64 " frames, %" PRIu64 " changes, %" PRIu64 " keyframes\n", size,
		result->frames, result->changes, result->keyframes);
	if (v->options.deep)
		printf("%" PRIu64 " keyframes rebuilt and checked, %" PRIu64 " pages compared\n",
			result->rebuilt, result->pages);
	if (result->copied_at)
		printf("A COPY taken while the log grew: it ends at offset %" PRIu64
		       ", in zeros, and "
		       "frames stand behind them. What is before can be read. Copy the log "
		       "again.\n",
			result->copied_at);
	if (result->torn_bytes)
		printf("The log ends in %" PRIu64 " bytes that are no whole frame. After a crash "
		       "or a power cut that is a write "
		       "which was never acknowledged, and the plugin cuts it off when it starts. "
		       "If "
		       "nothing of the kind happened, the disk is failing.\n",
			result->torn_bytes);
	if (result->head_known) {
		bk_moment_text(time, result->head_time_us, true);
		printf("The newest version, %" PRIu32 " of %s, %s\n", result->head, time,
			result->head_restorable ? "can be restored." : "CANNOT be rebuilt.");
	}
	if (result->findings)
		printf("DAMAGED: %" PRIu64 " findings, %" PRIu64
		       " versions cannot be rebuilt. Keep a copy of this file; begin a new backup "
		       "with "
		       "backup-cli init while the node is well.\n",
			result->findings, result->lost);
	else if (!result->copied_at)
		printf("No damage found.\n");
}

static enum bk_code print_json(
	struct verification *v, const struct bk_verify_result *result, struct bk_error *err)
{
	cJSON *root = cJSON_CreateObject();

	json_add_count(root, "bytes", result->bytes);
	json_add_count(root, "frames", result->frames);
	json_add_count(root, "changes", result->changes);
	json_add_count(root, "keyframes", result->keyframes);
	json_add_count(root, "torn_bytes", result->torn_bytes);
	if (result->copied_at)
		json_add_count(root, "copied_at", result->copied_at);
	if (v->options.deep) {
		json_add_count(root, "rebuilt", result->rebuilt);
		json_add_count(root, "pages", result->pages);
	}
	if (result->head_known) {
		json_add_count(root, "head", result->head);
		cJSON_AddBoolToObject(root, "head_restorable", result->head_restorable);
	}
	cJSON_AddItemToObject(root, "findings", v->findings);
	cJSON_AddItemToObject(root, "lost", v->lost);
	cJSON_AddBoolToObject(root, "damaged", result->findings > 0);
	return json_print(root, err);
}

static int verify_log(struct verification *v)
{
	struct bk_verify_result result;
	struct bk_error err;
	char *path;

	if (find_log(&path, v->url, &err))
		return report(&err);
	v->findings = cJSON_CreateArray();
	v->lost = cJSON_CreateArray();
	v->progress = progress_of("verifying");
	v->options.finding = on_finding;
	v->options.lost = on_lost;
	v->options.progress = on_progress;
	v->options.ctx = v;
	if (bk_verify(bk_io_posix(), path, &v->options, &result, &err)) {
		free(path);
		cJSON_Delete(v->findings);
		cJSON_Delete(v->lost);
		return report(&err);
	}
	free(path);
	progress_end(&v->progress);
	if (v->json) {
		if (print_json(v, &result, &err))
			return report(&err);
	} else {
		print_text(v, &result);
		cJSON_Delete(v->findings);
		cJSON_Delete(v->lost);
	}
	return result.findings || result.copied_at ? EXIT_DAMAGE : EXIT_DONE;
}

static enum bk_code print_against_json(const struct bk_against_result *result, struct bk_error *err)
{
	cJSON *root = cJSON_CreateObject();

	json_add_count(root, "version", result->version);
	json_add_count(root, "head", result->head);
	json_add_count(root, "tables", result->tables);
	json_add_count(root, "rows", result->rows);
	json_add_count(root, "differences", result->differences);
	return json_print(root, err);
}

static void print_against(const struct bk_against_result *result)
{
	struct shown shown;

	if (result->differences)
		printf("DIFFERENT at version %" PRIu32 ": %" PRIu64 " differences; the first: %s\n",
			result->version, result->differences, shown_of(&shown, result->first));
	else
		printf("The same at version %" PRIu32 ": %" PRIu64 " tables, %" PRIu64 " rows.\n",
			result->version, result->tables, result->rows);
	if (result->version != result->head)
		printf("The log goes on to version %" PRIu32 ".\n", result->head);
}

static int verify_against(struct verification *v)
{
	const struct bk_against_options options = {.busy_ms = BUSY_MS};
	struct bk_against_result result = {0};
	struct bk_error err;
	struct bk_log *log;
	enum bk_code code = open_url(&log, v->url, &err);

	if (code)
		return report(&err);
	code = owner_enter_file(v->against, &err);
	if (!code)
		code = bk_verify_against(log, v->against, &options, &result, &err);
	bk_log_close(log);
	if (code)
		return report(&err);
	if (!v->json)
		print_against(&result);
	else if (print_against_json(&result, &err))
		return report(&err);
	return result.differences ? EXIT_DAMAGE : EXIT_DONE;
}

static int verify_run(int argc, char **argv)
{
	struct verification v = {0};
	int status = parse(argc, argv, &v);

	if (status != EXIT_DONE)
		return status;
	status = v.against ? verify_against(&v) : verify_log(&v);
	free(v.url);
	return status;
}

const struct command cmd_verify = {
	.name = "verify",
	.summary = "check the log, and tell what can be rebuilt",
	.help = "Usage: backup-cli verify [--deep [--threads N]] [--json] [--lightning-dir DIR]\n"
		"                         [URL]\n"
		"       backup-cli verify --against DATABASE [--json] [--lightning-dir DIR]\n"
		"                         [URL]\n"
		"\n"
		"Checks every checksum, the chain of frames, and that keyframes and changes fit\n"
		"each other. Says where damage is and which versions cannot be rebuilt. A plugin\n"
		"may be writing meanwhile. Without URL it is the log that backup.lock names in\n"
		"the current directory, or in DIR.\n"
		"\n"
		"  --deep               also rebuilds every keyframe from the one before,\n"
		"                       compares all pages, and runs SQLite's integrity_check\n"
		"                       and foreign_key_check on each\n"
		"  --threads N          for --deep (default: one for each processor)\n"
		"  --against DATABASE   instead: compares a database, the node's own or a copy,\n"
		"                       row by row with the version that the log has of it\n"
		"  --json               JSON\n"
		"  --lightning-dir DIR  the log is the one that DIR/backup.lock names\n"
		"  -V                   the release\n"
		"\n"
		"Exit: 0 all is well, 3 damage or differences found.\n",
	.run = verify_run,
};
