/* fuzz_lockfile.c - backup.lock: what is taken from it makes sense, or the file is refused. */
#include "fuzz.h"
#include "lockfile.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lockfile lockfile = {0};
	struct bk_error err = {0};
	enum bk_code code =
		lockfile_parse(&lockfile, (const char *)data, size, "backup.lock", &err);

	if (code) {
		REQUIRE(code == BK_E_INVALID && *err.msg);
		REQUIRE(!lockfile.backend_url && !lockfile.database);
		return 0;
	}
	REQUIRE(lockfile.backend_url && *lockfile.backend_url);
	REQUIRE(lockfile.database && *lockfile.database);
	REQUIRE(lockfile.no_keyframes ? !lockfile.keyframe_changes : 1);
	REQUIRE(lockfile.keyframe_changes <= 100000);
	lockfile_done(&lockfile);
	REQUIRE(!lockfile.backend_url);
	return 0;
}
