/* lockpolicy.c - what backup.lock says of what is kept. */
#include "lockpolicy.h"

static enum bk_code take_age(
	const char *option, const char *text, int64_t *out, struct bk_error *err)
{
	struct bk_error why;

	if (!text || !bk_policy_age(text, out, &why))
		return BK_OK;
	return bk_fail(err, BK_E_INVALID, 0, "%s: %s", option, why.msg);
}

enum bk_code policy_parse(
	struct bk_policy *out, const struct policy_text *text, struct bk_error *err)
{
	struct bk_policy policy = {0};
	struct bk_error why;
	enum bk_code code = take_age("all", text->all, &policy.all_us, err);

	if (!code)
		code = take_age("hourly", text->hourly, &policy.hourly_us, err);
	if (!code)
		code = take_age("daily", text->daily, &policy.daily_us, err);
	if (!code)
		code = take_age("monthly", text->monthly, &policy.monthly_us, err);
	if (!code && text->max_size && bk_policy_bytes(text->max_size, &policy.bytes_max, &why))
		code = bk_fail(err, BK_E_INVALID, 0, "max_size: %s", why.msg);
	if (!code)
		*out = policy;
	return code;
}

static const char *text_of(const cJSON *keep, const char *key, bool *right)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(keep, key);

	*right &= !item || cJSON_IsString(item);
	return cJSON_GetStringValue(item);
}

enum bk_code lockpolicy_take(
	const cJSON *root, const char *name, bool *has, struct bk_policy *out, struct bk_error *err)
{
	const cJSON *keep = cJSON_GetObjectItemCaseSensitive(root, "keep");
	bool right = cJSON_IsObject(keep);
	struct policy_text text;
	struct bk_error why = {.code = BK_OK};

	if (!keep)
		return BK_OK;
	text = (struct policy_text){.all = text_of(keep, "all", &right),
		.hourly = text_of(keep, "hourly", &right),
		.daily = text_of(keep, "daily", &right),
		.monthly = text_of(keep, "monthly", &right),
		.max_size = text_of(keep, "max_size", &right)};
	if (right && !policy_parse(out, &text, &why)) {
		*has = true;
		return BK_OK;
	}
	return bk_fail(err, BK_E_INVALID, 0,
		"%s: \"keep\" must be an object such as {\"all\": \"30d\", \"daily\": \"5y\"}%s%s: "
		"mend "
		"that, or remove the file and run backup-cli init",
		name, why.code ? "; " : "", why.code ? why.msg : "");
}

static bool add(cJSON *keep, const char *key, const char *value)
{
	return !value || cJSON_AddStringToObject(keep, key, value);
}

bool lockpolicy_put(cJSON *keys, const struct policy_text *text)
{
	cJSON *keep;

	cJSON_DeleteItemFromObjectCaseSensitive(keys, "keep");
	keep = cJSON_AddObjectToObject(keys, "keep");
	return keep && add(keep, "all", text->all) && add(keep, "hourly", text->hourly) &&
	       add(keep, "daily", text->daily) && add(keep, "monthly", text->monthly) &&
	       add(keep, "max_size", text->max_size);
}
