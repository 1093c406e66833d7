/* node.c - a simulated lightningd. */
#include "node.h"
#include "jsontext.h"
#include "nodedb.h"
#include "talk.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS_DEFAULT 60000

/* What the plugin finds in its environment. */
static const char *const environment[] = {
	"LIGHTNINGD_PLUGIN=1", "LIGHTNINGD_VERSION=v26.06.6", NULL};

struct node {
	struct node_options options;
	struct nodedb *db; /* NULL if it keeps none */
	struct talk talk;
	struct bk_buf reason;
	char call_id[64], init_id[64]; /* of requests whose answers are awaited; "" if none is */
	uint32_t version;              /* of the last call that was committed */
	uint32_t called;               /* of the call under way */
	bool is_dynamic;               /* the plugin may be started and stopped while we run */
};

enum bk_code node_open(struct node **out, const struct node_options *options, struct bk_error *err)
{
	struct node *node = calloc(1, sizeof *node);
	char path[PATH_MAX];
	enum bk_code code = BK_OK;

	if (!node)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a node");
	node->options = *options;
	if (!node->options.timeout_ms)
		node->options.timeout_ms = TIMEOUT_MS_DEFAULT;
	talk_init(&node->talk);
	node->talk.on_log = options->on_log;
	node->talk.ctx = options->ctx;
	bk_buf_init(&node->reason, PEER_MESSAGE_MAX + 1);
	/* The end of a plugin shows when nothing more comes from it. */
	signal(SIGPIPE, SIG_IGN);
	snprintf(path, sizeof path, "%s/%s", options->dir, NODEDB_NAME);
	if (!options->no_database)
		code = nodedb_open(&node->db, path, options->cache_pages, err);
	if (code) {
		node_close(node);
		return code;
	}
	if (node->db)
		node->version = nodedb_version(node->db);
	*out = node;
	return BK_OK;
}

void node_close(struct node *node)
{
	if (!node)
		return;
	talk_done(&node->talk);
	nodedb_close(node->db);
	bk_buf_done(&node->reason);
	free(node);
}

bool node_is_running(const struct node *node)
{
	return node->talk.is_running;
}

pid_t node_plugin_pid(const struct node *node)
{
	return node->talk.is_running ? node->talk.peer.child.pid : 0;
}

const struct rusage *node_usage(const struct node *node)
{
	return &node->talk.usage;
}

uint32_t node_version(const struct node *node)
{
	return node->version;
}

const char *node_reason(const struct node *node)
{
	return node->reason.size ? (const char *)node->reason.data : "";
}

const char *node_logs(const struct node *node)
{
	return talk_logs(&node->talk);
}

void node_forget_logs(struct node *node)
{
	node->talk.logs.size = 0;
}

bool node_has_logged(const struct node *node, const char *level, const char *text)
{
	return talk_has_logged(&node->talk, level, text);
}

enum bk_code node_wait_log(
	struct node *node, const char *level, const char *text, struct bk_error *err)
{
	return talk_wait_log(&node->talk, level, text, err);
}

/* A lightningd that allows no deprecated interface does not start where a deprecated option is
 * given. */
static bool has_deprecated_option(const cJSON *result)
{
	const cJSON *options = cJSON_GetObjectItemCaseSensitive(result, "options"), *option;

	cJSON_ArrayForEach(option, options) if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(
							option, "deprecated"))) return true;
	return false;
}

/* What lightningd insists on, and that it must not be disabled (docs/lightningd.md, "Start"). */
static enum bk_code check_manifest(struct node *node, const cJSON *answer, struct bk_error *err)
{
	const cJSON *result = cJSON_GetObjectItemCaseSensitive(answer, "result"), *hook;
	const cJSON *hooks = cJSON_GetObjectItemCaseSensitive(result, "hooks");
	bool has_hook = false;

	cJSON_ArrayForEach(hook, hooks)
	{
		const char *name =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(hook, "name"));

