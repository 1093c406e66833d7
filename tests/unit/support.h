/* support.h - what the unit tests share: a directory of their own, calls that must succeed or fail,
 * and an I/O seam with a clock, counts and faults.
 *
 * Each test runs in a process of its own; SUITE gives it a directory that is removed behind it. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <bk/buf.h>
#include <bk/io.h>
#include <bk/keyring.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* Begins a file of tests. */
#define SUITE(name) TestSuite(name, .fini = scratch_remove)

/* The path of NAME in this test's own directory; good until the test ends. */
const char *scratch(const char *name);
void scratch_remove(void);

/* The error that calls under test fill: ok(bk_log_open(&log, io, path, why())). One a thread. */
struct bk_error *why(void);

/* Whether CALL returns what it should; a failure must have left its code and a message. */
#define ok(call) cr_assert(code_is((call), BK_OK), "%s: %s", #call, why()->msg)
#define fails(want, call)                                                                          \
	cr_assert(code_is((call), (want)), "%s is not %s: %s", #call, #want, why()->msg)
bool code_is(enum bk_code code, enum bk_code want);

/* The message of the last failure holds TEXT. */
#define says(text) cr_assert(strstr(why()->msg, (text)), "no \"%s\" in: %s", (text), why()->msg)

/* The bytes of a file, which the caller frees, and a file of bytes. */
uint8_t *file_bytes(const char *path, size_t *size);
void put_file(const char *path, const void *bytes, size_t size);
void copy_file(const char *from, const char *to);
void poke_file(const char *path, uint64_t offset, const void *bytes, size_t size);
bool has_file(const char *path);

/* Pseudo-random numbers, the same in each run of a seed. */
uint64_t random_next(uint64_t *state);
uint64_t test_seed(void); /* BK_SEED, or one that is fixed; printed */

enum test_op {
	OP_NONE,
	OP_OPEN,
	OP_OPEN_TEMP,
	OP_READ,
	OP_WRITE,
	OP_SYNC,
	OP_TRUNCATE,
	OP_STAT,
	OP_LOCK,
	OP_RENAME,
	OP_RENAME_NEW,
	OP_UNLINK,
	OP_SYNC_DIR,
	OP_FREE_SPACE,
	OP_RANDOM,
	OP_COUNT,
};

/* The real system, but for what can be set here. Syncs are counted and not done: no test cuts the
 * power. */
struct test_io {
	struct bk_io io; /* give &test->io */
	struct bk_io_ops ops;
	_Atomic int64_t now_us; /* the clock; moves on by STEP_US each time it is read */
	int64_t step_us;
	uint8_t random;  /* what each random byte is */
	size_t part_max; /* a read or write takes so many bytes at once at most; 0: all */
	int interrupted; /* so many reads, writes, syncs, opens give -EINTR first */
	_Atomic uint64_t free_bytes; /* what free_space gives; 0: what there is */
	_Atomic unsigned calls[OP_COUNT];
	/* The FAIL_AT-th call of FAIL_OP from now on (and FAIL_MORE after it) gives FAIL_WITH. */
	enum test_op fail_op;
	unsigned fail_at, fail_more;
	int fail_with;
};

#define TEST_NOW_US INT64_C(1795330800000000) /* 2026-11-22 07:00 UTC */

/* Where BK_TEST_SEALED is set in the environment, the logs that node.h makes are sealed: what opens
 * them, which each struct test_io has. Else NULL. */
struct bk_keyring *test_keys(void);

void test_io_init(struct test_io *test);
void test_io_fail(struct test_io *test, enum test_op op, unsigned nth, int result);

#endif
