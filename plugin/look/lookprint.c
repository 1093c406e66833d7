/* lookprint.c - the look by a process of its own. */
#include "lookprint.h"
#include "faults.h"
#include "lockio.h"
#include "look.h"
#include "lookjson.h"
#include <bk/text.h>
#include <stdio.h>
#include <stdlib.h>

static cJSON *look(const char *dir, struct bk_error *err)
{
	/* Whoever does not answer in time uses it still: it is there as long as the process. */
	static struct bk_io io;
	struct look_what what = {.dir = dir, .io = &io, .log_io = &io};
	struct faults faults;
	struct look *seen;
	cJSON *root;
	enum bk_code code;

	lockio(&io, dir);
	code = look_at(&seen, &what, err);
	if (code)
		return NULL;
	faults_find(&faults, seen);
	root = look_json(seen, &faults);
	look_free(seen);
	return root;
}

int look_print(const char *dir)
{
	struct bk_error err = {.msg = "no memory"};
	cJSON *root = look(dir, &err);
	bool good = root;
	char *text, *whole;

	if (!root) {
		root = cJSON_CreateObject();
		cJSON_AddStringToObject(root, "error", err.msg);
	}
	text = cJSON_PrintUnformatted(root);
	whole = text ? bk_json_text(text, "\n") : NULL;
	if (!whole || fputs(whole, stdout) < 0 || fflush(stdout) != 0)
		good = false;
	free(whole);
	cJSON_free(text);
	cJSON_Delete(root);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
