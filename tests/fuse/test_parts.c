/* test_parts.c - the parts of the mount that need none. */
#include "background.h"
#include "commandline.h"
#include "damage.h"
#include "logkit.h"
#include "mountkit.h"
#include "names.h"
#include "node.h"
#include "status.h"
#include "versions.h"
#include <bk/listing.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

SUITE(parts);

Test(parts, inode_numbers_lead_back)
{
	static const uint32_t numbers[] = {0, 1, 999, 1234567, UINT32_MAX};
	static const uint32_t identities[] = {0, 1, (1u << NODE_IDENTITY_BITS) - 1};
	struct node back;

	for (int kind = NODE_VERSIONS; kind <= NODE_TIME_LINK; kind++)
		for (size_t i = 0; i < COUNT_OF(numbers) * COUNT_OF(identities); i++) {
			struct node node = {(enum node_kind)kind, numbers[i % COUNT_OF(numbers)],
				identities[i / COUNT_OF(numbers)]};

			cr_assert(node_ino(&node) < INT64_MAX);
			cr_assert(node_of_ino(&back, node_ino(&node)));
			cr_assert(back.kind == node.kind && back.number == node.number &&
				  back.identity == node.identity);
		}
	cr_assert(node_ino(&(struct node){.kind = NODE_ROOT}) == 1);
	cr_assert(node_of_ino(&back, 1) && back.kind == NODE_ROOT);
	cr_assert(!node_of_ino(&back, 0) && !node_of_ino(&back, 2));
	cr_assert(!node_of_ino(&back, UINT64_MAX) && !node_of_ino(&back, (uint64_t)20 << 58));
}

/* What took another's place in the log is another file. */
Test(parts, identities_differ)
{
	struct bk_entry entry = {.offset = 5000, .version = 7};
	struct bk_entry later = {.offset = 5000 + 130, .version = 7};
	struct bk_entry copied = {.offset = 5000, .version = 7, .flags = BK_ENTRY_SNAPSHOT};

	cr_assert(node_identity(&entry, 0) == node_identity(&entry, 0));
	cr_assert(node_identity(&entry, 0) != node_identity(&later, 0));
	cr_assert(node_identity(&entry, 0) != node_identity(&copied, 0));
	cr_assert(node_identity(&entry, 0) != node_identity(&entry, 1));
	cr_assert(node_identity(&entry, UINT32_MAX) < 1u << NODE_IDENTITY_BITS);
}

Test(parts, names_of_versions)
{
	static const uint32_t versions[] = {0, 1, 999, 1000, 1234567, 12345678, UINT32_MAX};
	char name[NAME_SIZE];
	uint32_t back;

	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		name_of_version(name, versions[i], IMAGE_SUFFIX);
		cr_assert(name_to_version(name, IMAGE_SUFFIX, &back) && back == versions[i]);
		cr_assert(!name_to_version(name, SQL_SUFFIX, &back));
		name_of_bucket(name, bucket_of(versions[i]));
		cr_assert(name_to_bucket(name, &back) && back == versions[i] / 1000);
		cr_assert(bucket_last(back) >= versions[i]);
	}
	name_of_version(name, 1234567, IMAGE_SUFFIX);
	says(name, "1234567.sqlite3");
	cr_assert(!name_to_version("4294967296.sql", SQL_SUFFIX, &back));
	cr_assert(!name_to_version(".sql", SQL_SUFFIX, &back));
	cr_assert(!name_to_bucket("4294968", &back) && !name_to_bucket("", &back));
}

