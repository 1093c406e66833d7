/* builder.h - having a log's successor built by a process of our own program (build.h), which is
 * ended with us, and can be at any moment. */
#ifndef BUILDER_H
#define BUILDER_H

#include <bk/compact.h>
#include <bk/io.h>
#include <stdbool.h>

struct builder_task {
	const char *path; /* of the log */
	struct bk_policy policy;
	bool if_due;                   /* only if that is worth its while (build_is_due) */
	bool (*is_wanted)(void *ctx);  /* asked again and again */
	bk_progress_fn *progress;
	void *ctx;
};

/* What was built; with IS_NEEDLESS nothing was. */
struct builder_result {
	bool is_needless;
	uint64_t bytes_before, bytes_after, versions_before, versions_after;
};

/* Returns when it is there. Fails as bk_compact does, with BK_E_CANCELLED where it was wanted no
 * more, and BK_E_IO where the process could not be started, or died. */
BK_MUST_CHECK enum bk_code builder_run(const struct bk_io *io, const struct builder_task *task,
	struct builder_result *result, struct bk_error *err);

#endif
