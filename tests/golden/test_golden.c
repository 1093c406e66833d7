/* test_golden.c - the logs in files/, each against the text beside it. A line of that is a key and
 * values:
 *
 *     # a sentence about the file
 *     key                 from here on there is a key: that of test_keys (tests/unit/support.h)
 *     read CODE           what bk_log_open gives
 *     write CODE          what bk_writer_open gives, on a copy, which then takes one more change
 *     verify clean        or damage: whether bk_verify has findings
 *     head, changes, keyframes, torn, id    of bk_log_status
 *     entry VERSION TIME FLAGS STATEMENTS BYTES    of the listing of all, in order
 *     rows VERSION SUM    the image's schema and rows (sql_sum)
 *     past VERSION SUM    the same, where damaged keyframes must be passed over
 *     bytes VERSION SIZE SUM    the image's bytes (XXH3), where there is a keyframe and nothing is
 * replayed lost VERSION CODE   what opening the image gives */
#include "codename.h"
#include "node.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/verify.h>
#include <bk/writer.h>
#include <dirent.h>
#include <inttypes.h>
#include <xxhash.h>

SUITE(golden);

struct golden {
	char name[64], path[500];
	struct test_io io;
	struct bk_log *log; /* NULL until "read ok" */
	struct bk_log_status status;
	struct bk_listing *history; /* where the next "entry" is */
	unsigned lines;
};

static void check_read(struct golden *golden, const char *code)
{
	enum bk_code found = bk_log_open(&golden->log, &golden->io.io, golden->path, why());

	cr_assert(strcmp(code_name(found), code) == 0, "%s: reading gives %s: %s", golden->name,
		code_name(found), found ? why()->msg : "");
	cr_assert(!found || (why()->code == found && *why()->msg));
	if (!found)
		ok(bk_log_status(golden->log, &golden->status, why()));
}

static void check_write(struct golden *golden, const char *code)
{
	struct bk_writer *writer = NULL;
	struct bk_slice slice = {"UPDATE vars SET intval = intval + 1", 35};
	struct bk_change change = {.statements = &slice, .statement_count = 1};
	enum bk_code found;

	copy_file(golden->path, scratch("copy"));
	found = bk_writer_open(&writer, &golden->io.io, scratch("copy"), NULL, why());
	cr_assert(strcmp(code_name(found), code) == 0, "%s: writing gives %s: %s", golden->name,
		code_name(found), found ? why()->msg : "");
	if (found)
		return;
	cr_assert(bk_writer_version(writer) == golden->status.version);
	cr_assert(bk_writer_cut_bytes(writer) == golden->status.torn_bytes);
	change.version = bk_writer_version(writer) + 1;
	ok(bk_writer_append(writer, &change, why()));
	bk_writer_close(writer);
}

static void check_verify(struct golden *golden, const char *want)
{
	struct bk_verify_options options = {.deep = true, .threads = 1};
	struct bk_verify_result result;

	ok(bk_verify(&golden->io.io, golden->path, &options, &result, why()));
	cr_assert(strcmp(want, result.findings ? "damage" : "clean") == 0, "%s: %u findings",
		golden->name, (unsigned)result.findings);
}

static void check_entry(struct golden *golden, const char *values)
{
	struct bk_entry entry, want;
	bool more;

	if (!golden->history)
		ok(bk_listing_open_last(
			&golden->history, golden->log, UINT64_MAX, BK_LISTING_ALL, why()));
	ok(bk_listing_next(golden->history, &entry, &more, why()));
	cr_assert(more && sscanf(values, "%u %" SCNd64 " 0x%x %u %u", &want.version, &want.time_us,
				  &want.flags, &want.statements, &want.sql_bytes) == 5);
	cr_assert(entry.version == want.version && entry.time_us == want.time_us &&
			  entry.flags == want.flags && entry.statements == want.statements &&
			  entry.sql_bytes == want.sql_bytes,
		"%s: an entry is version %u, and not \"%s\"", golden->name, entry.version, values);
}

/* Nothing is listed behind the last "entry". */
static void check_list_ends(struct golden *golden)
{
	struct bk_entry entry;
	bool more = false;

	if (golden->history)
		ok(bk_listing_next(golden->history, &entry, &more, why()));
	cr_assert(!more, "%s: version %u is listed too", golden->name, entry.version);
	bk_listing_close(golden->history);
}

static void check_rows(struct golden *golden, const char *values, bool past_damage)
{
	struct bk_image_options options = {.past_damage = past_damage};
	struct bk_image *image = NULL;
	uint32_t version;
	uint64_t sum;
	sqlite3 *db;

	cr_assert(sscanf(values, "%" SCNu32 " %" SCNx64, &version, &sum) == 2);
	ok(bk_image_open(&image, golden->log, version, &options, why()));
	db = sql_image(image);
	cr_assert(sql_sum(db) == sum, "%s: version %u has other rows", golden->name, version);
	sqlite3_close(db);
	bk_image_close(image);
}

