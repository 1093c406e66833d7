/* mirrors.h - mirrors as a writer sees them: asked before it writes, given what it writes, waited
 * for (bk/mirrors.h).
 *
 * What a mirror is given: without a quorum what the log's own file has on stable storage; with one
 * the change in flight, too. So after a power cut a mirror may have more than the log: who opens it
 * takes that over. What was given is never cut off again (bk_writer_cut_back). */
#ifndef BK_MIRRORS_IMPL_H
#define BK_MIRRORS_IMPL_H

#include "logfile.h"
#include "place.h"
#include <bk/mirrors.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct mirror {
	struct bk_mirrors *all;
	char *url;
	char held[33]; /* the log that it held once; "": not known */
	pthread_t thread;
	bool is_started;

	/* Its thread's own. */
	struct place *place; /* NULL: away */
	struct file primary; /* the log, opened once more */
	struct log_header log;
	uint8_t header[LOG_HEADER_SIZE];
	uint64_t turn; /* all->turn, when it took these over */
	uint8_t *piece;
	uint64_t sent;             /* where the place stands */
	uint64_t unsynced;         /* bytes since it last synced */
	uint8_t ours[LOG_ID_SIZE]; /* what the place holds of this log before */
	uint64_t ours_end;         /* ... this offset is what the writer here put there, or has */
	struct timespec tend_at;   /* when the place is to be tended to; zeros: not yet known */
	struct timespec gather_until; /* so long what is to be sent waits for more: from when it came,
				       * or from when what is before it was begun to be sent */
	bool is_coming;            /* the log is a successor, which has not the place's name yet */
	struct file ahead;         /* the successor that it gets ahead */
	uint64_t ahead_number;     /* all->ahead.number, when that was begun; 0: none */
	uint64_t ahead_sent;       /* where the place stands with it */

	/* Under all->mutex. */
	struct mirror *next; /* of those that are gone */
	bool is_dropped;     /* it is none any more: its thread ends */
	bool is_running;
	bool is_asked; /* it has answered, or failed to, since the log was opened */
	struct place_head head;
	enum bk_mirror_state state;
	uint64_t durable; /* bytes of the log that it has on stable storage */
	struct bk_error why;
	uint64_t ahead_durable;    /* bytes of the successor that it has on stable storage */
	unsigned ahead_failures;   /* that may pass, since some of it arrived */
	struct bk_error ahead_why; /* it cannot take that one */
};

/* A successor that the mirrors get before it takes the log's place. */
struct ahead {
	char *path;              /* owned; NULL: there is none */
	uint64_t number, target; /* one more for each; what of it is durable */
	uint8_t header[LOG_HEADER_SIZE];
	struct log_header log;
};

struct bk_mirrors {
	const struct bk_io *io;
	atomic_uint quorum;
	bk_mirrors_fn *notify;
	void *ctx;
	pthread_mutex_t notify_mutex; /* over calls of it; taken last */

	pthread_mutex_t mutex;   /* over what follows; never held while a place is asked */
	pthread_cond_t work;     /* there is more to send, or an end */
	pthread_cond_t progress; /* a mirror has more, or became another state */
	uint32_t outage_ms;
	struct mirror *list[BK_MIRRORS_MAX];
	unsigned count;
	struct mirror *gone; /* were in it; their threads may run still */
	bool is_stopping, is_attached;
	bool is_missed; /* the quorum was, and is not met again */
	uint64_t turn;  /* one more each time that a successor took the log's place */
	char *path;     /* of the log, owned; NULL: there was no memory for it */
	uint8_t header[LOG_HEADER_SIZE];
	struct log_header log;
	uint64_t target, target_sum; /* what may be given: up to a frame of that sum */
	uint64_t whole, whole_sum;   /* as far the log was durable when it became the log here: so
				      * far a place's coming log goes when it takes the name */
	struct ahead ahead;
};

enum mirrors_took {
	MIRRORS_TOOK_NOTHING,
	MIRRORS_TOOK_LOST,   /* what a power cut took from the log */
	MIRRORS_TOOK_OTHERS, /* a change of a session that the log does not know */
};

/* Asks each mirror of the log LF, whose last frame ends at END and has SUM, where it stands, and
 * waits for the answers, for some seconds. Appends to LF what a mirror has behind that, if it
 * chains, and makes it durable, or leaves nothing of it; *TOOK says what it was: then the log is
 * to be looked at anew. A session's beginning is on stable storage here before a change of it is
 * given to a quorum: so one that the log does not know was not begun on what is here. Fails with
 * BK_E_UNSAFE if a mirror that the quorum needs went on with another history. */
BK_MUST_CHECK enum bk_code bk_mirrors_ask(struct bk_mirrors *mirrors, const struct logfile *lf,
	uint64_t end, uint64_t sum, enum mirrors_took *took, struct bk_error *err);

/* From now on the mirrors are brought level with the log, which is durable up to END, a frame of
 * SUM. */
void bk_mirrors_attach(struct bk_mirrors *mirrors, uint64_t end, uint64_t sum);

/* A successor took the log's place: from now on the mirrors get that one, from its beginning, whose
 * header is HEADER and which stands at PATH, durable up to END, a frame of SUM. */
void bk_mirrors_move(struct bk_mirrors *mirrors, const struct log_header *log,
	const uint8_t *header, const char *path, uint64_t end, uint64_t sum);

/* Whether a compaction that waits goes on. */
struct mirrors_wanted {
	bool (*is_wanted)(void *ctx); /* asked now and then; may be NULL */
	void *ctx;
};

