/* follow.c - following the log. */
#include "follow.h"
#include "layout.h"
#include "names.h"
#include "say.h"
#include <bk/listing.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

/* How often the log is looked at: a new version is there well within a second. */
#define POLL_MS 200

/* A name that somebody walks through just then is not forgotten: so it is done again, so many
 * times. */
#define FORGET_AGAIN 5

/* How many versions a rewind may have struck: lightningd has one change under way at most. */
#define STRUCK_MAX 16

/* The kernel lets root alone have it read further ahead than it would. */
static void read_further_ahead(dev_t device)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/sys/class/bdi/%u:%u/read_ahead_kb", major(device),
		minor(device));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (dprintf(fd, "%zu\n", READAHEAD_BYTES >> 10) < 0)
		say("cannot write %s: %s", path, strerror(errno));
	close(fd);
}

/* Asks the mount itself, so that it is known to answer, then tells those who wait for it: the
 * service manager first, which else takes the first process's end for that of the service. A mount
 * that does not answer is taken away, as by SIGTERM. */
static void say_ready(struct follow *follow)
{
	char lines[256];
	struct stat st;

	if (stat(follow->mountpoint, &st)) {
		say("the mount at %s does not answer: %s", follow->mountpoint, strerror(errno));
		follow->has_failed = true;
		kill(getpid(), SIGTERM);
		return;
	}
	read_further_ahead(st.st_dev);
	snprintf(lines, sizeof lines, "READY=1\nMAINPID=%ld\nSTATUS=mounted\n", (long)getpid());
	say_to_manager(lines);
	background_ready(follow->background);
}

/* The identity of VERSION; 0 if the log has no such version. */
static uint32_t identity_of(struct source *source, uint32_t version)
{
	struct bk_entry entry;

	return bk_log_find(source->log, version, &entry, NULL)
		       ? 0
		       : node_identity(&entry, source->generation);
}

static void forget_name(struct follow *follow, const struct node *parent, const char *name)
{
	/* It fails for what the kernel does not know, which is fine. */
	fuse_lowlevel_notify_inval_entry(follow->session, node_ino(parent), name, strlen(name));
}

/* Another change may stand in the place of VERSION. */
static void forget_version(struct follow *follow, uint32_t version)
{
	struct node images = {.kind = NODE_IMAGE_BUCKET, .number = bucket_of(version)};
	struct node sql = {.kind = NODE_SQL_BUCKET, .number = bucket_of(version)};
	char name[NAME_SIZE];

	name_of_version(name, version, IMAGE_SUFFIX);
	forget_name(follow, &images, name);
	name_of_version(name, version, SQL_SUFFIX);
	forget_name(follow, &sql, name);
}

/* Another log is there: with a name of the root, all that the kernel keeps below it goes, but for
 * files that are open. */
static void forget_all(struct follow *follow)
{
	struct node root = {.kind = NODE_ROOT};
	struct node *nodes;
	size_t count;

	for (const struct fixed_name *at = root_names; at->name; at++)
		forget_name(follow, &root, at->name);
	nodes = handles_nodes(&follow->fs->handles, &count);
	for (size_t i = 0; i < count; i++)
		if (nodes[i].kind != NODE_STATUS)
			forget_version(follow, nodes[i].number);
	free(nodes);
}

/* Directories that grew have other times. */
static void forget_times(struct follow *follow, uint32_t head)
{
	const struct node grown[] = {
		{.kind = NODE_ROOT},
		{.kind = NODE_VERSIONS},
		{.kind = NODE_CHANGES},
		{.kind = NODE_DAYS},
		{.kind = NODE_IMAGE_BUCKET, .number = bucket_of(head)},
		{.kind = NODE_SQL_BUCKET, .number = bucket_of(head)},
	};

	for (size_t i = 0; i < sizeof grown / sizeof *grown; i++)
		fuse_lowlevel_notify_inval_inode(follow->session, node_ino(&grown[i]), -1, 0);
}

static void note_head(struct follow *follow, struct source *source)
{
	struct bk_log_status status;

	if (bk_log_status(source->log, &status, NULL))
		return;
	follow->head = status.version;
	follow->head_identity = identity_of(source, status.version);
}

static void take_news(struct follow *follow, enum bk_log_news news)
{
	struct fs *fs = follow->fs;
	struct source *source = sources_get(&fs->sources);

	if (news == BK_LOG_REPLACED) {
		say("the log at %s was replaced, cut or put back: it is read anew",
			bk_log_path(source->log));
		health_clear(source->health);
		forget_all(follow);
		follow->forget_again = FORGET_AGAIN;
		images_replaced(&fs->images, source->generation);
	} else if (identity_of(source, follow->head) != follow->head_identity) {
		for (uint32_t i = 0; i < STRUCK_MAX; i++)
			forget_version(follow, follow->head - i);
	}
	forget_times(follow, follow->head);
	note_head(follow, source);
	forget_times(follow, follow->head);
	source_put(source);
}

static void look(struct follow *follow)
{
	enum bk_log_news news;
	struct bk_error err;

	if (follow->forget_again) {
		follow->forget_again--;
		forget_all(follow);
	}
	if (sources_follow(&follow->fs->sources, &news, &err)) {
		if (!follow->is_told)
			say("cannot follow the log: %s. What was there is still there", err.msg);
		follow->is_told = true;
		return;
	}
	follow->is_told = false;
	if (news != BK_LOG_SAME)
		take_news(follow, news);
}

/* Waits for the next look; false if there is to be none. */
static bool wait_for_next(struct follow *follow)
{
	struct timespec until;
	bool is_ending;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += POLL_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&follow->mutex);
	while (!follow->is_ending && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&follow->ending, &follow->mutex, &until);
	is_ending = follow->is_ending;
	pthread_mutex_unlock(&follow->mutex);
	return !is_ending;
}

static void *follow_run(void *arg)
{
	struct follow *follow = arg;

	say_ready(follow);
	while (wait_for_next(follow))
		look(follow);
	return NULL;
}

enum bk_code follow_start(struct follow *follow, struct bk_error *err)
{
	struct source *source = sources_get(&follow->fs->sources);
	pthread_condattr_t attr;
	int rc;

	note_head(follow, source);
	source_put(source);
	pthread_mutex_init(&follow->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&follow->ending, &attr);
	pthread_condattr_destroy(&attr);
	rc = pthread_create(&follow->thread, NULL, follow_run, follow);
	return rc ? bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread") : BK_OK;
}

void follow_end(struct follow *follow)
{
	pthread_mutex_lock(&follow->mutex);
	follow->is_ending = true;
	pthread_cond_signal(&follow->ending);
	pthread_mutex_unlock(&follow->mutex);
	pthread_join(follow->thread, NULL);
	pthread_cond_destroy(&follow->ending);
	pthread_mutex_destroy(&follow->mutex);
}
