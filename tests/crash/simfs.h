/* simfs.h - a file system in memory behind struct bk_io, whose power can go at any call.
 *
 * What is written is seen at once and is on the disk only after datasync; a name that is made,
 * renamed or removed is on the disk only after sync_dir of its directory. simfs_after_power_loss
 * gives one of the many file systems that a real machine could come up with: of what was pending,
 * each sector of 512 bytes is old or new, sizes may have grown without their data, names are kept
 * or lost.
 *
 * Clock and random source are seeded. Each call can be made to fail (simfs_fail), and a hook sees
 * each call that changes something, before it does: the places where the power can go.
 *
 * Where BK_TEST_SEALED is set in the environment, simfs_create makes sealed logs, which are then
 * opened through simfs_io.
 *
 * Threads: any; the hook runs with the file system locked. */
#ifndef SIMFS_H
#define SIMFS_H

#include "rng.h"
#include <bk/error.h>
#include <bk/io.h>
#include <stddef.h>

#define SIM_SECTOR 512

struct simfs;

/* The calls that can fail, one for each of struct bk_io_ops that may. */
enum sim_call {
	SIM_OPEN,
	SIM_OPEN_TEMP,
	SIM_PREAD,
	SIM_PWRITE,
	SIM_DATASYNC,
	SIM_TRUNCATE,
	SIM_STAT,
	SIM_STAT_PATH,
	SIM_LOCK,
	SIM_RENAME,
	SIM_RENAME_NEW,
	SIM_UNLINK,
	SIM_SYNC_DIR,
	SIM_FREE_SPACE,
	SIM_RANDOM,
	SIM_CALLS
};

extern const char *const sim_call_names[SIM_CALLS];

/* How a call fails, once. */
enum sim_fault {
	SIM_FAULT_ERROR, /* it does nothing and returns -error */
	SIM_FAULT_SHORT, /* a write or read of half, then -error at the next call of its kind */
	SIM_FAULT_SYNC_DROPS, /* a datasync fails, and what was pending is taken for written: the
			       * next datasync succeeds without writing it, as on Linux, but for
			       * the first one through each other open handle */
	SIM_FAULTS
};

/* What the hook may do: look at FS through simfs_after_power_loss. */
typedef void sim_hook_fn(void *ctx, struct simfs *fs);

struct simfs *simfs_new(uint64_t seed);
void simfs_free(struct simfs *fs);

/* As bk_log_create, at VERSION's first. */
BK_MUST_CHECK enum bk_code simfs_create(struct simfs *fs, const char *path, const char *database,
	uint32_t *version, struct bk_error *err);
const struct bk_io *simfs_io(struct simfs *fs);

/* Calls HOOK before each call that changes something, and after each that made something durable.
 */
void simfs_set_hook(struct simfs *fs, sim_hook_fn *hook, void *ctx);

/* The NTH call from now on (from 1) of kind CALL fails. */
void simfs_fail(
	struct simfs *fs, enum sim_call call, uint64_t nth, enum sim_fault fault, int error);
bool simfs_has_failed(const struct simfs *fs);                    /* the fault was met */
uint64_t simfs_calls(const struct simfs *fs, enum sim_call call); /* how many so far */

/* Calls FIRST before each datasync of FD, unlocked, in the thread that syncs; with a result other
 * than 0 the datasync does nothing and returns that. */
typedef int sim_sync_fn(void *ctx, int fd);
void simfs_set_sync(struct simfs *fs, sim_sync_fn *first, void *ctx);

/* Between the two every call fails and nothing happens: a process was killed, and its handles can
 * be closed without a trace. */
void simfs_kill(struct simfs *fs);
void simfs_revive(struct simfs *fs);

/* Serialises what a test does with what the hook sees. */
void simfs_lock(struct simfs *fs);
void simfs_unlock(struct simfs *fs);

/* What the machine comes up with, one of many by RNG: everything in it is on its disk. The caller
 * frees it. FS stays as it is and must be locked, or quiet. */
struct simfs *simfs_after_power_loss(const struct simfs *fs, struct rng *rng);

/* The same files, handed over as they are seen, all on the disk. */
struct simfs *simfs_clone(const struct simfs *fs);

/* For tests that look at files or damage them; false if there is no such file. The bytes belong to
 * FS and stay until the file is written to. */
bool simfs_peek(struct simfs *fs, const char *path, uint8_t **data, size_t *size);
void simfs_put(struct simfs *fs, const char *path, const void *data, size_t size);
void simfs_append(struct simfs *fs, const char *path, const void *data, size_t size); /* pending */
void simfs_mkdir(struct simfs *fs, const char *path);
size_t simfs_open_files(const struct simfs *fs);

#endif
