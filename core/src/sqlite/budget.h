/* budget.h - what SQL over a log's content may cost.
 *
 * A log may be a stranger's, and its SQL written to keep a reader busy: statements, views, CHECKs,
 * generated columns. Each limit is set so that no node meets it: those of time, memory and spilled
 * bytes grow with GIVEN, the bytes of the log, which is what a stranger must make us take.
 *
 * Calling sequence: bk_budget_init, any number of bk_budget_begin and bk_budget_end around work on
 * a connection that bk_budget_watch watches; all of that draws on the one budget.
 * bk_budget_renew makes it whole again.
 *
 * Threads: one. */
#ifndef BK_BUDGET_H
#define BK_BUDGET_H

#include <bk/error.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Processor time of the thread: a slow disk costs none. A migration of a database of 1 GB takes
 * seconds, on a small board a minute, and its log has hundreds of MiB. All changes of a recorded
 * log together take 0.2 s a MiB. */
#define BUDGET_TIME_MS       1500
#define BUDGET_TIME_MS_A_MIB 1500
/* Of all that a verification rebuilds, a MiB times a MiB: each keyframe's whole database is read,
 * and a log has more keyframes as it grows, and larger databases. */
#define BUDGET_TOLL_MS_A_MIB 1000
/* Temporary files, replayed pages that no longer fit in memory included. */
#define BUDGET_SPILL        ((uint64_t)128 << 20)
#define BUDGET_SPILL_A_BYTE 64
/* One value. lightningd itself fails at 5 MB. A change's own literals always fit. */
#define BUDGET_LENGTH        (4 << 20)
#define BUDGET_LENGTH_A_BYTE 2
#define BUDGET_LENGTH_MAX    (512 << 20)
/* Steps of SQLite's virtual machine, for one change: a migration of a table with ten million rows
 * takes about 10^9. */
#define BUDGET_STEPS ((uint64_t)1 << 33)

/* What several budgets draw on together, from any number of threads: the attempts of one request,
 * the keyframes of one verification. */
struct bk_toll {
	atomic_uint_fast64_t used_us;
	uint64_t time_ms; /* that all may take; 0: as much as one of them */
};

/* Zeros mean the defaults above. */
struct budget_limits {
	uint64_t given; /* bytes of the log */
	uint64_t time_ms;
	uint64_t spill; /* bytes */
	uint64_t steps;
	int length;                      /* bytes of one value */
	bool (*is_cancelled)(void *ctx); /* asked now and then; may be NULL */
	void *ctx;
	struct bk_toll
		*toll; /* that is drawn on, too, and must be there at each draw; may be NULL */
};

enum budget_end {
	BUDGET_LEFT, /* it has not run out */
	BUDGET_NO_TIME,
	BUDGET_NO_TOLL, /* what others took before is to blame */
	BUDGET_NO_STEPS,
	BUDGET_NO_SPILL,
	BUDGET_CANCELLED,
};

struct budget {
	struct budget_limits limits; /* none of them zero */
	uint64_t steps, spilled;
	uint64_t work;      /* see bk_budget_work */
	int64_t used_us;    /* before the work under way */
	int64_t started_us; /* of the thread's processor time */
	int64_t looked_ms;  /* at that, on a clock that costs less */
	enum budget_end end;
};

void bk_budget_init(struct budget *budget, const struct budget_limits *limits); /* NULL: defaults */

/* The toll of a verification of a log of GIVEN bytes. */
void bk_toll_init_whole(struct bk_toll *toll, uint64_t given);

/* Whether all of it was drawn. */
bool bk_toll_is_spent(struct bk_toll *toll);

/* Between the two, all that the thread does is drawn, beside what budgets draw of it. */
struct toll_mark {
	int64_t began_us;
	uint64_t used_us;
};
void bk_toll_begin(struct bk_toll *toll, struct toll_mark *mark);
void bk_toll_end(struct bk_toll *toll, const struct toll_mark *mark);

/* Makes it whole again. */
void bk_budget_renew(struct budget *budget);

/* From now on, up to bk_budget_end, what the thread does is counted. */
void bk_budget_begin(struct budget *budget);
void bk_budget_end(struct budget *budget);

/* Has DB stop where BUDGET ends. BUDGET must outlive it, or the watch end with NULL. */
void bk_budget_watch(struct budget *budget, sqlite3 *db);

/* Looks at the time at once; false if the budget has run out. */
bool bk_budget_is_left(struct budget *budget);

/* Counts BYTES put into a temporary file; false if that is too much. */
bool bk_budget_spill(struct budget *budget, uint64_t bytes);

/* Counts work of UNITS, about a nanosecond each, that SQLite does in one step; false if that is too
 * much. */
bool bk_budget_work(struct budget *budget, uint64_t units);

/* The code of that it ended: BK_E_SQL, or BK_E_CANCELLED. */
enum bk_code bk_budget_code(const struct budget *budget);

/* Why it ended, in words with the limit: "it takes too long: more than 6 s". NULL if it has not. */
const char *bk_budget_why(const struct budget *budget, char *buffer, size_t size);

#endif
