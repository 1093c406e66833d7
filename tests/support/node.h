/* node.h - a simulated lightningd: plays db_write calls to a plugin over its stdin and stdout, and
 * keeps a database in step with it, as docs/lightningd.md describes the real one.
 *
 * Calling sequence: node_open; node_start, node_init, any node_call, node_stop, as often as the
 * node is to be started; node_close. node_begin and node_end are the two halves of node_call, for
 * what is to happen while the plugin is at work.
 *
 * A node in this process cannot be killed by itself: that is what the program simnode is for. */
#ifndef NODE_H
#define NODE_H

#include "peer.h"
#include "trace.h"

struct node;

/* Zeros mean the defaults. */
struct node_options {
	const char *plugin; /* the program, an absolute path */
	const char *dir;    /* the node's directory, in which the plugin runs */
	bool no_database;   /* keep none */
	int cache_pages;    /* of its database; see nodedb.h */
	enum peer_split split;
	uint64_t seed;       /* for SPLIT_RANDOM */
	unsigned timeout_ms; /* for each answer; 60000 */
	int stderr_fd;       /* for the plugin's stderr; ours by default */
	/* Called with each log line of the plugin; LEVEL is lightningd's name for it. */
	void (*on_log)(void *ctx, const char *level, const char *message);
	void *ctx;
};

/* How a plugin answered a db_write, and what the node did with it. */
enum node_answer {
	NODE_COMMITTED, /* "continue" */
	NODE_REFUSED,   /* anything else: the transaction was rolled back; node_reason says more */
	NODE_GONE,      /* it ended without an answer: likewise */
};

/* Opens the node's database, if it keeps one. Fails with BK_E_SQL, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code node_open(
	struct node **out, const struct node_options *options, struct bk_error *err);

/* Ends the plugin if it runs, and rolls back what is not committed. Takes NULL. */
void node_close(struct node *node);

/* Starts the plugin and asks for its manifest, which must have the hook. Fails with BK_E_IO,
 * BK_E_INVALID for an answer that lightningd would not take, BK_E_BUSY if there is none in time. */
BK_MUST_CHECK enum bk_code node_start(struct node *node, struct bk_error *err);

/* Sends init. STARTUP is false where the plugin was started with `lightning-cli plugin start`: then
 * it fails with BK_E_INVALID if the manifest says that it is not dynamic. Else as node_start does.
 */
BK_MUST_CHECK enum bk_code node_init(struct node *node, bool startup, struct bk_error *err);

/* Runs CALL's statements in a transaction and sends it. With JOINED_INIT an init goes into the same
 * write, behind it. Fails with BK_E_SQL, BK_E_IO, BK_E_BUSY. */
BK_MUST_CHECK enum bk_code node_begin(
	struct node *node, const struct trace_call *call, bool joined_init, struct bk_error *err);

/* Waits for the answer, and commits or rolls back. Fails with BK_E_BUSY, BK_E_SQL, BK_E_IO,
 * BK_E_INVALID for an answer that is no answer to it. */
BK_MUST_CHECK enum bk_code node_end(
	struct node *node, enum node_answer *answer, struct bk_error *err);

/* Both. */
BK_MUST_CHECK enum bk_code node_call(struct node *node, const struct trace_call *call,
	enum node_answer *answer, struct bk_error *err);

/* Applies and commits CALL while no plugin is asked. */
BK_MUST_CHECK enum bk_code node_call_unwatched(
	struct node *node, const struct trace_call *call, struct bk_error *err);

/* Tells the plugin to shut down and waits for its end; *STATUS is its exit code, 128 and a signal
 * if it was killed. Does nothing, and gives 0, where none runs. Fails with BK_E_BUSY. */
BK_MUST_CHECK enum bk_code node_stop(struct node *node, int *status, struct bk_error *err);

/* Closes the plugin's stdin without a word, as the end of lightningd does, and waits likewise. */
BK_MUST_CHECK enum bk_code node_hang_up(struct node *node, int *status, struct bk_error *err);

/* Kills the plugin with SIGKILL and waits for its end; a call under way is rolled back. */
void node_kill_plugin(struct node *node);

/* Sends BYTES as they are, and waits until the plugin has read them. Fails as peer_send does. */
BK_MUST_CHECK enum bk_code node_send_raw(
	struct node *node, const void *bytes, size_t size, struct bk_error *err);

/* The plugin's next message other than a log line, as it stands; empty at its end. Valid until the
 * next one. */
BK_MUST_CHECK enum bk_code node_receive_raw(
	struct node *node, struct bk_slice *message, struct bk_error *err);

/* The version that the database is at; without one, that of the last call committed. */
uint32_t node_version(const struct node *node);

/* The whole of the last answer that was no "continue", as lightningd prints it. */
const char *node_reason(const struct node *node);

/* Whether the plugin logged a line of LEVEL (NULL: any) with TEXT in it, since node_open or
 * node_forget_logs. */
bool node_has_logged(const struct node *node, const char *level, const char *text);
void node_forget_logs(struct node *node);

/* Waits until that is so; a line that came before the wait counts. Fails as talk_wait_log does. */
BK_MUST_CHECK enum bk_code node_wait_log(
	struct node *node, const char *level, const char *text, struct bk_error *err);

/* All log lines, each "level: message\n". */
const char *node_logs(const struct node *node);

bool node_is_running(const struct node *node);
pid_t node_plugin_pid(const struct node *node);

/* What the plugin that ended last used. */
const struct rusage *node_usage(const struct node *node);

#endif