Test(parts, hours)
{
	const int64_t year_10000 = INT64_C(253402300800000000);
	char name[NAME_SIZE];
	uint32_t back;

	cr_assert(hour_of_time(0) == 0 && hour_of_time(-1) == 0 && hour_of_time(INT64_MIN) == 0);
	cr_assert(hour_of_time(HOUR_US - 1) == 0 && hour_of_time(HOUR_US) == 1);
	cr_assert(hour_of_time(INT64_MAX) == hour_of_time(year_10000 - 1));
	cr_assert(hour_begin_us(0) == INT64_MIN && hour_begin_us(1) == HOUR_US);
	cr_assert(hour_end_us(0) == HOUR_US && hour_end_us(hour_of_time(INT64_MAX)) == INT64_MAX);
	name_of_day(name, DAY_LAST);
	says(name, "9999-12-31");
	cr_assert(name_to_day("9999-12-31", &back) && back == DAY_LAST);
	cr_assert(name_to_day("1970-01-01", &back) && back == 0);
	cr_assert(!name_to_day("1969-12-31", &back) && !name_to_day("2026-02-30", &back));
	cr_assert(!name_to_day("-1 days   ", &back) && !name_to_day("", &back));
	cr_assert(name_to_hour("23", 2, &back) && back == 71 && !name_to_hour("24", 2, &back));
}

Test(parts, time_links)
{
	struct bk_entry entry = {.time_us = LOG_BEGIN_US + 123456, .version = 42};
	uint32_t hour = hour_of_time(LOG_BEGIN_US), version;
	char name[NAME_SIZE];

	name_of_time_link(name, &entry, hour);
	says(name, "07:00:00.123456-0000042.sqlite3");
	cr_assert(name_to_time_link(name, &version) && version == 42);
	name_of_time_link(name, &entry, hour - 1);
	says(name, "06:59:59.999999-0000042.sqlite3");
	name_of_time_link(name, &entry, hour + 1);
	says(name, "08:00:00.000000-0000042.sqlite3");
	cr_assert(!name_to_time_link("07:00:00.123456", &version));
	cr_assert(!name_to_time_link("", &version));
}

Test(parts, targets)
{
	char target[NAME_SIZE];

	link_target(target, NODE_LATEST, UINT32_MAX);
	says(target, "versions/4294967/4294967295.sqlite3");
	link_target(target, NODE_TIME_LINK, 1001);
	says(target, "../../../versions/0001/0001001.sqlite3");
	link_target(target, NODE_AT_LINK, 1001);
	says(target, "../versions/0001/0001001.sqlite3");
	link_target(target, NODE_SQL_ALIAS, 1001);
	says(target, "0001001.sql");
	link_target(target, NODE_SQL_BUCKET_ALIAS, 1);
	says(target, "0001");
}

static struct damage damage;

static bool is_range(size_t at, uint32_t from, uint32_t to)
{
	struct damage_range range;

	return damage_get(&damage, at, &range) && range.from == from && range.to == to;
}

Test(parts, damaged_neighbours_are_one_range)
{
	struct damage_range range;

	damage_init(&damage);
	damage_note(&damage, 10, 10, "a");
	damage_note(&damage, 12, 12, "b");
	cr_assert(is_range(0, 10, 10) && is_range(1, 12, 12));
	damage_note(&damage, 11, 11, "c");
	cr_assert(is_range(0, 10, 12) && !damage_get(&damage, 1, &range));
	damage_note(&damage, 5, 20, "d");
	damage_note(&damage, 7, 9, "e");
	cr_assert(is_range(0, 5, 20) && !damage_get(&damage, 1, &range));
	cr_assert(damage_get(&damage, 0, &range) && strcmp(range.what, "a") == 0);
	damage_note(&damage, UINT32_MAX, UINT32_MAX, "f");
	damage_note(&damage, 0, 0, "g");
	cr_assert(is_range(1, UINT32_MAX, 0));
	damage_clear(&damage);
	cr_assert(!damage_get(&damage, 0, &range));
	damage_done(&damage);
}