/* The mirrors get the successor LOG at PATH, whose header is HEADER, as their coming log, beside
 * the changes; returns when those that the quorum needs have it up to END, where it is durable, on
 * stable storage. Fails with BK_E_IO where they have not and nothing arrives for as long as a
 * change waits at most, or a minute, as a mirror did that cannot take it, BK_E_CANCELLED,
 * BK_E_NOMEM. For any one thread. */
BK_MUST_CHECK enum bk_code bk_mirrors_send_ahead(struct bk_mirrors *mirrors,
	const struct log_header *log, const uint8_t *header, const char *path, uint64_t end,
	const struct mirrors_wanted *wanted, struct bk_error *err);

/* Whether the quorum could go on at once with the successor ID: it is level, and has that up to
 * END. Without a quorum it can. */
bool bk_mirrors_have_ahead(struct bk_mirrors *mirrors, const uint8_t *id, uint64_t end);

/* It is sent no further. */
void bk_mirrors_end_ahead(struct bk_mirrors *mirrors);

/* Whether mirrors are given what is in flight: with a quorum. */
bool bk_mirrors_takes_flight(const struct bk_mirrors *mirrors);

unsigned bk_mirrors_quorum(const struct bk_mirrors *mirrors);

/* The log may be given up to END, a frame of SUM: it is durable, or in flight, where mirrors take
 * that. */
void bk_mirrors_give(struct bk_mirrors *mirrors, uint64_t end, uint64_t sum);

enum mirrors_wait {
	MIRRORS_HAVE,   /* the quorum has it */
	MIRRORS_MISSED, /* it was waited for in vain: from this change on */
	MIRRORS_MISS,   /* it is still missed */
	MIRRORS_MET,    /* the quorum is met again, and has it */
};

/* Waits until the quorum has what stands before END, which VERSION led to. FROM: where its first
 * frame begins. Fails with BK_E_UNSAFE where so many mirrors refuse that no quorum is left. */
BK_MUST_CHECK enum bk_code bk_mirrors_wait(struct bk_mirrors *mirrors, uint64_t from, uint64_t end,
	uint32_t version, enum mirrors_wait *out, struct bk_error *err);

/* The log is closed: waits some seconds for mirrors that are nearly level, and ends all threads. */
void bk_mirrors_detach(struct bk_mirrors *mirrors);

/* Whether OPTIONS make sense. */
BK_MUST_CHECK enum bk_code bk_mirrors_check(
	const struct bk_mirrors_options *options, struct bk_error *err);

/* Puts the mirror of URL into the list, which has room for it. */
BK_MUST_CHECK enum bk_code bk_mirrors_add(
	struct bk_mirrors *mirrors, const char *url, const char *held, struct bk_error *err);

/* Starts a mirror's thread, which begins with asking (mirror_run.c). With the mutex held. */
BK_MUST_CHECK enum bk_code bk_mirror_start(struct mirror *mirror, struct bk_error *err);

/* Opens the log at PATH for reading. Fails with BK_E_BUSY if its header is not HEADER. */
BK_MUST_CHECK enum bk_code bk_mirror_open_log(struct file *out, const struct bk_io *io,
	const char *path, const uint8_t *header, struct bk_error *err);

/* For MIRROR's thread (mirror_ahead.c): whether there is more of a successor to send, with the
 * mutex held; sends a piece of it, and fails only where the line to the place is to be opened anew;
 * forgets how far that is. */
bool bk_mirror_has_ahead(const struct mirror *mirror);
BK_MUST_CHECK enum bk_code bk_mirror_send_ahead(struct mirror *mirror, struct bk_error *err);
void bk_mirror_drop_ahead(struct mirror *mirror);

/* Whether the log that MIRROR follows is the log still; whether its thread is to end. With the
 * mutex held. */
bool bk_mirror_is_current(const struct mirror *mirror);
bool bk_mirror_is_ending(const struct mirror *mirror);

/* Whether what went wrong may be gone at the next try, with nobody doing anything. */
bool bk_mirror_may_pass(enum bk_code code);

/* MIRROR's place has answered with HEAD: decides where to go on, and begins the log there if it has
 * to be. Fails with BK_E_UNSAFE where the place holds something else, or nothing any more. */
BK_MUST_CHECK enum bk_code bk_mirror_resume(
	struct mirror *mirror, const struct place_head *head, struct bk_error *err);

/* Whether this log may take the name of what MIRROR's place holds: that is one which this log goes
 * on with. Fails with BK_E_UNSAFE where it is not, or as opening both logs does (mirror_descent.c).
 */
BK_MUST_CHECK enum bk_code bk_mirror_check_descent(
	struct mirror *mirror, const struct place_head *head, struct bk_error *err);

/* What the place holds of MIRROR's log before END is that log. */
void bk_mirror_note_ours(struct mirror *mirror, uint64_t end);

/* MIRROR's URL as a word of a shell, for the commands that messages give; WORD holds it. */
#define MIRROR_WORD 512
const char *bk_mirror_word(const struct mirror *mirror, char word[MIRROR_WORD]);

/* Tells NEWS in words, without the mutex held. */
void bk_mirrors_tell(struct bk_mirrors *mirrors, enum bk_mirrors_news news, const char *fmt, ...)
	BK_PRINTF(3, 4);

/* MS from now, by CLOCK_MONOTONIC, as the conditions take it. */
struct timespec bk_mirrors_until(uint32_t ms);

#endif
