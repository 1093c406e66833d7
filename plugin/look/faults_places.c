/* faults_places.c - what is not well with the mirrors, and what verify and drill noted. */
#include "faults_places.h"
#include "faults_add.h"
#include <bk/moment.h>
#include <inttypes.h>
#include <stdio.h>

/* "N versions behind, for M seconds". */
static void check_behind(
	struct faults *out, const struct look *look, const struct look_place *place)
{
	const struct bk_standing *standing = &place->standing;
	bool is_stopped = look->log.writer == LOOK_WRITER_NONE;
	char age[BK_MOMENT_TEXT];

	if (look->now_us - standing->since_us < FAULT_BEHIND_US && !is_stopped)
		return;
	bk_moment_age(age, standing->since_us, look->now_us);
	faults_add(out, "place-behind",
		is_stopped ? "start lightningd: its plugin brings it level"
			   : "see the plugin's lines in lightningd's log, and the way there",
		"the mirror %s is %" PRIu64 " version%s behind: the first came %s", place->url,
		standing->versions, standing->versions == 1 ? "" : "s", age);
}

static void check_empty(struct faults *out, const struct look *look, const struct look_place *place)
{
	if (place->held)
		faults_on(out, "place-emptied",
			"mount its disk; if what was there is lost: backup-cli mirror reset",
			place->url, "the mirror %s is empty, and held the log once", place->url);
	else if (!look->log.status.is_empty)
		faults_add(out, "place-behind", "start lightningd: its plugin brings the log there",
			"the mirror %s holds nothing yet", place->url);
}

static void check_standing(
	struct faults *out, const struct look *look, const struct look_place *place)
{
	switch (place->standing.kind) {
	case BK_STANDS_LEVEL:
		break;
	case BK_STANDS_BEHIND:
		check_behind(out, look, place);
		break;
	case BK_STANDS_PREDECESSOR:
		faults_add(out, "place-behind",
			"start lightningd: its plugin brings the log there that took its place",
			"the mirror %s still holds the log before a compaction", place->url);
		break;
	case BK_STANDS_AHEAD:
		faults_add(out, "place-ahead",
			"start lightningd: its plugin takes that over, or says why not",
			"the mirror %s has %" PRIu64 " bytes more than the log, which lost its end",
			place->url, place->standing.bytes);
		break;
	case BK_STANDS_FORKED:
		faults_on(out, "place-forked",
			"only where this one is right: backup-cli mirror reset", place->url,
			"the mirror %s went on with another history: another node ran on this "
			"state. Find out which one is right",
			place->url);
		break;
	case BK_STANDS_OTHER:
		faults_on(out, "place-other",
			"if that is not needed there: backup-cli mirror reset", place->url,
			"the mirror %s holds another log, %s", place->url, place->told.log);
		break;
	case BK_STANDS_EMPTY:
		check_empty(out, look, place);
		break;
	}
}

static void check_place(struct faults *out, const struct look *look, const struct look_place *place)
{
	if (place->answer == LOOK_SILENT)
		faults_add(out, "place-silent", "see whether it answers, and the way there",
			"the mirror %s does not answer", place->url);
	else if (place->answer == LOOK_FAILED && place->why.code == BK_E_DAMAGE)
		faults_on(out, "place-damaged",
			"see to its disk; if it is lost: backup-cli mirror reset", place->url,
			"the mirror %s is not what it was: %.300s", place->url, place->why.msg);
	else if (place->answer == LOOK_FAILED)
		faults_add(out, "place-away", "see to its disk, or the way there",
			"the mirror %s cannot be asked: %.300s", place->url, place->why.msg);
	else if (place->answer == LOOK_ANSWERED && place->stands)
		check_standing(out, look, place);
	if (place->has_free && place->free_bytes < FAULT_BYTES)
		faults_add(out, "place-full", "make space there",
			"the disk of the mirror %s is full, or nearly: %" PRIu64 " bytes are free",
			place->url, place->free_bytes);
}

bool faults_place_is_well(const struct look *look, const struct look_place *place)
{
	struct faults faults;

	faults.count = 0;
	check_place(&faults, look, place);
	return !faults.count;
}

void faults_of_places(struct faults *out, const struct look *look)
{
	for (unsigned i = 0; i < look->place_count; i++)
		check_place(out, look, &look->places[i]);
}

/* Whether what is to be done every month was not, since THEN, or since the log was begun. */
static bool is_stale(const struct look *look, int64_t then_us)
{
	int64_t since = then_us ? then_us : look->log.status.created_us;

	return look->now_us - since > FAULT_STALE_US;
}

static void check_verified(struct faults *out, const struct look *look)
{
	const struct lognotes *notes = &look->log.notes;
	int64_t verified = lognotes_verified_us(notes);
	char age[BK_MOMENT_TEXT];

	bk_moment_age(age, verified, look->now_us);
	if (lognotes_is_damaged(notes))
		faults_command(out, look, "verify-damaged", "verify",
			"the last verification found damage");
	else if (is_stale(look, verified) && verified)
		faults_command(out, look, "verify-old", "verify",
			"all of the log was verified for the last time %s", age);
	else if (is_stale(look, verified))
		faults_command(out, look, "verify-old", "verify",
			"the log, or some of it, was never verified");
}

static void check_drill(struct faults *out, const struct look *look)
{
	const struct lognotes *notes = &look->log.notes;
	char age[BK_MOMENT_TEXT];

	bk_moment_age(age, notes->drill_us, look->now_us);
	if (notes->drill_us && !notes->drill_good)
		faults_command(out, look, "drill-failed", "drill",
			"the last trial of a restore, %s, failed: %s", age, notes->drill_why);
	else if (is_stale(look, notes->drill_us) && notes->drill_us)
		faults_command(out, look, "drill-old", "drill",
			"a restore was tried for the last time %s", age);
	else if (is_stale(look, notes->drill_us))
		faults_command(out, look, "drill-old", "drill", "a restore was never tried");
}

void faults_of_notes(struct faults *out, const struct look *look)
{
	if (!look->log.has_notes)
		return;
	check_verified(out, look);
	check_drill(out, look);
}