Test(parts, damage_beyond_the_limit_is_counted)
{
	struct damage_range range;

	damage_init(&damage);
	for (uint32_t i = 0; i < DAMAGE_RANGES_MAX + 3; i++)
		damage_note(&damage, i * 10, i * 10, "a");
	cr_assert(damage_get(&damage, DAMAGE_RANGES_MAX - 1, &range));
	cr_assert(!damage_get(&damage, DAMAGE_RANGES_MAX, &range) && damage_more(&damage) == 3);
	damage_note(&damage, 11, 11, "a");
	cr_assert(damage_more(&damage) == 3 && is_range(1, 10, 11));
	damage_done(&damage);
}

static enum options_kind read_words(struct options *options, const char *line)
{
	char *words = strdup(line), *rest = words, *word, *argv[16] = {words};
	int argc = 0;
	enum options_kind kind;

	while ((word = strsep(&rest, " ")))
		argv[argc++] = word;
	kind = options_read(options, argc, argv);
	free(words);
	return kind;
}

Test(parts, the_command_line)
{
	struct options options;

	cr_assert(read_words(
			  &options, "backup-fuse mount a b -f -o cache=2G,uid=5,gid=6,umask=027") ==
		  OPTIONS_MOUNT);
	says(options.url, "a");
	says(options.mountpoint, "b");
	cr_assert(options.foreground && options.cache_bytes == (size_t)2 << 30 &&
		  options.uid == 5 && options.gid == 6 && options.umask == 027 &&
		  !options.allow_other);
	options_done(&options);
	cr_assert(read_words(&options, "backup-fuse a -o allow_other,rw,dev,max_read=4096 b") ==
		  OPTIONS_MOUNT);
	cr_assert(!options.foreground && options.cache_bytes == CACHE_BYTES_DEFAULT &&
		  options.allow_other && options.umask == 0077);
	says(options.mount_options, "max_read=4096");
	options_done(&options);
	cr_assert(read_words(&options, "backup-fuse -V") == OPTIONS_VERSION);
	options_done(&options);
	cr_assert(read_words(&options, "backup-fuse --help a") == OPTIONS_HELP);
	options_done(&options);
	cr_assert(read_words(&options, "backup-fuse") == OPTIONS_WRONG);
	options_done(&options);
	cr_assert(read_words(&options, "backup-fuse b --lightning-dir d -o uid=root,gid=root,"
				       "nonempty") == OPTIONS_MOUNT);
	says(options.mountpoint, "b");
	says(options.lightning_dir, "d");
	cr_assert(!options.url && options.uid == 0 && options.gid == 0 && options.nonempty);
	options_done(&options);
}

/* A log whose version 2 inserts X, opened as the GENERATION-th at its path. */
static void open_log(struct sources *sources, const char *name, int x, uint32_t generation)
{
	char sql[64];

	log_begin_plain(path_of("%s", name));
	snprintf(sql, sizeof sql, "INSERT INTO t (x) VALUES (%d)", x);
	log_append(2, sql);
	log_close();
	ok(sources_open(sources, bk_io_posix(), path_of("%s", name), why()));
	sources->current->generation = generation;
}

/* Opens version 2 of SOURCE and compares it with what core gives. */
static struct image *open_and_compare(struct images *images, struct source *source)
{
	struct bk_entry entry;
	struct image *image;
	struct node node;
	size_t size, done;
	uint8_t *want = image_whole(source->log, 2, &size), *bytes = malloc(size);

	ok(bk_log_find(source->log, 2, &entry, why()));
	node = (struct node){NODE_IMAGE, 2, node_identity(&entry, source->generation)};
	ok(images_open(&image, images, source, &node, why()));
	ok(images_read(images, image, bytes, size, 0, &done, why()));
	cr_assert(done == size && memcmp(bytes, want, size) == 0, "another log's bytes");
	free(want);
	free(bytes);
	return image;
}

/* After 64 logs at a path, inode numbers come again; a file that is still open from the first log
 * is not taken for one of the last. */
