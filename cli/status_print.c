/* status_print.c - what backup-cli status says to people. */
#include "common.h"
#include "faults.h"
#include "lookjson.h"
#include "status.h"
#include <bk/moment.h>
#include <bk/version.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_well(const struct look *look)
{
	const struct bk_log_status *status = &look->log.status;

	if (status->is_empty)
		printf("All is well: there is no database yet, and the log waits for it.\n");
	else if (look->dir)
		printf("All is well: the node's version %" PRIu32 " is in the log",
			status->version);
	else
		printf("All is well: the log is whole up to version %" PRIu32, status->version);
	if (!status->is_empty && look->place_count == 1)
		printf(" and its mirror");
	else if (!status->is_empty && look->place_count)
		printf(" and its %u mirrors", look->place_count);
	if (!status->is_empty)
		printf(".\n");
}

static void print_fault(const char *before, const struct fault *fault)
{
	struct shown text, mend;

	printf("%s%s. %s%s\n", before, shown_of(&text, fault->text), "-> ",
		shown_of(&mend, fault->mend));
}

static void print_head(const struct look *look)
{
	const struct bk_log_status *status = &look->log.status;
	char time[BK_MOMENT_TEXT], age[BK_MOMENT_TEXT];

	bk_moment_text(time, status->time_us, true);
	bk_moment_age(age, status->time_us, look->now_us);
	printf("  head      version %" PRIu32 ", of %s (%s)\n", status->version, time, age);
}

static void print_node(const struct look *look)
{
	static const char *const runs[] = {[BK_RUNNING_NO] = "does not run",
		[BK_RUNNING_YES] = "runs",
		[BK_RUNNING_UNKNOWN] = "may run"};
	static const char *const holds[] = {[LOOK_WRITER_UNKNOWN] = "",
		[LOOK_WRITER_NONE] = ", and no plugin holds the log",
		[LOOK_WRITER_HOLDS] = ", and a plugin holds the log"};
	struct shown shown;

	if (look->node.answer == LOOK_ANSWERED && look->node.after.version)
		printf("  node      version %" PRIu32, look->node.after.version);
	else if (look->node.answer == LOOK_ANSWERED)
		printf("  node      no version yet");
	else
		printf("  node      its version is not known (%s)",
			shown_of(&shown, look->node.why.msg));
	printf("; lightningd %s%s\n", runs[look->running.answer],
		look->log.answer == LOOK_ANSWERED ? holds[look->log.writer] : "");
}

static void print_log(const struct look_log *log)
{
	char size[32], day[32];
	struct shown shown;

	bytes_text(size, log->status.log_bytes);
	printf("  log       %s: %s, %" PRIu64 " change%s", shown_of(&shown, log->path), size,
		log->status.changes, log->status.changes == 1 ? "" : "s");
	bytes_text(day, log->health.day_bytes);
	if (log->health.observed_us)
		printf("; %s and %" PRIu64 " versions a day", day, log->health.day_versions);
	putchar('\n');
}

static void print_disk(const struct look_log *log)
{
	double days = faults_days_left(log);
	char size[32];

	if (!log->has_free)
		return;
	bytes_text(size, log->free_bytes);
	printf("  disk      %s free", size);
	if (days >= 730)
		printf(", enough for %.0f years", days / 365);
	else if (days >= 0)
		printf(", enough for %.0f days", days);
	putchar('\n');
}

static void print_place(const struct look *look, const struct look_place *place, bool is_first)
{
	const struct bk_standing *standing = &place->standing;
	char age[BK_MOMENT_TEXT];
	struct shown url, why;

	printf("  %-9s %s  %s", is_first ? "mirrors" : "", shown_of(&url, place->url),
		look_place_state(place));
	if (place->answer == LOOK_FAILED)
		printf(": %s", shown_of(&why, place->why.msg));
	else if (place->stands && standing->kind == BK_STANDS_BEHIND) {
		bk_moment_age(age, standing->since_us, look->now_us);
		printf(" by %" PRIu64 " version%s: the first came %s", standing->versions,
			standing->versions == 1 ? "" : "s", age);
	}
	putchar('\n');
}

