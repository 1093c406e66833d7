/* cmd_import.c - backup-cli import: the older plugin's backup, as a log. */
#include "arguments.h"
#include "older.h"
#include "owner.h"
#include <bk/dest.h>
#include <stdio.h>
#include <stdlib.h>

static void tell(const struct older *older, const char *old_url, const char *url)
{
	const struct bk_import_result *result = &older->result;
	struct word word;
	char size[32];

	bytes_text(size, result->bytes);
	older_tell(older);
	if (result->is_empty)
		printf("Imported %s, in which there is nothing yet, to %s\n", old_url, url);
	else
		printf("Imported %llu changes and %llu snapshots of %s to %s (%s): it stands at "
		       "version %u, which was rebuilt and checked\n",
			(unsigned long long)result->changes, (unsigned long long)result->snapshots,
			old_url, url, size, result->version);
	if (result->lacking)
		printf("Warning: %llu records could not be taken over. Keep the file %s.\n",
			(unsigned long long)result->lacking, old_url);
	printf("The file says not when its changes came: in the log all have the time at which it "
	       "was written to last.\n"
	       "Next, on the node: backup-cli init --lightning-dir DIR %s\n",
		word_of(&word, url));
}

static enum bk_code import(
	struct older *older, const char *old_url, const char *url, struct bk_error *err)
{
	char *path, *new_url = NULL;
	enum bk_code code = bk_dest_path(&path, url, err);

	if (code)
		return code;
	code = owner_check_path(path, err);
	if (!code)
		code = bk_dest_url(&new_url, path, err);
	if (!code)
		code = older_import(older, old_url, path, err);
	if (!code)
		tell(older, old_url, new_url);
	free(new_url);
	free(path);
	return code;
}

static int import_run(int argc, char **argv)
{
	static const struct option options[] = {{NULL, 0, NULL, 0}};
	struct older older = {0};
	struct bk_error err;
	int status = EXIT_DONE;

	if (next_option(&cmd_import, argc, argv, ":", options) != -1)
		return EXIT_USAGE;
	if (argc - optind != 2)
		return usage_error(
			&cmd_import, "name the older plugin's file or server, and a URL");
	if (import(&older, argv[optind], argv[optind + 1], &err))
		status = report(&err);
	else if (older.result.lacking || older.is_newest_lost)
		status = EXIT_DAMAGE;
	older_done(&older);
	return status;
}

const struct command cmd_import = {
	.name = "import",
	.summary = "make a log of the older plugin's file",
	.help = "Usage: backup-cli import OLD URL\n"
		"\n"
		"Makes a new log at URL of OLD, the file of the older backup plugin, which was\n"
		"written in Python; both are file:///path/to/file or a plain path. OLD is only\n"
		"read. All its versions are taken over, and each change is replayed. Faults that\n"
		"the older plugin left in its file are mended, and told. OLD can also be a\n"
		"server of that plugin, socket:HOST:PORT[?proxy=socks5:HOST:PORT].\n"
		"\n"
		"  -V  the release\n"
		"\n"
		"Stop lightningd first. Afterwards backup-cli init, with the same URL, has the\n"
		"plugin go on with the new log.\n"
		"\n"
		"Exit: 3 if the file lacked something, or something could not be taken over.\n",
	.run = import_run,
};
