/* build.h - building a log's successor, as a process of its own: our own program, which builder.h
 * starts. What that costs in memory and time, and whatever it dies of, is not the plugin's.
 *
 * It says on its standard output, a line each:
 *
 *     progress DONE TOTAL
 *     needless                         the log does not exceed the policy by enough
 *     built BYTES VERSIONS BYTES VERSIONS   before, after
 *     failed CODE MESSAGE
 *
 * of which one of the last three ends it. It ends at once when its standard input does. */
#ifndef BUILD_H
#define BUILD_H

#include <bk/compact.h>
#include <bk/io.h>
#include <stdbool.h>

/* The argument that makes our program this, and how many follow: PATH, the four ages of the policy
 * in microseconds and its bytes, 1 to build only if build_is_due, else 0. */
#define BUILD_ARGUMENT "--build-successor"
#define BUILD_WORDS    7

/* Reads the log through IO. Returns the exit status. */
int build_run(const struct bk_io *io, int count, char **words);

/* Whether a log for which a compaction is PLANNED exceeds POLICY by so much that it is worth one:
 * a quarter of it would go, or there is soon no room for a successor within its size. Here for its
 * test. */
bool build_is_due(const struct bk_policy *policy, const struct bk_compact_result *planned);

#endif
