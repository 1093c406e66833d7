/* refusal.c - the words with which a change is refused. */
#include "refusal.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum bk_code refusal_set(struct refusal *why, enum bk_code code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why->what, sizeof why->what, fmt, args);
	va_end(args);
	why->code = code;
	*why->way = '\0';
	return code;
}

void refusal_way(struct refusal *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why->way, sizeof why->way, fmt, args);
	va_end(args);
}

/* What to do where the system refused OBJECT. */
static void way_of_errno(struct refusal *why, int sys_errno, const char *object)
{
	switch (sys_errno) {
	case ENOSPC:
	case EDQUOT:
		refusal_way(why, "make space on the disk of %s", object);
		break;
	case EFBIG:
		refusal_way(why,
			"lift the limit on the size of files that lightningd runs under (ulimit "
			"-f, LimitFSIZE= of its service), or, where the file system of %s holds "
			"none larger (FAT: 4 GiB), move the log to another and name that one "
			"with backup-cli init",
			object);
		break;
	case EROFS:
		refusal_way(why,
			"mount the file system of %s for writing (a disk that fails can turn it "
			"read-only: see dmesg)",
			object);
		break;
	case EACCES:
	case EPERM:
		refusal_way(why,
			"give it to the user that runs lightningd, and let that user into its "
			"folder: sudo chown %u %s",
			(unsigned)geteuid(), object);
		break;
	default:
		refusal_way(why, "see to %s and its disk (is it mounted and well?)", object);
	}
}

enum bk_code refusal_of(struct refusal *why, const struct bk_error *err, const char *object)
{
	refusal_set(why, err->code, "%s", err->msg);
	if (err->code == BK_E_IO && object)
		way_of_errno(why, err->sys_errno, object);
	else if (err->code == BK_E_NOMEM)
		refusal_way(why, "see to it that there is memory to be had");
	return err->code;
}

void refusal_text(const struct refusal *why, char *text)
{
	/* A database that is older than its backup has lost something: not by us. */
	const char *safe =
		why->code == BK_E_UNSAFE ? "the backup stays as it is" : "nothing is lost";

	if (*why->way)
		snprintf(text, REFUSAL_TEXT_MAX,
			"%s. lightningd stops before it commits this change; %s. To go on: %s; "
			"then start lightningd",
			why->what, safe, why->way);
	else
		snprintf(text, REFUSAL_TEXT_MAX,
			"%s. lightningd stops before it commits this change; %s. To go on: start "
			"lightningd again; if this comes again, report it with lightningd's log",
			why->what, safe);
}

void refusal_send(const struct refusal *why, const cJSON *id)
{
	char text[REFUSAL_TEXT_MAX];

	refusal_text(why, text);
	out_log(LEVEL_REFUSAL, "%s", text);
	out_refuse(id, text);
}
