/* manifest.c - what the plugin tells lightningd of itself. */
#include "manifest.h"
#include "important.h"
#include "out.h"

static cJSON *option(const char *name, const char *description)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "name", name);
	cJSON_AddStringToObject(item, "type", "string");
	cJSON_AddStringToObject(item, "description", description);
	cJSON_AddBoolToObject(item, "deprecated", 1);
	return item;
}

/* Never "disable": it lets the node run on unprotected even where we are marked important
 * (lightningd.md, "Start"). */
void manifest_answer(const cJSON *id)
{
	cJSON *result = cJSON_CreateObject(), *list, *item;

	list = cJSON_AddArrayToObject(result, "options");
	cJSON_AddItemToArray(list,
		option(OPTION_DESTINATION, "Has no effect: backup-cli init sets the destination"));
	cJSON_AddArrayToObject(result, "rpcmethods");
	list = cJSON_AddArrayToObject(result, "subscriptions");
	cJSON_AddItemToArray(list, cJSON_CreateString("shutdown"));
	list = cJSON_AddArrayToObject(result, "hooks");
	item = cJSON_CreateObject();
	cJSON_AddStringToObject(item, "name", "db_write");
	cJSON_AddItemToArray(list, item);
	cJSON_AddBoolToObject(result, "dynamic", 1);
	cJSON_AddBoolToObject(result, "nonnumericids", 1);
	out_result(id, result);
}

void init_answer(const cJSON *id, const cJSON *params, const char *path)
{
	const cJSON *options = cJSON_GetObjectItemCaseSensitive(params, "options");
	const char *destination =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(options, OPTION_DESTINATION));

	if (destination)
		out_log(LEVEL_UNUSUAL,
			"the option %s has no effect and will go: backup-cli init sets the "
			"destination",
			OPTION_DESTINATION);
	out_result(id, cJSON_CreateObject());
	important_check(cJSON_GetObjectItemCaseSensitive(params, "configuration"), path);
}