		has_hook = has_hook || (name && strcmp(name, "db_write") == 0);
	}
	if (!has_hook || cJSON_GetObjectItemCaseSensitive(result, "disable"))
		return bk_fail(
			err, BK_E_INVALID, 0, "the manifest has no hook db_write, or disables");
	if (has_deprecated_option(result))
		return bk_fail(err, BK_E_INVALID, 0, "an option of the manifest is deprecated");
	/* lightningd's default is that it may. */
	node->is_dynamic = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(result, "dynamic"));
	return BK_OK;
}

enum bk_code node_start(struct node *node, struct bk_error *err)
{
	char *argv[] = {(char *)(uintptr_t)node->options.plugin, NULL};
	struct child_options options = {
		.dir = node->options.dir, .env = environment, .err = node->options.stderr_fd};
	cJSON *answer = NULL;
	enum bk_code code = talk_start(&node->talk, argv, &options, node->options.timeout_ms, err);

	if (code)
		return code;
	node->talk.peer.split = node->options.split;
	node->talk.peer.random = node->options.seed;
	*node->call_id = *node->init_id = '\0';
	code = talk_ask(
		&node->talk, "getmanifest", "\"allow-deprecated-apis\":false", &answer, err);
	if (!code)
		code = check_manifest(node, answer, err);
	cJSON_Delete(answer);
	return code;
}

/* What init tells, as far as a backup could look at it. */
static enum bk_code init_params(
	const struct node *node, bool startup, char **text, struct bk_error *err)
{
	int size = asprintf(text,
		"\"options\":{},\"configuration\":{\"lightning-dir\":\"%s\",\"rpc-file\":"
		"\"lightning-rpc\",\"startup\":%s,\"network\":\"regtest\"}",
		node->options.dir, startup ? "true" : "false");

	return size < 0 ? bk_fail(err, BK_E_NOMEM, 0, "no memory for init") : BK_OK;
}

enum bk_code node_init(struct node *node, bool startup, struct bk_error *err)
{
	cJSON *answer = NULL;
	char *params;
	enum bk_code code;

	if (!startup && !node->is_dynamic)
		return bk_fail(err, BK_E_INVALID, 0, "Not a dynamic plugin");
	code = init_params(node, startup, &params, err);
	if (code)
		return code;
	code = talk_ask(&node->talk, "init", params, &answer, err);
	cJSON_Delete(answer);
	free(params);
	return code;
}

/* Puts an init behind the call that is to be sent. */
static enum bk_code put_init(struct node *node, struct bk_error *err)
{
	struct bk_buf *message = &node->talk.message;
	char *params;
	enum bk_code code = init_params(node, true, &params, err);

	if (code)
		return code;
	code = talk_request(&node->talk, "init", true, err);
	if (!code)
		code = bk_buf_append(message, params, strlen(params), err);
	if (!code)
		code = bk_buf_append(message, "}}\n\n", 4, err);
	free(params);
	memcpy(node->init_id, node->talk.id, sizeof node->init_id);
	return code;
}

enum bk_code node_begin(
	struct node *node, const struct trace_call *call, bool joined_init, struct bk_error *err)
{
	struct talk *talk = &node->talk;
	enum bk_code code;

	if (!talk->is_running)
		return bk_fail(err, BK_E_INVALID, 0, "no plugin runs");
	code = node->db ? nodedb_apply(node->db, &call->change, err) : BK_OK;
	if (!code)
		code = talk_request(talk, "db_write", false, err);
	if (code)
		return code;
	memcpy(node->call_id, talk->id, sizeof node->call_id);
	node->called = call->change.version;
	code = json_change(&talk->message, &call->change, err);
	if (!code)
		code = bk_buf_append(&talk->message, "}}\n\n", 4, err);
	if (!code && joined_init)
		code = put_init(node, err);
	return code ? code : talk_send(talk, err);
}

static bool is_continue(const cJSON *answer)
{
	const cJSON *result = cJSON_GetObjectItemCaseSensitive(answer, "result");
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, "result"));

	return text && strcmp(text, "continue") == 0;
}

static enum bk_code keep_reason(struct node *node, struct bk_error *err)
{
	const struct bk_slice *answer = &node->talk.answer;
	enum bk_code code;

