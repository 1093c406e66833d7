/* manifest.c - what the plugin tells lightningd of itself. */
#include "manifest.h"
#include "important.h"
#include "out.h"

/* Never "disable": it lets the node run on unprotected even where we are marked important
 * (docs/lightningd.md, "Start"). As one text, which is read whole or not at all: a manifest without
 * the hook would have the node run without a backup. */
static const char manifest[] =
	"{\"options\":[{\"name\":\"" OPTION_DESTINATION "\",\"type\":\"string\",\"description\":"
	"\"Has no effect: backup-cli init sets the destination\",\"deprecated\":true}],"
	"\"rpcmethods\":[],\"subscriptions\":[\"shutdown\"],\"hooks\":[{\"name\":\"db_write\"}],"
	"\"dynamic\":true,\"nonnumericids\":true}";

void manifest_answer(const cJSON *id)
{
	out_result(id, cJSON_Parse(manifest));
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
