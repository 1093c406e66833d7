/* which.c - the versions that people mean. */
#include <bk/listing.h>
#include <bk/moment.h>
#include <bk/which.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return !errno && !*end && *out <= max;
}

/* The version BACK before the newest, by the order in which the log holds them. */
static enum bk_code find_before_head(
	struct bk_log *log, uint64_t back, struct bk_entry *entry, struct bk_error *err)
{
	struct bk_listing *listing;
	struct bk_entry later;
	uint64_t count = 0;
	bool more = true;
	enum bk_code code = bk_listing_open_last(&listing, log, back + 1, BK_LISTING_VERSIONS, err);

	if (code)
		return code;
	code = bk_listing_next(listing, entry, &more, err);
	while (!code && more) {
		count++;
		code = bk_listing_next(listing, &later, &more, err);
	}
	bk_listing_close(listing);
	if (!code && count <= back)
		return bk_fail(err, BK_E_MISSING, 0,
			"there is no version %llu before the newest: the log holds %llu",
			(unsigned long long)back, (unsigned long long)count);
	return code;
}

/* Whether TEXT is head or latest, with ~N behind it or not. */
static bool is_head(const char *text, uint64_t *back)
{
	static const char *const names[] = {"head", "HEAD", "latest"};

	*back = 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t length = strlen(names[i]);

		if (strncmp(text, names[i], length) != 0)
			continue;
		text += length;
		return !*text || (*text == '~' && is_number(text + 1, UINT32_MAX, back));
	}
	return false;
}

static enum bk_code find_at(struct bk_log *log, const char *text, int64_t now_us,
	struct bk_entry *entry, struct bk_error *err)
{
	struct bk_log_status status;
	int64_t time_us;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	if (bk_moment_parse_end(text, now_us, &time_us, NULL))
		return bk_fail(err, BK_E_INVALID, 0,
			"\"%.80s\" is no version: write a number, latest, head~3, or a time such "
			"as \"2026-11-22 07:00\" (UTC) or \"2 hours\" (ago)",
			text);
	code = bk_moment_check_past(
		text, time_us, now_us > status.time_us ? now_us : status.time_us, err);
	return code ? code : bk_log_find_time(log, time_us, entry, err);
}

enum bk_code bk_which(struct bk_log *log, const char *text, int64_t now_us, struct bk_entry *entry,
	struct bk_error *err)
{
	struct bk_log_status status;
	uint64_t number;
	enum bk_code code;

	if (is_number(text, UINT32_MAX, &number))
		return bk_log_find(log, (uint32_t)number, entry, err);
	if (!is_head(text, &number))
		return find_at(log, text, now_us, entry, err);
	if (number)
		return find_before_head(log, number, entry, err);
	code = bk_log_status(log, &status, err);
	return code ? code : bk_log_find(log, status.version, entry, err);
}