	node->reason.size = 0;
	code = bk_buf_append(&node->reason, answer->data, answer->size, err);
	return code ? code : bk_buf_append(&node->reason, "", 1, err);
}

/* Takes the answer to an init that was sent together with a call. */
static enum bk_code take_init(struct node *node, struct bk_error *err)
{
	cJSON *answer = NULL;
	enum bk_code code;

	if (!*node->init_id)
		return BK_OK;
	code = talk_answer(&node->talk, node->init_id, &answer, err);
	*node->init_id = '\0';
	cJSON_Delete(answer);
	return code;
}

/* The plugin took the call. */
static enum bk_code commit(struct node *node, struct bk_error *err)
{
	enum bk_code code = node->db ? nodedb_commit(node->db, err) : BK_OK;

	if (!code)
		node->version = node->called;
	return code ? code : take_init(node, err);
}

enum bk_code node_end(struct node *node, enum node_answer *answer, struct bk_error *err)
{
	cJSON *message = NULL;
	enum bk_code code = talk_answer(&node->talk, node->call_id, &message, err);
	bool is_good = is_continue(message);

	if (code)
		return code;
	*answer = is_good ? NODE_COMMITTED : message ? NODE_REFUSED : NODE_GONE;
	cJSON_Delete(message);
	if (is_good)
		return commit(node, err);
	if (node->db)
		nodedb_rollback(node->db);
	return keep_reason(node, err);
}

enum bk_code node_call(struct node *node, const struct trace_call *call, enum node_answer *answer,
	struct bk_error *err)
{
	enum bk_code code = node_begin(node, call, false, err);

	return code ? code : node_end(node, answer, err);
}

enum bk_code node_call_unwatched(
	struct node *node, const struct trace_call *call, struct bk_error *err)
{
	enum bk_code code = node->db ? nodedb_apply(node->db, &call->change, err) : BK_OK;

	if (!code && node->db)
		code = nodedb_commit(node->db, err);
	if (!code)
		node->version = call->change.version;
	return code;
}

/* Reads what the plugin still says, to the end of its output. */
static enum bk_code read_to_end(struct node *node, struct bk_error *err)
{
	cJSON *message;
	enum bk_code code;

	do {
		code = talk_receive(&node->talk, &message, err);
		cJSON_Delete(message);
	} while (!code && message);
	return code;
}

/* Waits for the plugin's end, which something has caused. */
static enum bk_code see_end(struct node *node, int *status, struct bk_error *err)
{
	struct child *child = &node->talk.peer.child;
	enum bk_code code = read_to_end(node, err);

	if (!code)
		code = child_wait(child, node->options.timeout_ms, err);
	if (!code)
		*status = child_exit_code(child->status);
	talk_end(&node->talk);
	return code;
}

enum bk_code node_stop(struct node *node, int *status, struct bk_error *err)
{
	static const char notice[] =
		"{\"jsonrpc\":\"2.0\",\"method\":\"shutdown\",\"params\":{}}\n\n";
	enum bk_code code = BK_OK;

	*status = 0;
	if (node->talk.is_running)
		code = peer_send(&node->talk.peer, notice, sizeof notice - 1, err);
	return code || !node->talk.is_running ? code : see_end(node, status, err);
}

enum bk_code node_hang_up(struct node *node, int *status, struct bk_error *err)
{
	*status = 0;
	if (!node->talk.is_running)
		return BK_OK;
	peer_hang_up(&node->talk.peer);
	return see_end(node, status, err);
}

void node_kill_plugin(struct node *node)
{
	talk_end(&node->talk);
	if (node->db)
		nodedb_rollback(node->db);
}

enum bk_code node_send_raw(struct node *node, const void *bytes, size_t size, struct bk_error *err)
{
	enum bk_code code = peer_send(&node->talk.peer, bytes, size, err);

	return code ? code : peer_wait_read(&node->talk.peer, err);
}

enum bk_code node_receive_raw(struct node *node, struct bk_slice *message, struct bk_error *err)
{
	cJSON *json;
	enum bk_code code = talk_receive(&node->talk, &json, err);

	*message = node->talk.answer;
	cJSON_Delete(json);
	return code;
}
