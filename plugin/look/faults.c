/* faults.c - what is not well with a backup: the log and the node. */
#include "faults.h"
#include "faults_add.h"
#include "faults_places.h"
#include <bk/moment.h>
#include <bk/path.h>
#include <bk/version.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BEHIND_WORD 700

#define INTERVAL 128 /* changes to a keyframe, where backup.lock does not say */
#define DAY_US   86400e6

/* The log could not be read: nothing else can be told of it. */
static void check_reading(struct faults *out, const struct look *look)
{
	const struct look_log *log = &look->log;

	if (log->answer == LOOK_SILENT)
		faults_add(out, "log-silent", "see whether its disk or mount answers",
			"the log %s does not answer", log->path);
	else if (log->answer == LOOK_FAILED && log->why.code == BK_E_MISSING)
		faults_add(out, "log-away", "mount its disk; restore asks the mirrors too",
			"the log %s is not there", log->path);
	else if (log->answer == LOOK_FAILED && log->why.code == BK_E_DAMAGE)
		faults_command(out, look, "log-damaged", "verify", "%s", log->why.msg);
	else if (log->answer == LOOK_FAILED)
		faults_add(
			out, "log-unreadable", "see to that file and its disk", "%s", log->why.msg);
}

static void check_damage(struct faults *out, const struct look *look)
{
	const struct bk_log_status *status = &look->log.status;

	if (status->header_damaged)
		faults_command(out, look, "log-damaged", "verify", "the log's header is damaged");
	else if (status->damaged_at)
		faults_command(out, look, "log-damaged", "verify",
			"the log is damaged at offset %" PRIu64 "%s", status->damaged_at,
			status->head_unsure ? ", and its newest change may be lost" : "");
	if (status->copied_at)
		faults_add(out, "log-copied",
			"name the log itself, or take a whole copy of it: backup-cli copy",
			"it is a copy that was taken while the log grew");
	if (*status->successor)
		faults_add(out, "log-succeeded", "name the log that took its place",
			"the log %s took its place, and is not beside it", status->successor);
	if (look->log.health.head == BK_HEAD_FAILS)
		faults_command(out, look, "head-lost", "verify --deep",
			"the newest version cannot be rebuilt: %.300s", look->log.health.why.msg);
}

/* Whether a log of another id can have come from the one that was seen, by compactions. */
static bool is_descendant(const struct bk_log_status *status, const struct lockseen *seen)
{
	return *status->predecessor && !status->is_empty &&
	       bk_version_distance(status->version, seen->version) >= 0;
}

/* Whether it is the log that backup.lock knows of. */
static bool check_seen(struct faults *out, const struct look *look)
{
	static const char way[] = "bring the right log back, from a mirror or a copy";
	const struct bk_log_status *status = &look->log.status;
	const struct lockseen *seen = &look->lock.seen;

	bool is_same = strcmp(status->id, seen->log) == 0;

	if (!*seen->log ||
		(is_same ? status->log_bytes >= seen->bytes : is_descendant(status, seen)))
		return true;
	if (is_same)
		faults_add(out, "log-rewound", way,
			"%s is not the log that it was: it has %" PRIu64 " bytes, and had %" PRIu64
			" once",
			look->log.path, status->log_bytes, seen->bytes);
	else
		faults_add(out, "log-rewound", way, "%s is another log than the plugin wrote to",
			look->log.path);
	return false;
}

/* The node's database was older than the log before it was read, and is so still. A head that is
 * not certain to be committed may be one that never was. */
static bool is_older(const struct look *look)
{
	const struct bk_log_status *status = &look->log.status;
	int32_t behind = bk_version_distance(status->version, look->node.after.version);

	return behind > 1 || (behind == 1 && status->is_committed);
}

static void node_is_older(struct faults *out, const struct look *look)
{
	char log[BEHIND_WORD], dir[BEHIND_WORD], mend[sizeof out->list[0].mend];

	bk_path_word(log, sizeof log, look->log.path, "LOG");
	bk_path_word(dir, sizeof dir, look->dir, "LIGHTNING_DIR");
	snprintf(mend, sizeof mend, "move it away, then: backup-cli restore %s %s", log, dir);
	faults_add(out, "node-behind", mend,
		"the node's database is older than its backup, at version %" PRIu32
		" and not at %" PRIu32 ": it lost some state, and must not run",
		look->node.after.version, look->log.status.version);
}

static void check_node(struct faults *out, const struct look *look)
{
	const struct bk_log_status *status = &look->log.status;
	const struct look_node *node = &look->node;
	bool runs = look->running.answer == BK_RUNNING_YES;

	if (node->answer != LOOK_ANSWERED) {
		bool is_new = status->is_empty && node->why.code == BK_E_MISSING;

		/* Of a node that was killed, its next start rolls a transaction back first. */
		if (runs || (node->why.code != BK_E_BUSY && !is_new))
			faults_add(out, "node-unknown",
				"see to it; where it is elsewhere, name it as \"database\" in "
				"backup.lock",
				"the node's own version is not known, and so not whether the log "
				"has the newest: %.300s",
				node->why.msg);
		return;
	}
	if (*status->node && *node->after.node && strcmp(status->node, node->after.node) != 0)
		faults_add(out, "other-node", "name this node's own log: backup-cli init",
			"the log is that of another node, %s", status->node);
	else if (status->is_empty && node->after.version)
		faults_add(out, "node-ahead", "start lightningd: its plugin takes a snapshot",
			"the log holds nothing yet, and the node is at version %" PRIu32,
			node->after.version);
	else if (!status->is_empty && bk_version_after(node->before.version, status->version))
		faults_add(out, "node-ahead",
			runs ? "start lightningd anew, with important-plugin=: its plugin closes "
			       "the gap"
			     : "start lightningd: its plugin closes the gap",
			"the node went on without its backup: it is at version %" PRIu32
			", and the log at %" PRIu32,
			node->before.version, status->version);
	else if (look->log.is_set_back)
		faults_add(out, "node-set-back", "start lightningd: its plugin takes a snapshot",
			"somebody has set the node's data_version back by one, to %" PRIu32
			", and changed nothing else",
			node->after.version);
	else if (!status->is_empty && is_older(look))
		node_is_older(out, look);
}

