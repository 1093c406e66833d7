/* mountkit.h - a mount of a test's own, with the real program, and what is done through it.
 *
 * Each test runs in a process of its own and has one directory, one log, one mount. SUITE takes all
 * of it down behind the test, failed or not.
 *
 * Calling sequence: mount_dir_make, a log made at log_path() (logkit.h), mount_start, anything,
 * mount_stop. */
#ifndef MOUNTKIT_H
#define MOUNTKIT_H

#include "child.h"
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* Begins a file of tests. */
#define SUITE(name) TestSuite(name, .fini = mount_clean)

/* The error that calls fill: ok(bk_log_open(&log, io, path, why())). One a thread. */
struct bk_error *why(void);
#define ok(call) cr_assert((call) == BK_OK, "%s: %s", #call, why()->msg)

/* Makes the directory, with folders for the log and for the mount; skips the test where nobody
 * could mount anything. dir_make is for tests that mount nothing. */
void mount_dir_make(void);
void dir_make(void);
void mount_clean(void);

/* Skip the test, and say so, where what it needs is not to be had: root's rights; other mounts than
 * ours, which a container or a root folder that is no mountpoint do not allow. */
void needs_root(void);
void needs_mounts(void);
void needs_own_mounts(void); /* that nobody else sees, in a child of unshare -m */

/* Paths are good for the next dozens of calls. */
const char *path_of(const char *fmt, ...) BK_PRINTF(1, 2); /* in the test's directory */
const char *log_path(void);
const char *mnt(const char *fmt, ...) BK_PRINTF(1, 2); /* in the mount; "" is its root */
const char *mnt_version(uint32_t version);             /* versions/…/N.sqlite3 */

/* The key file of a sealed log, in the test's directory: where it is, mount_start gives it. */
#define MOUNT_KEY "key"

/* Mounts the log in the foreground, with OPTIONS for -o or NULL, and waits until it stands. */
void mount_start(const char *options);

/* Has it end by SIGTERM, and checks that it ended well. */
void mount_stop(void);

/* Waits until it ends by itself, and checks that it ended well. */
void mount_wait(void);

/* The process; 0: none. */
pid_t mount_pid(void);

/* Whether PATH is a place where something is mounted. */
bool is_mounted(const char *path);

/* Waits until CONDITION holds, TIMEOUT_MS at most. */
#define wait_until(condition, timeout_ms)                                                          \
	for (uint64_t until_ = clock_ms() + (timeout_ms); !(condition) && wait_more(until_);)      \
	continue

/* Waits a moment; false once the time is UNTIL. */
bool wait_more(uint64_t until_ms);

/* Runs a shell command, which must exit with STATUS; what it printed is good until the next. */
const char *shell_status(int status, const char *fmt, ...) BK_PRINTF(2, 3);
#define shell(...) shell_status(0, __VA_ARGS__)

/* TEXT must be WANT. */
#define says(text, want)                                                                           \
	do {                                                                                       \
		const char *text_ = (text), *want_ = (want);                                       \
		cr_assert(strcmp(text_, want_) == 0, "\"%s\" and not \"%s\"", text_, want_);       \
	} while (0)

/* What the last command wrote to stderr. */
const char *shell_stderr(void);

/* The whole of a file, read with READ_SIZE at a time; the caller frees it. */
uint8_t *read_whole(const char *path, size_t read_size, size_t *size);

/* A member of status.json as text, by its path: "head.version"; good until the next call. */
const char *status_member(const char *path);

/* Whether RANGES, a member of status.json, has VERSION in one of them. */
bool status_names(const char *ranges, uint32_t version);

/* Damages the log: a bit of the byte at OFFSET is another one. Once more, it is what it was. */
void log_flip(uint64_t offset);

#endif
