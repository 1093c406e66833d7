/* worst_readers.c - who reads the worst logs: the programs as they are, and images by themselves.
 */
#include "worst.h"
#include <stddef.h>

/* In the sqlite3 shell: $0 is the log; each statement is run, whether or not one before failed. */
#define EXTENSION                                                                                  \
	"printf '%s\\n' \"$@\" | sqlite3 -cmd '.load " BK_EXTENSION                                \
	"' -cmd \".open file:$0?vfs=backup\" :memory: || exit 1"

const struct reader worst_readers[] = {
	{"log", "backup-cli log", {BK_CLI, "log", "--all", "%L"}, NULL, false},
	{"verify", "backup-cli verify", {BK_CLI, "verify", "%L"}, NULL, true},
	{"deep", "backup-cli verify --deep", {BK_CLI, "verify", "--deep", "%L"}, NULL, false},
	{"against", "backup-cli verify --against", {BK_CLI, "verify", "--against", "%D", "%L"},
		NULL, false},
	{"restore", "backup-cli restore", {BK_CLI, "restore", "%L", "%O"}, NULL, true},
	{"status", "backup-cli status", {BK_CLI, "status", "%L"}, NULL, false},
	{"drill", "backup-cli drill", {BK_CLI, "drill", "%L"}, NULL, false},
	{"show", "backup-cli show", {BK_CLI, "show", "%L"}, NULL, false},
	{"stat", "backup-cli log --stat", {BK_CLI, "log", "--stat", "%L"}, NULL, true},
	{"diff", "backup-cli diff", {BK_CLI, "diff", "%L", "head~1", "latest"}, NULL, false},
	{"history", "backup-cli history", {BK_CLI, "history", "%L", "vars"}, NULL, true},
	{"query", "backup-cli query", {BK_CLI, "query", "%L", "SELECT count(*) FROM vars"}, NULL,
		true},
	{"extract", "backup-cli extract",
		{"sh", "-c", "exec \"$0\" extract --table vars \"$1\" >/dev/null", BK_CLI, "%L"},
		NULL, false},
	{"emergency", "backup-cli emergency", {BK_CLI, "emergency", "%L"}, NULL, false},
	{"copy", "backup-cli copy", {BK_CLI, "copy", "%L", "%O"}, NULL, false},
	{"image-last", "bk_image_open of the head, and reads of it", {"%S", "--image", "0", "%L"},
		NULL, false},
	{"image-middle", "the same of a version in the middle", {"%S", "--image", "1", "%L"}, NULL,
		false},
#ifdef BK_FUSE_PROGRAM
	{"ls", "backup-fuse, in which all is listed, and nothing done for 3 s",
		{BK_FUSE_PROGRAM, "%L", "%M", "-f"}, "ls -R . | wc -l; cat status.json; sleep 3",
		false},
	{"head-sql", "backup-fuse, of which the head's changes are begun",
		{BK_FUSE_PROGRAM, "%L", "%M", "-f"},
		"f=$(find changes -name '*.sql' | tail -n 1); head -c 100 \"$f\"", false},
	{"head-image", "backup-fuse, of which the head's database is begun",
		{BK_FUSE_PROGRAM, "%L", "%M", "-f"},
		"f=$(find versions -name '*.sqlite3' | tail -n 1); head -c 8192 \"$f\"", true},
#endif
	{"extension", "the SQLite extension: its tables",
		{"sh", "-c", EXTENSION, "%L", "SELECT count(*) FROM sqlite_schema;",
			"SELECT count(*) FROM backup_log; "
			"SELECT count(*) FROM backup_at('vars', 'head'); "
			"SELECT count(*) FROM backup_diff('vars', 'head~1', 'head'); "
			"SELECT count(*) FROM backup_history('vars');"},
		NULL, true},
	{"compact", "backup-cli compact", {BK_CLI, "compact", "--keep-daily", "1d", "%L"}, NULL,
		false},
	{NULL, NULL, {NULL}, NULL, false},
};