static void check_bytes(struct golden *golden, const char *values)
{
	struct bk_image *image = NULL;
	uint32_t version;
	uint64_t size, sum;
	uint8_t *bytes;
	size_t done;

	cr_assert(sscanf(values, "%" SCNu32 " %" SCNu64 " %" SCNx64, &version, &size, &sum) == 3);
	ok(bk_image_open(&image, golden->log, version, NULL, why()));
	cr_assert(bk_image_size(image) == size);
	bytes = malloc((size_t)size + 1);
	ok(bk_image_read(image, bytes, (size_t)size, 0, &done, why()));
	cr_assert(XXH3_64bits(bytes, (size_t)size) == sum, "%s: version %u has other bytes",
		golden->name, version);
	free(bytes);
	bk_image_close(image);
}

static void check_lost(struct golden *golden, const char *values)
{
	struct bk_image *image = NULL;
	uint32_t version;
	char code[20];
	enum bk_code found;

	cr_assert(sscanf(values, "%" SCNu32 " %19s", &version, code) == 2);
	found = bk_image_open(&image, golden->log, version, NULL, why());
	cr_assert(strcmp(code_name(found), code) == 0, "%s: version %u gives %s", golden->name,
		version, code_name(found));
	bk_image_close(image);
}

static void check_status(
	const struct golden *golden, const char *key, uint64_t found, const char *want)
{
	cr_assert(strtoull(want, NULL, 10) == found, "%s: %s is %" PRIu64 ", not %s", golden->name,
		key, found, want);
}

static void take_key(struct golden *golden)
{
	setenv("BK_TEST_SEALED", "1", 1);
	golden->io.io.keys = test_keys();
	unsetenv("BK_TEST_SEALED");
}

static void check_line(struct golden *golden, const char *key, const char *values)
{
	const struct bk_log_status *status = &golden->status;

	if (strcmp(key, "key") == 0)
		take_key(golden);
	else if (strcmp(key, "read") == 0)
		check_read(golden, values);
	else if (strcmp(key, "write") == 0)
		check_write(golden, values);
	else if (strcmp(key, "verify") == 0)
		check_verify(golden, values);
	else if (strcmp(key, "head") == 0)
		check_status(golden, key, status->version, values);
	else if (strcmp(key, "changes") == 0)
		check_status(golden, key, status->changes, values);
	else if (strcmp(key, "keyframes") == 0)
		check_status(golden, key, status->keyframes, values);
	else if (strcmp(key, "torn") == 0)
		check_status(golden, key, status->torn_bytes, values);
	else if (strcmp(key, "id") == 0)
		cr_assert(strcmp(status->id, values) == 0);
	else if (strcmp(key, "entry") == 0)
		check_entry(golden, values);
	else if (strcmp(key, "rows") == 0 || strcmp(key, "past") == 0)
		check_rows(golden, values, *key == 'p');
	else if (strcmp(key, "bytes") == 0)
		check_bytes(golden, values);
	else if (strcmp(key, "lost") == 0)
		check_lost(golden, values);
	else
		cr_assert(false, "%s: what is \"%s\"?", golden->name, key);
	golden->lines++;
}

/* The released files, or those of make_golden that BK_GOLDEN in the environment names. */
static const char *folder(void)
{
	const char *made = getenv("BK_GOLDEN");

	return made ? made : BK_GOLDEN_FILES;
}

static void check_file(const char *name)
{
	struct golden golden = {.log = NULL};
	char text[500], line[200];
	FILE *lines;

	test_io_init(&golden.io);
	snprintf(golden.name, sizeof golden.name, "%s", name);
	snprintf(golden.path, sizeof golden.path, "%s/%s.bkp", folder(), name);
	snprintf(text, sizeof text, "%s/%s.txt", folder(), name);
	lines = fopen(text, "r");
	cr_assert(lines, "no text beside %s", golden.path);
	while (fgets(line, sizeof line, lines)) {
		char *values = line + strcspn(line, " ");

		line[strcspn(line, "\n")] = '\0';
		if (*line == '#')
			continue;
		if (*values)
			*values++ = '\0';
		check_line(&golden, line, values);
	}
	fclose(lines);
	cr_assert(golden.lines >= 2);
	check_list_ends(&golden);
	bk_log_close(golden.log);
}

Test(golden, files)
{
	DIR *dir = opendir(folder());
	struct dirent *entry;
	unsigned files = 0;

	cr_assert(dir);
	while ((entry = readdir(dir))) {
		char name[64];
		size_t size = strlen(entry->d_name);

		if (size < 4 || size >= sizeof name ||
			strcmp(entry->d_name + size - 4, ".bkp") != 0)
			continue;
		snprintf(name, sizeof name, "%.*s", (int)size - 4, entry->d_name);
		check_file(name);
		files++;
	}
	closedir(dir);
	cr_assert(files >= 22, "%u files", files);
}