Test(parts, images_of_two_logs_with_one_number)
{
	struct sources first, last;
	struct images images;
	struct image *open_in_first, *open_in_last;

	dir_make();
	open_log(&first, "first.bkp", 222, 0);
	open_log(&last, "last.bkp", 777, 64);
	images_init(&images, 1 << 20);
	open_in_first = open_and_compare(&images, first.current);
	images_replaced(&images, 64);
	open_in_last = open_and_compare(&images, last.current);
	cr_assert(open_in_first->item.key == open_in_last->item.key);
	images_close(&images, open_in_first);
	images_close(&images, open_in_last);
	images_done(&images);
	sources_close(&first);
	sources_close(&last);
}

static bool is_failing;

static int64_t pread_or_fail(void *ctx, int fd, void *data, size_t size, uint64_t offset)
{
	return is_failing ? -EIO : bk_io_posix()->ops->pread(ctx, fd, data, size, offset);
}

/* Whether status.json's text has WHAT. */
static bool status_says(struct fs *fs, const char *what)
{
	struct source *source = sources_get(&fs->sources);
	char *text = status_text(fs, source);
	bool found = strstr(text, what);

	source_put(source);
	free(text);
	return found;
}

/* A path may hold any bytes; JSON is UTF-8. */
Test(parts, status_is_utf8)
{
	struct options options = {.cache_bytes = CACHE_BYTES_MIN};
	struct fs fs = {0};

	mount_dir_make();
	log_begin_plain(log_path());
	log_close();
	ok(fs_init(&fs, bk_io_posix(), &options, log_path(), "file:///caf\xe9\x7f.bkp", why()));
	cr_assert(status_says(&fs, "\"file:///caf?\\u007f.bkp\""));
	fs_done(&fs);
}

/* A disk that does not answer for a while is no damage. */
Test(parts, what_passes_is_no_damage)
{
	struct bk_io_ops ops = *bk_io_posix()->ops;
	struct bk_io io = {.ops = &ops};
	struct options options = {.cache_bytes = CACHE_BYTES_MIN};
	struct bk_entry entry;
	struct fs fs = {0};

	dir_make();
	log_begin_plain(log_path());
	log_grow(300, 1000);
	log_close();
	ops.pread = pread_or_fail;
	ok(fs_init(&fs, &io, &options, log_path(), "file:///x", why()));
	is_failing = true;
	cr_assert(version_find(fs.sources.current, 20, &entry) == EIO);
	cr_assert(status_says(&fs, "\"trouble\"") && status_says(&fs, "\"failing\""));
	cr_assert(status_says(&fs, "\"damaged_versions\":\t[]"));
	cr_assert(version_find_time(fs.sources.current, LOG_BEGIN_US + 5000, &entry) == EIO);
	is_failing = false;
	cr_assert(version_find(fs.sources.current, 20, &entry) == 0);
	cr_assert(status_says(&fs, "\"trouble\""), "the other failure is still told");
	cr_assert(!version_find_time(fs.sources.current, LOG_BEGIN_US + 5000, &entry));
	cr_assert(!status_says(&fs, "\"trouble\"") && status_says(&fs, "\"ok\""));
	cr_assert(health_errno(&fs.sources.health, TROUBLE_READ, 7, 7,
			  &(struct bk_error){.code = BK_E_NOMEM, .msg = "no memory"}) == ENOMEM);
	cr_assert(status_says(&fs, "\"failing\""));
	cr_assert(health_errno(&fs.sources.health, TROUBLE_READ, 7, 7,
			  &(struct bk_error){.code = BK_E_DAMAGE}) == EIO);
	cr_assert(status_says(&fs, "\"damaged\""));
	fs_done(&fs);
}

/* The second process ended, well even, without a mount: the first one must not say that there is
 * one. */
Test(parts, an_end_before_the_mount_stands)
{
	struct background background;
	int status;
	pid_t first = fork();

	cr_assert(first >= 0);
	if (!first) {
		close(STDERR_FILENO);
		_exit(background_begin(&background, why()) ? 2 : 0);
	}
	cr_assert(waitpid(first, &status, 0) == first);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}