static void print_quorum(const struct look *look)
{
	const struct lockplaces *places = &look->lock.places;

	if (places->quorum < 2)
		return;
	printf("  quorum    %u of %u places", places->quorum, places->count + 1);
	if (look->log.status.quorum_missed)
		printf("; missed from version %" PRIu32 " on", look->log.status.missed_from);
	putchar('\n');
}

static void print_doubt(const struct bk_log_status *status)
{
	struct shown shown;

	if (*status->doubt)
		printf("  doubt     since %s\n", shown_of(&shown, status->doubt));
}

static void print_gaps(const struct look *look)
{
	const struct bk_health *health = &look->log.health;
	char age[BK_MOMENT_TEXT];

	if (!health->gaps)
		return;
	bk_moment_age(age, health->gap_time_us, look->now_us);
	printf("  gaps      %" PRIu64 ", %" PRIu64
	       " version%s missing; the newest at version %" PRIu32 ", closed %s\n",
		health->gaps, health->missing, health->missing == 1 ? "" : "s", health->gap_to,
		age);
}

static void print_policy(const struct lockfile *lock)
{
	char text[BK_POLICY_TEXT];

	bk_policy_text(&lock->policy, text);
	printf("  keeps     %s\n", lock->has_policy ? text : "every version");
}

static void print_verified(const struct look *look)
{
	const struct lognotes *notes = &look->log.notes;
	int64_t verified = lognotes_verified_us(notes);
	char age[BK_MOMENT_TEXT];
	unsigned read = 0;

	for (unsigned i = 0; i < notes->parts; i++)
		read += notes->part_us[i] != 0;
	bk_moment_age(age, verified, look->now_us);
	printf("  verified  %s%s", verified ? age : "not yet",
		lognotes_is_damaged(notes) ? ", and found damaged" : "");
	if (notes->parts)
		printf(", %u of %u parts", read, notes->parts);
	putchar('\n');
}

static void print_drill(const struct look *look)
{
	const struct lognotes *notes = &look->log.notes;
	char age[BK_MOMENT_TEXT];
	struct shown shown;

	bk_moment_age(age, notes->drill_us, look->now_us);
	if (!notes->drill_us)
		printf("  drill     not yet\n");
	else if (!notes->drill_good)
		printf("  drill     %s: FAILED: %s\n", age, shown_of(&shown, notes->drill_why));
	else
		printf("  drill     %s: version %" PRIu32 " restored in %.1f s%s\n", age,
			notes->drill_version, notes->drill_seconds,
			notes->drill_compared ? ", the same as the node's" : "");
}

static void print_hook(const struct hooktimes *times)
{
	int64_t p50 = hooktimes_within(times, 0.5), p99 = hooktimes_within(times, 0.99);

	if (!times->count)
		return;
	printf("  hook      %" PRIu64 " calls; half within %.4g ms", times->count,
		(double)p50 / 1e3);
	if (p99 != INT64_MAX)
		printf(", 99 %% within %.4g ms", (double)p99 / 1e3);
	putchar('\n');
}

static void print_details(const struct look *look)
{
	const struct look_log *log = &look->log;

	if (log->answer == LOOK_ANSWERED && !log->status.is_empty)
		print_head(look);
	if (look->dir)
		print_node(look);
	if (log->answer == LOOK_ANSWERED) {
		print_log(log);
		print_disk(log);
	}
	for (unsigned i = 0; i < look->place_count; i++)
		print_place(look, &look->places[i], !i);
	if (look->dir)
		print_quorum(look);
	if (log->answer == LOOK_ANSWERED) {
		print_doubt(&log->status);
		print_gaps(look);
	}
	if (look->dir)
		print_policy(&look->lock);
	if (log->answer == LOOK_ANSWERED && log->has_notes) {
		print_verified(look);
		print_drill(look);
	}
	if (look->dir)
		print_hook(&look->times);
}

void status_print(const struct look *look, const struct faults *faults)
{
	if (!faults->count)
		print_well(look);
	for (unsigned i = 0; i < faults->count; i++)
		print_fault(i ? "Also: " : "NOT well: ", &faults->list[i]);
	print_details(look);
}
