/* writers.c - who may write to a folder, and which log takes a turn, in a store where of two puts
 * at one moment both may succeed. */
#include "writers.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITER    "writer-"
#define DIGITS    10
#define TRIES_MAX 100000 /* numbers that a listing lacks */
#define STEM      (WRITERS_NAME - DIGITS - 1)

uint32_t bk_writers_number(const char *name)
{
	const char *digits = name + strlen(WRITER);
	unsigned long long number;

	if (strncmp(name, WRITER, strlen(WRITER)) != 0 || strlen(digits) != DIGITS ||
		digits[strspn(digits, "0123456789")])
		return 0;
	number = strtoull(digits, NULL, 10);
	return number < UINT32_MAX ? (uint32_t)number : 0;
}

static void name_of(char out[WRITERS_NAME], const char *stem, uint32_t number)
{
	snprintf(out, WRITERS_NAME, "%.*s%0*" PRIu32, STEM, stem, DIGITS, number);
}

static enum bk_code take(struct objects *objects, const char *stem, uint32_t known, uint32_t *out,
	struct bk_error *err)
{
	bool is_ours = false;
	enum bk_code code = BK_OK;

	for (uint32_t i = 1; !code && !is_ours && i <= TRIES_MAX && known < UINT32_MAX - i; i++) {
		char name[WRITERS_NAME];

		name_of(name, stem, known + i);
		code = objects->ops->claim(objects, name, &is_ours, err);
		*out = known + i;
	}
	if (!code && !is_ours)
		code = bk_fail(err, BK_E_LIMIT, 0, "the store's writers have no end");
	return code;
}

static enum bk_code check(
	struct objects *objects, const char *stem, uint32_t mine, struct bk_error *err)
{
	char name[WRITERS_NAME];
	bool is_there;
	enum bk_code code;

	name_of(name, stem, mine + 1);
	code = objects->ops->has(objects, name, &is_there, err);
	if (!code && is_there)
		code = bk_fail(err, BK_E_BUSY, 0,
			"another writer has begun at the store meanwhile (%s)", name);
	return code;
}

static void writers_stem(char out[WRITERS_NAME], const char *folder)
{
	snprintf(out, WRITERS_NAME, "%.43s/" WRITER, folder);
}

enum bk_code bk_writers_take(struct objects *objects, const char *folder, uint32_t known,
	uint32_t *out, struct bk_error *err)
{
	char stem[WRITERS_NAME];

	writers_stem(stem, folder);
	return take(objects, stem, known, out, err);
}

enum bk_code bk_writers_check(
	struct objects *objects, const char *folder, uint32_t mine, struct bk_error *err)
{
	char stem[WRITERS_NAME];

	writers_stem(stem, folder);
	return check(objects, stem, mine, err);
}

static void votes_stem(char out[WRITERS_NAME], uint32_t turn)
{
	snprintf(out, WRITERS_NAME, "vote-%0*" PRIu32 "-", DIGITS, turn);
}

void bk_votes_name(char out[WRITERS_NAME], uint32_t turn, uint32_t vote)
{
	char stem[WRITERS_NAME];

	votes_stem(stem, turn);
	name_of(out, stem, vote);
}

enum bk_code bk_votes_take(
	struct objects *objects, uint32_t turn, uint32_t *out, struct bk_error *err)
{
	char stem[WRITERS_NAME];

	votes_stem(stem, turn);
	return take(objects, stem, 0, out, err);
}

enum bk_code bk_votes_check(
	struct objects *objects, uint32_t turn, uint32_t mine, struct bk_error *err)
{
	char stem[WRITERS_NAME];

	votes_stem(stem, turn);
	return check(objects, stem, mine, err);
}
