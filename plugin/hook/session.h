/* session.h - a log that is open for this node, and what is used with it.
 *
 * Calling sequence: session_open at the first db_write; the files first.h, later.h and doubt.h say
 * what is done with it; session_close. */
#ifndef SESSION_H
#define SESSION_H

#include "compaction.h"
#include "compare.h"
#include "continuity.h"
#include "decide.h"
#include "heal.h"
#include "lockfile.h"
#include "names.h"
#include "places.h"
#include "refusal.h"
#include "server.h"
#include "space.h"
#include "watch.h"
#include <bk/follower.h>
#include <bk/live.h>
#include <bk/writer.h>

/* Whether log and node may differ, and when that is looked into again (doubt.h). */
struct doubt {
	bool is_open;  /* in the log, and not settled yet */
	bool is_heard; /* this process has said so */
	unsigned wait; /* calls until it is tried again */
	unsigned next_wait;
};

/* What wrote to the log whose place another one took, until it is let go. */
struct before {
	struct bk_writer *writer;
	struct bk_follower *follower;
	struct space *space;
};

struct session {
	const struct bk_io *io;
	struct watch *watch; /* borrowed */
	int wake;            /* what is written to wakes the thread that changes come from (eventfd) */
	struct lockfile lockfile;
	struct names names;
	char *path;            /* of the log */
	struct bk_live *live;  /* the node's database */
	struct places *places; /* the log's mirrors; NULL: none */
	struct server *server; /* that each change goes to as well; NULL: none */
	struct bk_writer *writer;
	struct bk_follower *follower;
	struct space *space;
	struct compaction *compaction;
	struct before before;
	struct compare *compare; /* of a database that is too large for the hook; NULL: none */
	struct heal heal;
	struct continuity continuity;
	struct doubt doubt;
	bool is_settled; /* log and node were brought in step */

	/* The node's database at the first call; with LOOK_ERROR.code BK_OK. */
	struct bk_look look;
	struct bk_error look_error;
};

/* Opens the log that backup.lock names, for a node that CALL comes from, unless it is another
 * node's; fills in what of CALL the log and the node's database say. Whatever it returns,
 * session_close is to be called. */
enum bk_code session_open(struct session *session, const struct bk_io *io, const struct bk_net *net,
	struct watch *watch, struct call *call, struct refusal *why);

/* Starts what runs beside the changes, on the log that is written now. */
BK_MUST_CHECK enum bk_code session_follow(struct session *session, struct bk_error *err);

/* The follower is to see the database as the changes that were acknowledged lead to it. */
void session_expect(struct session *session);

/* All that is in the node's database, which is at version BASE, is known now, or noted as a doubt:
 * what is written to it from here on is noticed, if the database can be seen. */
void session_in_step(struct session *session, uint32_t base);

/* Closes the log; if IN_ORDER, says so in it. If the node's database shows the head committed, the
 * log notes that, whatever ends the session. */
void session_close(struct session *session, bool in_order);

#endif
