/* test_damage.c - a damaged log: what damage touches says so, everything else is right. */
#include "logkit.h"
#include "mountkit.h"
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

SUITE(damage);

#define VERDICT_MS 120000 /* a busy machine gives its thread little */
#define VERSIONS   500

static struct {
	uint8_t *bytes;
	size_t size;
} images[VERSIONS + 1];

/* What a version is, as long as the log is whole. */
static void remember_images(void)
{
	struct bk_log *log = log_reader();

	for (uint32_t version = 1; version <= VERSIONS; version++)
		images[version].bytes = image_whole(log, version, &images[version].size);
	bk_log_close(log);
}

static void make_log(void)
{
	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(VERSIONS, 1000);
	log_close();
	remember_images();
}

static void done(void)
{
	for (uint32_t version = 1; version <= VERSIONS; version++)
		free(images[version].bytes);
}

/* The offset of the change to VERSION. */
static uint64_t change_offset(uint32_t version)
{
	struct bk_log *log = log_reader();
	struct bk_entry entry;

	ok(bk_log_find(log, version, &entry, why()));
	bk_log_close(log);
	return entry.offset;
}

/* The offset of the frame of KIND that stands next behind OFFSET (docs/format.md, 3). */
static uint64_t frame_offset(uint8_t kind, uint64_t offset)
{
	static const uint8_t magic[] = {0xb7, 0x42, 0x4b, 0x46};
	size_t size;
	uint8_t *bytes = read_whole(log_path(), (size_t)1 << 20, &size);
	uint64_t at = offset + 1;

	while (at + 48 < size &&
		(memcmp(bytes + at + 8, magic, sizeof magic) != 0 || bytes[at + 12] != kind))
		at++;
	cr_assert(at + 48 < size, "no frame of kind %u", kind);
	free(bytes);
	return at;
}

/* 0 if VERSION can be read and is right, else why not. */
static int read_version(uint32_t version)
{
	size_t size = images[version].size;
	int fd = open(mnt_version(version), O_RDONLY | O_CLOEXEC), rc = 0;
	uint8_t *bytes = malloc(size + 1);
	ssize_t n;

	if (fd < 0) {
		free(bytes);
		return errno;
	}
	for (size_t done_bytes = 0;
		!rc && (n = read(fd, bytes + done_bytes, size + 1 - done_bytes)) != 0;) {
		rc = n < 0 ? errno : 0;
		done_bytes += n < 0 ? 0 : (size_t)n;
		cr_assert(done_bytes <= size, "version %u is too long", version);
	}
	cr_assert(rc || memcmp(bytes, images[version].bytes, size) == 0,
		"version %u is not what it was", version);
	close(fd);
	free(bytes);
	return rc;
}

/* Reads all versions: each is right, or EIO and named. How many are not; the first of them. */
static uint32_t look_at_all(uint32_t *first)
{
	static bool is_bad[VERSIONS + 1];
	uint32_t bad = 0;
	const char *ranges;

	for (uint32_t version = VERSIONS; version >= 1; version--) {
		int rc = read_version(version);

		cr_assert(!rc || rc == EIO, "version %u: %s", version, strerror(rc));
		is_bad[version] = rc != 0;
		bad += rc != 0;
		if (rc)
			*first = version;
	}
	ranges = status_member("damaged_versions");
	for (uint32_t version = 1; version <= VERSIONS; version++)
		cr_assert(status_names(ranges, version) == is_bad[version], "version %u: %s",
			version, ranges);
	cr_assert(!bad || strcmp(status_member("health"), "\"damaged\"") == 0);
	return bad;
}

/* Whether the verdict on the newest version, which comes a while after the mount, is ANSWER. */
static bool answers(const char *answer)
{
	char text[64];

	snprintf(text, sizeof text, "\"%s\"", answer);
	return strcmp(status_member("can_be_restored.answer"), text) == 0;
}

