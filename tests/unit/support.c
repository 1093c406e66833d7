/* support.c - what the unit tests share. */
#include "support.h"
#include "codename.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#define SCRATCH_PATHS_MAX 256

static char scratch_dir[PATH_MAX / 2];
static char *scratch_paths[SCRATCH_PATHS_MAX];
static size_t scratch_count;

const char *scratch(const char *name)
{
	char path[PATH_MAX];
	const char *tmp = getenv("TMPDIR");

	if (!*scratch_dir) {
		snprintf(scratch_dir, sizeof scratch_dir, "%s/bk-unit-XXXXXX", tmp ? tmp : "/tmp");
		cr_assert(mkdtemp(scratch_dir), "cannot make %s", scratch_dir);
	}
	snprintf(path, sizeof path, "%s/%s", scratch_dir, name);
	for (size_t i = 0; i < scratch_count; i++)
		if (strcmp(scratch_paths[i], path) == 0)
			return scratch_paths[i];
	cr_assert(scratch_count < SCRATCH_PATHS_MAX);
	scratch_paths[scratch_count] = strdup(path);
	return scratch_paths[scratch_count++];
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void scratch_remove(void)
{
	if (*scratch_dir)
		nftw(scratch_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	while (scratch_count)
		free(scratch_paths[--scratch_count]);
	*scratch_dir = '\0';
}

struct bk_error *why(void)
{
	static _Thread_local struct bk_error error;

	return &error;
}

bool code_is(enum bk_code code, enum bk_code want)
{
	bool is_told = !code || (why()->code == code && *why()->msg);

	if (!is_told)
		snprintf(why()->msg, sizeof why()->msg,
			"returned %s without saying so in its error", code_name(code));
	else if (!code)
		snprintf(why()->msg, sizeof why()->msg, "it succeeds");
	why()->code = BK_OK;
	return is_told && code == want;
}

uint8_t *file_bytes(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	long end;

	cr_assert(file, "cannot open %s", path);
	end = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
	cr_assert(end >= 0);
	rewind(file);
	bytes = malloc((size_t)end + 1);
	cr_assert(bytes && fread(bytes, 1, (size_t)end, file) == (size_t)end);
	fclose(file);
	*size = (size_t)end;
	return bytes;
}

void put_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	cr_assert(file && fwrite(bytes, 1, size, file) == size, "cannot write %s", path);
	cr_assert(fclose(file) == 0);
}

void copy_file(const char *from, const char *to)
{
	size_t size;
	uint8_t *bytes = file_bytes(from, &size);

	put_file(to, bytes, size);
	free(bytes);
}

void poke_file(const char *path, uint64_t offset, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	cr_assert(fd >= 0 && pwrite(fd, bytes, size, (off_t)offset) == (ssize_t)size, "%s", path);
	close(fd);
}

bool has_file(const char *path)
{
	return access(path, F_OK) == 0;
}

uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t test_seed(void)
{
	const char *text = getenv("BK_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 20261122;

	fprintf(stderr, "seed: BK_SEED=%" PRIu64 "\n", seed);
	return seed;
}

/* Whether a call of OP fails, with the lock held. */
static bool takes_failure(struct test_io *test, enum test_op op)
{
	if (op != test->fail_op || !test->fail_at)
		return false;
	if (test->fail_at > 1) {
		test->fail_at--;
		return false;
	}
	if (test->fail_more)
		test->fail_more--;
	else
		test->fail_at = 0;
	return true;
}

/* Counts a call; true if it is to fail. */
static bool is_failed(struct test_io *test, enum test_op op)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	bool fails_now;

	test->calls[op]++;
	pthread_mutex_lock(&mutex);
	fails_now = takes_failure(test, op);
	pthread_mutex_unlock(&mutex);
	return fails_now;
}

static bool is_interrupted(struct test_io *test)
{
	if (!test->interrupted)
		return false;
	test->interrupted--;
	return true;
}

static const struct bk_io_ops *real(void)
{
	return bk_io_posix()->ops;
}

static int io_open(void *ctx, const char *path, enum bk_io_open how)
{
	struct test_io *test = ctx;

	if (is_interrupted(test))
		return -EINTR;
	return is_failed(test, OP_OPEN) ? test->fail_with : real()->open(NULL, path, how);
}

static int io_open_temp(void *ctx, const char *dir)
{
	struct test_io *test = ctx;

	return is_failed(test, OP_OPEN_TEMP) ? test->fail_with : real()->open_temp(NULL, dir);
}

static size_t part_of(const struct test_io *test, size_t size)
{
	return test->part_max && size > test->part_max ? test->part_max : size;
}

static int64_t io_pread(void *ctx, int fd, void *data, size_t size, uint64_t offset)
{
	struct test_io *test = ctx;

	if (is_interrupted(test))
		return -EINTR;
	if (is_failed(test, OP_READ))
		return test->fail_with;
	return real()->pread(NULL, fd, data, part_of(test, size), offset);
}

static int64_t io_pwrite(void *ctx, int fd, const void *data, size_t size, uint64_t offset)
{
	struct test_io *test = ctx;

	if (is_interrupted(test))
		return -EINTR;
	if (is_failed(test, OP_WRITE))
		return test->fail_with;
	return real()->pwrite(NULL, fd, data, part_of(test, size), offset);
}

static int io_datasync(void *ctx, int fd)
{
	struct test_io *test = ctx;

	(void)fd;
	if (is_interrupted(test))
		return -EINTR;
	return is_failed(test, OP_SYNC) ? test->fail_with : 0;
}

static int io_truncate(void *ctx, int fd, uint64_t size)
{
	struct test_io *test = ctx;

	return is_failed(test, OP_TRUNCATE) ? test->fail_with : real()->truncate(NULL, fd, size);
}

static int io_stat(void *ctx, int fd, struct bk_io_stat *out)
{
	struct test_io *test = ctx;

	return is_failed(test, OP_STAT) ? test->fail_with : real()->stat(NULL, fd, out);
}

static int io_lock(void *ctx, int fd)
{
	struct test_io *test = ctx;

	return is_failed(test, OP_LOCK) ? test->fail_with : real()->lock(NULL, fd);
}

static int io_rename(void *ctx, const char *from, const char *to)
{
	struct test_io *test = ctx;

	return is_failed(test, OP_RENAME) ? test->fail_with : real()->rename(NULL, from, to);
}

static int io_rename_new(void *ctx, const char *from, const char *to)
{
	struct test_io *test = ctx;

	return is_failed(test, OP_RENAME_NEW) ? test->fail_with
					      : real()->rename_new(NULL, from, to);
}

static int io_unlink(void *ctx, const char *path)
{
	struct test_io *test = ctx;

	return is_failed(test, OP_UNLINK) ? test->fail_with : real()->unlink(NULL, path);
}

static int io_sync_dir(void *ctx, const char *dir)
{
	struct test_io *test = ctx;

	(void)dir;
	return is_failed(test, OP_SYNC_DIR) ? test->fail_with : 0;
}

static int io_free_space(void *ctx, int fd, uint64_t *bytes)
{
	struct test_io *test = ctx;

	if (is_failed(test, OP_FREE_SPACE))
		return test->fail_with;
	*bytes = test->free_bytes;
	return *bytes ? 0 : real()->free_space(NULL, fd, bytes);
}

static int64_t io_now_us(void *ctx)
{
	struct test_io *test = ctx;

	return atomic_fetch_add(&test->now_us, test->step_us);
}

static int io_random(void *ctx, void *data, size_t size)
{
	struct test_io *test = ctx;

	if (is_failed(test, OP_RANDOM))
		return test->fail_with;
	memset(data, test->random, size);
	return 0;
}

struct bk_keyring *test_keys(void)
{
	static struct bk_keyring *keys;
	char digits[64];

	if (!getenv("BK_TEST_SEALED"))
		return NULL;
	if (keys)
		return keys;
	memset(digits, '7', sizeof digits);
	ok(bk_keyring_new(&keys, why()));
	ok(bk_keyring_add_secret(keys, digits, sizeof digits, why()));
	return keys;
}

void test_io_init(struct test_io *test)
{
	*test = (struct test_io){.ops = *real(), .step_us = 1000, .random = 0x5a};
	test->now_us = TEST_NOW_US;
	test->ops.open = io_open;
	test->ops.open_temp = io_open_temp;
	test->ops.pread = io_pread;
	test->ops.pwrite = io_pwrite;
	test->ops.datasync = io_datasync;
	test->ops.truncate = io_truncate;
	test->ops.stat = io_stat;
	test->ops.lock = io_lock;
	test->ops.rename = io_rename;
	test->ops.rename_new = io_rename_new;
	test->ops.unlink = io_unlink;
	test->ops.sync_dir = io_sync_dir;
	test->ops.free_space = io_free_space;
	test->ops.now_us = io_now_us;
	test->ops.random = io_random;
	test->io = (struct bk_io){.ops = &test->ops, .ctx = test, .keys = test_keys()};
}

void test_io_fail(struct test_io *test, enum test_op op, unsigned nth, int result)
{
	test->fail_op = op;
	test->fail_at = nth;
	test->fail_more = 0;
	test->fail_with = result;
}
