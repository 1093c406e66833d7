/* restore_tell.c - what restore says of a database that it wrote out. */
#include "restore_tell.h"
#include "common.h"
#include "keys.h"
#include "nodedir.h"
#include <bk/dest.h>
#include <bk/moment.h>
#include <bk/net.h>
#include <bk/path.h>
#include <bk/remote.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell_age(const struct bk_restore_result *result)
{
	if (result->version == result->head)
		printf("It is the newest state that the backup holds. If the node ran on after "
		       "that without the backup, do not start it from this: backup-cli "
		       "emergency has the safe way out.\n");
	else
		printf("It is NOT the newest state, which is version %u. Do not start a node from "
		       "it: it could publish a revoked state and lose the funds of its channels. "
		       "Where the newest is lost, backup-cli emergency has the safe way out.\n",
			result->head);
}

void restore_tell(const struct bk_restore_result *result, struct own *own, const char *hsm_secret)
{
	char time[BK_MOMENT_TEXT], age[BK_MOMENT_TEXT], size[32];

	bk_moment_text(time, result->time_us, true);
	bk_moment_age(age, result->time_us, now_us());
	bytes_text(size, result->bytes);
	printf("Restored version %u, of %s (%s), to %s (%s, checked)\n", result->version, time, age,
		result->path, size);
	if (*result->node)
		printf("It is the database of node %s.\n", result->node);
	if (result->is_past_damage)
		printf("Warning: damage in the log was passed over, by an older keyframe and all "
		       "changes since. The database passed its checks. Keep a copy of the log, and "
		       "begin a new backup.\n");
	own_print(own);
	if (result->node_runs)
		printf("The node runs meanwhile, and goes on: this is a copy to look at.\n");
	tell_age(result);
	if (hsm_secret)
		printf("Made %s out of the words.\n", hsm_secret);
	else
		printf("hsm_secret is not in the backup: the node needs its own copy of it.\n");
}

/* An older plugin's file lies about for long after the node has gone on with a log of ours. */
void restore_tell_older(const char *url)
{
	struct word word;

	if (bk_socket_url_is(url))
		printf("Next: backup-cli init --lightning-dir DIR %s\n", word_of(&word, url));
	else
		printf("%s is the older plugin's file: if the node has gone on with another backup "
		       "since, do not start it from this, but restore that one.\n"
		       "Next: backup-cli import %s URL\n",
			url, word_of(&word, url));
}

/* How the log was opened, for a command to be pasted. */
static void print_opener(void)
{
	struct word word;

	if (keys_given.file_count)
		printf(" --key-file %s", word_of(&word, keys_given.files[0]));
	else if (keys_given.hsm_secret)
		printf(" --hsm-secret %s", word_of(&word, keys_given.hsm_secret));
	else if (keys_given.passphrase.is_wanted)
		printf(" --passphrase");
	else if (!keys_given.words.is_wanted && keys_node_file())
		printf(" --key-file %s", word_of(&word, keys_node_file()));
	else
		printf(" --words%s",
			keys_given.seed_passphrase.is_wanted ? " --seed-passphrase" : "");
}

static void print_next(const char *dir, const char *log_path, bool is_sealed)
{
	char *real = realpath(dir, NULL), *url = NULL;
	struct word dir_word, url_word;
	struct bk_error ignored;

	/* The plugin writes into a file: a log of its own, and the mirror after it. */
	if (real && bk_remote_is(log_path)) {
		printf("Next: backup-cli init%s --lightning-dir %s file:///path/to/a/new/file.bkp "
		       "; "
		       "then backup-cli mirror add --lightning-dir %s --anew %s\n",
			is_sealed ? " --seal" : "", word_of(&dir_word, real), dir_word.text,
			word_of(&url_word, log_path));
		free(real);
		return;
	}
	if (!real || bk_dest_url(&url, log_path, &ignored)) {
		free(real);
		return;
	}
	printf("Next: backup-cli init --lightning-dir %s", word_of(&dir_word, real));
	if (is_sealed)
		print_opener();
	printf(" %s\n", word_of(&url_word, url));
	free(real);
	free(url);
}

void restore_tell_next(const struct bk_restore_result *result, const char *log_path, bool is_sealed)
{
	const char *slash = strrchr(result->path, '/');
	char *dir;

	if (strcmp(slash ? slash + 1 : result->path, BK_DATABASE_NAME) != 0)
		return;
	dir = bk_path_directory(result->path);
	if (!dir)
		return;
	if (result->version == result->head && !nodedir_names(bk_io_posix(), dir, log_path))
		print_next(dir, log_path, is_sealed);
	free(dir);
}

void restore_tell_freshness(
	const struct fresh *fresh, const struct bk_freshness *found, const char *named)
{
	struct shown shown;

	for (size_t i = 0; i < fresh->count; i++)
		if (fresh->answers[i].is_given_up)
			printf("Without %s, as you say: if it held a newer state, that is lost.\n",
				shown_of(&shown, fresh->urls[i]));
	if (found->newest)
		printf("The newest state is not in %s but in %s: that is restored.\n", named,
			shown_of(&shown, fresh->urls[found->newest]));
	if (found->is_unproven)
		printf("Freshness unproven: no other place was asked, and nothing here knows how "
		       "far the node had come. If there is a mirror, name it: --also URL\n");
}
