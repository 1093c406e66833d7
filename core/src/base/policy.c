/* policy.c - which versions a compaction keeps. */
#include <bk/policy.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)
#define HOUR_US   (3600 * SECOND_US)
#define DAY_US    (24 * HOUR_US)

bool bk_policy_keeps_all(const struct bk_policy *policy)
{
	return policy->all_us == BK_POLICY_EVER ||
	       (!policy->all_us && !policy->hourly_us && !policy->daily_us && !policy->monthly_us);
}

static enum bk_kept class_of(const struct bk_policy *policy, int64_t age_us)
{
	if (bk_policy_keeps_all(policy) || age_us <= policy->all_us)
		return BK_KEPT_ALL;
	if (age_us <= policy->hourly_us)
		return BK_KEPT_HOURLY;
	if (age_us <= policy->daily_us)
		return BK_KEPT_DAILY;
	return age_us <= policy->monthly_us ? BK_KEPT_MONTHLY : BK_KEPT_NOT;
}

/* Rounds down, before 1970 too. */
static int64_t floor_of(int64_t time_us, int64_t unit_us)
{
	return time_us / unit_us - (time_us % unit_us < 0);
}

/* Which of the hours, days or months it is in which TIME_US lies. */
static int64_t bucket_of(enum bk_kept class, int64_t time_us)
{
	time_t seconds = (time_t)floor_of(time_us, SECOND_US);
	struct tm date;

	if (class == BK_KEPT_HOURLY)
		return floor_of(time_us, HOUR_US);
	if (class == BK_KEPT_DAILY || !gmtime_r(&seconds, &date))
		return floor_of(time_us, DAY_US);
	return (int64_t)date.tm_year * 12 + date.tm_mon;
}

/* What the step from one version to the next adds to the age of all before. */
static int64_t step_of(int64_t from_us, int64_t to_us)
{
	if (to_us <= from_us)
		return 0;
	if ((uint64_t)to_us - (uint64_t)from_us > (uint64_t)BK_POLICY_STEP_US)
		return BK_POLICY_STEP_US;
	return to_us - from_us;
}

void bk_policy_apply(const struct bk_policy *policy, struct bk_aged *versions, size_t count)
{
	int64_t age_us = 0, bucket = 0;
	enum bk_kept last = BK_KEPT_ALL;

	/* From the newest on: the first of an hour that is met is its newest. */
	for (size_t i = count; i-- > 0;) {
		enum bk_kept class;
		int64_t here;

		if (i + 1 < count && age_us < BK_POLICY_EVER - BK_POLICY_STEP_US)
			age_us += step_of(versions[i].time_us, versions[i + 1].time_us);
		class = i + 1 < count ? class_of(policy, age_us) : BK_KEPT_ALL;
		here = bucket_of(class, versions[i].time_us);
		versions[i].kept = class;
		if (class > BK_KEPT_ALL && class == last && here == bucket)
			versions[i].kept = BK_KEPT_NOT;
		last = class;
		bucket = here;
	}
}

/* The number that TEXT begins with, and what follows it. */
static bool number_of(const char *text, uint64_t *number, const char **rest)
{
	char *end;

	if (*text < '0' || *text > '9' || strlen(text) > 18)
		return false;
	*number = strtoull(text, &end, 10);
	*rest = end;
	return true;
}

struct unit {
	char letter;
	uint64_t size;
};

static bool scaled(uint64_t number, const char *rest, const struct unit *units, size_t count,
	uint64_t max, uint64_t *out)
{
	if (strlen(rest) > 1)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (*rest != units[i].letter)
			continue;
		if (number > max / units[i].size)
			return false;
		*out = number * units[i].size;
		return true;
	}
	return false;
}

enum bk_code bk_policy_age(const char *text, int64_t *out, struct bk_error *err)
{
	static const struct unit units[] = {{'s', SECOND_US}, {'h', HOUR_US}, {'d', DAY_US},
		{'w', 7 * DAY_US}, {'m', 30 * DAY_US}, {'y', 365 * DAY_US}};
	uint64_t number, age;
	const char *rest;

	if (strcmp(text, "forever") == 0) {
		*out = BK_POLICY_EVER;
		return BK_OK;
	}
	if (number_of(text, &number, &rest)) {
		if (!number && !*rest) {
			*out = 0;
			return BK_OK;
		}
		if (scaled(number, rest, units, sizeof units / sizeof *units, INT64_MAX - 1,
			    &age)) {
			*out = (int64_t)age;
			return BK_OK;
		}
	}
	return bk_fail(err, BK_E_INVALID, 0,
		"\"%s\" is no age: 12h, 30d, 2w, 6m (months), 5y, forever or 0", text);
}

enum bk_code bk_policy_bytes(const char *text, uint64_t *out, struct bk_error *err)
{
	static const struct unit units[] = {{'\0', 1}, {'K', 1000}, {'M', 1000000},
		{'G', 1000000000}, {'T', UINT64_C(1000000000000)}};
	uint64_t number;
	const char *rest;

	if (number_of(text, &number, &rest) &&
		scaled(number, rest, units, sizeof units / sizeof *units, INT64_MAX, out))
		return BK_OK;
	return bk_fail(
		err, BK_E_INVALID, 0, "\"%s\" is no size: 4G, 500M or a count of bytes", text);
}

/* AGE_US in the largest unit that it is a whole number of. */
static void age_text(char *out, size_t size, int64_t age_us)
{
	static const struct unit units[] = {
		{'y', 365 * DAY_US}, {'d', DAY_US}, {'h', HOUR_US}, {'s', SECOND_US}};

	if (age_us == BK_POLICY_EVER) {
		snprintf(out, size, "forever");
		return;
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		int64_t unit = (int64_t)units[i].size;

		if (age_us % unit && i + 1 < sizeof units / sizeof *units)
			continue;
		snprintf(out, size, "%" PRId64 "%c", age_us / unit, units[i].letter);
		return;
	}
}

void bk_policy_text(const struct bk_policy *policy, char *out)
{
	static const char *const names[] = {"all", "hourly", "daily", "monthly"};
	const int64_t ages[] = {
		policy->all_us, policy->hourly_us, policy->daily_us, policy->monthly_us};
	size_t used = 0;
	char age[32];

	if (bk_policy_keeps_all(policy))
		used = (size_t)snprintf(out, BK_POLICY_TEXT, "every version");
	for (size_t i = 0; i < 4 && !bk_policy_keeps_all(policy); i++) {
		if (!ages[i])
			continue;
		age_text(age, sizeof age, ages[i]);
		used += (size_t)snprintf(out + used, BK_POLICY_TEXT - used, "%s%s %s",
			used ? ", " : "", names[i], age);
	}
	if (policy->bytes_max)
		snprintf(out + used, BK_POLICY_TEXT - used, ", at most %" PRIu64 " bytes",
			policy->bytes_max);
}