static void check_writer(struct faults *out, const struct look *look)
{
	if (look->running.answer == BK_RUNNING_YES && look->log.writer == LOOK_WRITER_NONE)
		faults_add(out, "plugin-away",
			"see that its config has important-plugin=, and start it anew",
			"lightningd runs, and no plugin holds the log: nothing is backed up");
}

static void check_doubt(struct faults *out, const struct look *look)
{
	const struct bk_log_status *status = &look->log.status;

	if (*status->doubt)
		faults_add(out, "doubt",
			"the plugin settles it when lightningd starts or is quiet; see with "
			"backup-cli verify --against",
			"log and node may differ, since %s", status->doubt);
	if (status->quorum_missed && look->lock.places.quorum > 1)
		faults_command(out, look, "quorum-missed", "mirror",
			"from version %" PRIu32 " on changes are in fewer than %u places",
			status->missed_from, look->lock.places.quorum);
}

static void check_gap(struct faults *out, const struct look *look)
{
	const struct bk_health *health = &look->log.health;
	char age[BK_MOMENT_TEXT];

	if (!health->gaps || look->now_us - health->gap_time_us > FAULT_GAP_US)
		return;
	bk_moment_age(age, health->gap_time_us, look->now_us);
	if (health->gap_from == health->gap_to)
		faults_add(out, "gap", "nothing: the newest version is safe again; tell us",
			"a change up to version %" PRIu32
			" was not in step with the node: a snapshot healed it %s",
			health->gap_to, age);
	else
		faults_add(out, "gap",
			"nothing, if it was stopped or upgraded then; else see that its config "
			"has important-plugin=",
			"the node moved on unwatched from version %" PRIu32 " to %" PRIu32
			": a snapshot closed that %s",
			health->gap_from, health->gap_to, age);
}

static void check_follower(struct faults *out, const struct look *look)
{
	uint32_t interval = look->lock.keyframe_changes ? look->lock.keyframe_changes : INTERVAL;
	uint32_t behind = look->log.status.unkeyframed;
	int64_t since_us = look->now_us - look->log.health.unkeyframed_us;

	if (look->lock.no_keyframes)
		faults_add(out, "no-keyframes",
			"remove that from backup.lock, and start lightningd anew",
			"\"keyframe_changes\": 0 in backup.lock: no change is ever tried");
	else if (behind > FAULT_CHANGES && behind > FAULT_INTERVALS * interval &&
		 since_us > FAULT_FOLLOW_US)
		faults_add(out, "follower-stopped",
			"see the plugin's lines in lightningd's log; start lightningd anew",
			"the newest %" PRIu32
			" changes are in no keyframe: the follower, which tries each, stands "
			"still",
			behind);
}

double faults_days_left(const struct look_log *log)
{
	if (!log->has_free || !log->health.day_bytes)
		return -1;
	return (double)log->free_bytes / (double)log->health.day_bytes;
}

static void check_disk(struct faults *out, const struct look *look)
{
	const struct look_log *log = &look->log;
	double days = faults_days_left(log);

	if (!log->has_free)
		return;
	if (log->free_bytes < FAULT_BYTES)
		faults_command(out, look, "disk-full", "compact",
			"the log's disk is full, or nearly: %" PRIu64
			" bytes are free, and lightningd stops without. Make space, or with "
			"lightningd stopped",
			log->free_bytes);
	else if (days >= 0 && days < FAULT_DAYS)
		faults_command(out, look, "disk-full", "compact",
			"the log's disk is full in %.1f days as the log grows. Make space, or with "
			"lightningd stopped",
			days);
}

static void check_file(struct faults *out, const struct look *look)
{
	const struct look_log *log = &look->log;
	char time[BK_MOMENT_TEXT];

	if (log->is_exposed)
		faults_on(out, "log-exposed", "chmod 600", log->path,
			"any user of this computer can read the log, which holds the node's "
			"database, and lock it");
	/* Beside a writer it is under way: whoever opens a log to write removes what is left. */
	if (log->is_left && log->writer == LOOK_WRITER_NONE)
		faults_add(out, "compaction-left",
			"start lightningd, or compact again: either removes it",
			"a compaction of %s was interrupted: its unfinished successor takes room",
			log->path);
	if (log->status.time_us > look->now_us + FAULT_CLOCK_US) {
		bk_moment_text(time, log->status.time_us, true);
		faults_add(out, "clock-back", "set this computer's clock",
			"the newest change came at %s, which is yet to come: a clock is wrong",
			time);
	}
}

void faults_find(struct faults *out, const struct look *look)
{
	out->count = 0;
	check_reading(out, look);
	if (look->log.answer == LOOK_ANSWERED) {
		/* Where the log is not the right one, the node has nothing to mend. */
		if (look->dir && check_seen(out, look))
			check_node(out, look);
		check_damage(out, look);
		check_writer(out, look);
		check_doubt(out, look);
	}
	faults_of_places(out, look);
	if (look->log.answer != LOOK_ANSWERED)
		return;
	check_disk(out, look);
	check_follower(out, look);
	check_file(out, look);
	faults_of_notes(out, look);
	check_gap(out, look);
}
