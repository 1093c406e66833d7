/* out.h - what goes to lightningd: answers and log lines, whole messages from any thread.
 *
 * Texts may hold any bytes: what is no UTF-8 is sent as '?', and log lines, which people read on
 * terminals, show it and their control characters (bk/text.h). Without memory a log line is lost;
 * an answer (but one of out_offer, out_error) that cannot be made ends the process with a failure,
 * for lightningd waits for it: it then stops before it commits. */
#ifndef OUT_H
#define OUT_H

#include <bk/buf.h>
#include <bk/error.h>
#include <cJSON.h>

/* The levels that lightningd knows. */
#define LEVEL_DEBUG   "debug"
#define LEVEL_INFO    "info"
#define LEVEL_UNUSUAL "unusual"
#define LEVEL_BROKEN  "broken"

/* A line in lightningd's log. */
void out_log(const char *level, const char *fmt, ...) BK_PRINTF(2, 3);

/* Answers the request ID (any JSON value; NULL for none) with RESULT, which it takes over; a
 * RESULT of NULL could not be made. */
void out_result(const cJSON *id, cJSON *result);

/* Answers a db_write so that lightningd commits. */
void out_continue(const cJSON *id);

/* The same, where ID is a JSON text of printable ASCII, of 512 characters at most. */
void out_continue_text(const struct bk_slice *id);

/* Answers a db_write so that lightningd stops before it commits, and prints REASON. */
void out_refuse(const cJSON *id, const char *reason);

/* The same for an answer that nothing hangs on: without memory it is lost. */
void out_offer(const cJSON *id, cJSON *result);

/* Likewise answers the request ID with an error of CODE, as JSON-RPC has them, and TEXT. */
#define OUT_ERROR_METHOD (-32601) /* no such method */
#define OUT_ERROR_FAILED (-1)
void out_error(const cJSON *id, int code, const char *text);

/* Answers a request that is not known. */
void out_unknown(const cJSON *id, const char *method);

/* Shows lightningd our end, at once; what is sent after that goes nowhere. */
void out_close(void);

#endif
