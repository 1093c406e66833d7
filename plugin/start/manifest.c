/* manifest.c - what the plugin tells lightningd of itself. */
#include "manifest.h"
#include "important.h"
#include "out.h"

/* Never "disable": it lets the node run on unprotected even where we are marked important
 * (docs/lightningd.md, "Start"). Nor "dynamic": `plugin stop` would leave the node unprotected
 * without a word, and `plugin start` is never important (docs/decisions.md, "Started and stopped
 * with lightningd"). No option is "deprecated": a lightningd that allows none does not start with
 * it. As one text, which is read whole or not at all: a manifest without the hook would have the
 * node run without a backup. */
static const char manifest[] =
	"{\"options\":[{\"name\":\"" OPTION_DESTINATION "\",\"type\":\"string\",\"description\":"
	"\"Has no effect: backup-cli init sets the destination\"}],"
	"\"rpcmethods\":[{\"name\":\"" RPC_COMPACT "\",\"usage\":\"\",\"description\":"
	"\"Compacts the backup, beside the running node: keeps what backup.lock says\"},"
	"{\"name\":\"backup-status\",\"usage\":\"\",\"description\":"
	"\"Whether the backup is well, as backup-cli status --json tells\"}],"
	"\"subscriptions\":[\"shutdown\"],\"hooks\":[{\"name\":\"db_write\"}],"
	"\"dynamic\":false,\"nonnumericids\":true}";

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
			"The `--" OPTION_DESTINATION "` option is deprecated and will be removed "
			"in future versions of the backup plugin. Please remove it from your "
			"configuration: it has no effect, backup-cli init sets the destination");
	out_result(id, cJSON_CreateObject());
	important_check(cJSON_GetObjectItemCaseSensitive(params, "configuration"), path);
}
