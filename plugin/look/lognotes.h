/* lognotes.h - what was found out about a log when it was last verified and restored for a trial:
 * NAME.state beside the log, a small JSON file of mode 0600, which backup-cli writes and status
 * reads (man backup-cli, "Notes").
 *
 *     {"log": "ID",
 *      "verify": {"time_us": 1795330800000000, "damaged": false, "findings": 0},
 *      "parts": {"of": 30, "time_us": [1795330800000000, 0], "damaged": [false, false]},
 *      "drill": {"time_us": 1795330800000000, "good": true, "version": 298, "compared": true,
 *                "seconds": 1.2, "why": ""}}
 *
 * Notes of another log, as of the predecessor of one that was compacted, are none. */
#ifndef LOGNOTES_H
#define LOGNOTES_H

#include <bk/io.h>
#include <bk/log.h>
#include <stdbool.h>
#include <stdint.h>

#define LOGNOTES_SUFFIX    ".state"
#define LOGNOTES_PARTS_MAX 366

struct lognotes {
	char log[BK_LOG_ID_TEXT];
	int64_t verify_us; /* when all of it was verified; 0: never */
	bool verify_damaged;
	uint64_t findings;
	unsigned parts;                      /* it is verified in so many; 0: never was */
	int64_t part_us[LOGNOTES_PARTS_MAX]; /* when each was; 0: not yet */
	bool part_damaged[LOGNOTES_PARTS_MAX];
	int64_t drill_us;                /* 0: never */
	bool drill_good, drill_compared; /* COMPARED with the node's own database, too */
	uint32_t drill_version;
	double drill_seconds;
	char drill_why[BK_ERROR_MESSAGE_MAX]; /* it was not good */
};

/* Reads the notes beside the log at PATH; none (zeros, with LOG's id) where there are none, where
 * they are another log's, or make no sense. Fails with BK_E_IO, BK_E_LIMIT, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code lognotes_read(struct lognotes *out, const struct bk_io *io,
	const char *path, const char *log, struct bk_error *err);

/* The same from TEXT of SIZE bytes. */
void lognotes_parse(struct lognotes *out, const char *text, size_t size, const char *log);

/* Puts NOTES beside the log at PATH, whole and durable. Fails with BK_E_BUSY, BK_E_IO, BK_E_NOMEM.
 */
BK_MUST_CHECK enum bk_code lognotes_write(const struct bk_io *io, const char *path,
	const struct lognotes *notes, struct bk_error *err);

/* When the byte that was not verified for longest was, with the whole log or its part; 0: some of
 * it never was. */
int64_t lognotes_verified_us(const struct lognotes *notes);

/* Whether the newest look at all of it found damage, or a later one at a part. */
bool lognotes_is_damaged(const struct lognotes *notes);

#endif
