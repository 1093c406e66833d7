/* node.h - a node: a database that is changed as lightningd changes it, and the log of its changes.
 *
 * Each change is committed to the database and appended to the log; what the database was at each
 * version is kept, so that any image can be compared with it. */
#ifndef NODE_H
#define NODE_H

#include "sql.h"
#include <bk/follower.h>
#include <bk/log.h>
#include <bk/snapshot.h>
#include <bk/writer.h>

struct past {
	uint32_t version;
	unsigned char *bytes; /* of the database; NULL: empty */
	sqlite3_int64 size;
};

struct node {
	struct test_io io;
	const char *path, *database; /* of the log, of the database */
	struct bk_writer_options options;
	struct bk_writer *writer;
	sqlite3 *db;
	uint32_t version;
	struct past *past;
	size_t past_count;
};

/* A new log at scratch("log") with a full keyframe of the empty database scratch("node"), INTERVAL
 * changes to a keyframe (0: the default), and a first change that makes the table vars: version 1.
 */
void node_begin(struct node *node, unsigned interval);

/* The same over a database that SQL has made, at VERSION, which the full keyframe holds. */
void node_begin_with(struct node *node, unsigned interval, uint32_t version, const char *sql);
void node_end(struct node *node);

/* Closes the log and opens it again, as a node that is started again does. */
void node_restart(struct node *node);

/* One db_write of these statements, and the UPDATE that every one ends with. */
#define node_change(node, ...) node_change_list(node, (const char *const[]){__VA_ARGS__, NULL})
void node_change_list(struct node *node, const char *const *statements);

/* COUNT changes that insert, update and delete rows of various sizes. */
void node_busy(struct node *node, unsigned count);

/* A lone pragma: it repeats the version. */
void node_lone(struct node *node, const char *pragma);

/* A change that reaches the log, and which lightningd then fails to commit. */
void node_lost(struct node *node, const char *statement);

/* The same database changed while nobody watches: the log learns nothing. */
void node_unwatched(struct node *node, const char *statement);

void node_snapshot(struct node *node, enum bk_snapshot_reason reason);

/* What the database was at VERSION; NULL if the node was never there. */
const struct past *node_past(const struct node *node, uint32_t version);

/* Fails unless the image of VERSION, read through LOG (NULL: the writer's) with OPTIONS, is what
 * the database was. */
void node_check(struct node *node, struct bk_log *log, uint32_t version,
	const struct bk_image_options *options);
void node_check_all(struct node *node, struct bk_log *log, const struct bk_image_options *options);

/* The log opened for reading; the caller closes it. */
struct bk_log *node_log(struct node *node);

/* The log, or a copy of it, at PATH. */
enum bk_code log_open(struct node *node, const char *path, struct bk_log **log);

struct bk_log_status log_status(struct bk_log *log);
enum bk_log_news log_refresh(struct bk_log *log);

#endif