Test(damage, a_whole_log_is_ok)
{
	uint32_t first;

	make_log();
	mount_start(NULL);
	cr_assert(look_at_all(&first) == 0);
	wait_until(answers("yes"), VERDICT_MS);
	says(status_member("can_be_restored.answer"), "\"yes\"");
	says(status_member("can_be_restored.version"), "500");
	says(status_member("can_be_restored.why"), "");
	says(status_member("health"), "\"ok\"");
	mount_stop();
	done();
}

/* From the change on, until the next keyframe. */
Test(damage, a_change)
{
	uint32_t bad, first;

	make_log();
	log_flip(change_offset(200) + 60);
	mount_start(NULL);
	bad = look_at_all(&first);
	printf("damaged versions: %u from %u on\n", bad, first);
	cr_assert(first == 200 && bad > 0 && bad <= 128, "%u versions from %u on", bad, first);
	says(shell("ls mnt/versions/0000 | wc -l"), "500\n");
	says(shell("ls -l mnt/versions/0000 | grep -c sqlite3"), "500\n");
	shell_status(1, "cat mnt/changes/0/200.sql");
	says(shell("grep -c INSERT mnt/changes/0/199.sql"), "1\n");
	shell_status(1, "cp mnt/versions/0/200.sqlite3 copy");
	cr_assert(strstr(shell_stderr(), "Input/output error"));
	mount_stop();
	done();
}

/* The newest change is lost, and the log goes on behind it: what says which version that was still
 * leads there, and says that it is lost. */
Test(damage, the_newest_change)
{
	uint32_t bad, first = 0;

	make_log();
	log_flip(change_offset(VERSIONS) + 60);
	mount_start(NULL);
	says(shell("ls mnt/versions mnt/changes"), "mnt/changes:\n0000\n\nmnt/versions:\n0000\n");
	says(shell("readlink mnt/latest.sqlite3"), "versions/0000/0000500.sqlite3\n");
	shell_status(1, "cat mnt/latest.sqlite3");
	cr_assert(strstr(shell_stderr(), "Input/output error"), "%s", shell_stderr());
	shell_status(1, "cat mnt/changes/0/500.sql");
	cr_assert(strstr(shell_stderr(), "Input/output error"), "%s", shell_stderr());
	shell_status(1, "cat mnt/versions/0/501.sqlite3");
	cr_assert(strstr(shell_stderr(), "No such file"), "%s", shell_stderr());
	wait_until(answers("no"), VERDICT_MS);
	says(status_member("can_be_restored.answer"), "\"no\"");
	says(status_member("can_be_restored.version"), "500");
	cr_assert(strstr(status_member("can_be_restored.why"), "damage"), "%s",
		status_member("can_be_restored.why"));
	bad = look_at_all(&first);
	cr_assert(bad == 1 && first == VERSIONS, "%u versions from %u on", bad, first);
	shell("ls mnt/by-time/2026-11-22/07 > names");
	mount_stop();
	done();
}

/* Likewise, and its bucket has no other version. */
Test(damage, the_newest_change_alone_in_its_bucket)
{
	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(1000, 1000);
	log_close();
	log_flip(change_offset(1000) + 60);
	mount_start(NULL);
	says(shell("readlink mnt/latest.sqlite3"), "versions/0001/0001000.sqlite3\n");
	shell_status(1, "cat mnt/latest.sqlite3");
	cr_assert(strstr(shell_stderr(), "Input/output error"), "%s", shell_stderr());
	cr_assert(status_names(status_member("damaged_versions"), 1000));
	says(shell("sqlite3 mnt/versions/0/999.sqlite3 'SELECT count(*) FROM t'"), "998\n");
	mount_stop();
}

/* Before a snapshot no list tells sizes, and past damage no replay can: such files are listed with
 * the size of the nearest version below, and only who opens one meets the damage. */
Test(damage, sizes_that_cannot_be_known)
{
	mount_dir_make();
	log_begin_plain(log_path());
	log_grow(300, 1000);
	shell("sqlite3 later.sqlite3 'CREATE TABLE vars (name TEXT PRIMARY KEY, val TEXT, intval "
	      "INTEGER, blobval BLOB); INSERT INTO vars VALUES (\"data_version\", NULL, 310, "
	      "NULL); "
	      "CREATE TABLE t (id INTEGER PRIMARY KEY, x)'");
	log_snapshot(path_of("later.sqlite3"), BK_SNAPSHOT_GAP);
	log_grow(400, 1000);
	log_close();
	log_flip(change_offset(280) + 60);
	mount_start(NULL);
	says(shell("ls -l mnt/versions/0000 | grep -c sqlite3"), "391\n");
	says(shell("for v in 279 280 300; do stat -c %%s mnt/versions/0000/0000$v.sqlite3; done | "
		   "sort -u | wc -l"),
		"1\n");
	says(shell("find mnt/versions -name '*.sqlite3' -size +0 | wc -l"), "391\n");
	shell_status(1, "cat mnt/versions/0/280.sqlite3");
	cr_assert(strstr(shell_stderr(), "Input/output error"), "%s", shell_stderr());
	shell_status(1, "cat mnt/versions/0/300.sqlite3");
	shell("cat mnt/versions/0/279.sqlite3 mnt/versions/0/310.sqlite3 > two");
	cr_assert(status_names(status_member("damaged_versions"), 290));
	shell_status(23, "rsync -a mnt/versions/0000 mirror");
	says(shell("ls mirror/0000 | wc -l"), "370\n");
	mount_stop();
}

/* A keyframe can be done without: all that it says can be found in another way. */
Test(damage, a_keyframe)
{
	uint32_t first;

	make_log();
	log_flip(frame_offset(4, change_offset(200)) + 100);
	mount_start(NULL);
	cr_assert(look_at_all(&first) == 0, "version %u is bad", first);
	says(status_member("health"), "\"damaged\"");
	cr_assert(strtoul(status_member("opened_past_damage"), NULL, 10) > 100);
	says(shell("ls mnt/versions/0000 | grep -c sqlite3"), "500\n");
	says(shell("ls mnt/changes/0000 | grep -c sql"), "500\n");
	says(shell("grep -c INSERT mnt/changes/0/150.sql"), "1\n");
	says(shell("find mnt/by-time -type l > links; grep -c . links | awk '{print ($1 > 100)}'"),
		"1\n");
	mount_stop();
	done();
}

/* Wherever it is: what can be read is right, what cannot is named. */
Test(damage, anywhere)
{
	unsigned seed = 20261122;
	struct stat log;

	make_log();
	cr_assert(stat(log_path(), &log) == 0);
	for (int i = 0; i < 6; i++) {
		/* Not in the first keyframe, nor near the end, which would be a torn tail. */
		uint64_t offset = 4096 + (uint64_t)rand_r(&seed) % ((uint64_t)log.st_size * 3 / 4);
		uint32_t first = 0, bad;

		log_flip(offset);
		mount_start(NULL);
		bad = look_at_all(&first);
		printf("byte %" PRIu64 ": %u versions damaged\n", offset, bad);
		shell("ls -lR mnt > /dev/null 2>&1 || true");
		mount_stop();
		log_flip(offset);
	}
	done();
}

/* The verdict is asked again when a keyframe came; what it says before is of an older version. */
Test(damage, a_verdict_follows)
{
	mount_dir_make();
	log_begin_plain(log_path());
	mount_start(NULL);
	wait_until(answers("yes"), VERDICT_MS);
	says(status_member("can_be_restored.version"), "1");
	log_grow(300, 1000);
	log_close();
	wait_until(atoi(status_member("can_be_restored.version")) > 256, VERDICT_MS);
	cr_assert(atoi(status_member("can_be_restored.version")) > 256 && answers("yes"));
	says(status_member("health"), "\"ok\"");
	mount_stop();
}
