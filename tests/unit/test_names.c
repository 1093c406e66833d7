/* test_names.c - what messages call the places by (plugin/say/names.h). */
#include "names.h"
#include "support.h"
#include <limits.h>
#include <sys/stat.h>

SUITE(names);

static void name_is(const char *name, const char *before, const char *dir, const char *behind)
{
	char want[PATH_MAX + 256];

	snprintf(want, sizeof want, "%s%s%s", before, dir, behind);
	cr_assert(strcmp(name, want) == 0, "%s, not %s", name, want);
}

Test(names, fill)
{
	struct lockfile lockfile = {.backend_url = (char[]){"file:///mnt/x y.bkp"},
		.database = (char[]){LOCKFILE_DATABASE}};
	static struct names names;
	char dir[PATH_MAX];

	cr_assert_eq(mkdir(scratch("net"), 0700), 0);
	cr_assert_eq(chdir(scratch("net")), 0);
	cr_assert(getcwd(dir, sizeof dir));
	names_fill(&names, NULL, NULL);
	name_is(names.program, "the plugin backup in ", dir, "");
	name_is(names.dir, "", dir, "");
	name_is(names.lockfile, "", dir, "/backup.lock");
	name_is(names.init, "backup-cli init --lightning-dir ", dir, "");
	names_fill(&names, &lockfile, "/mnt/x y.bkp");
	name_is(names.url, "'file:///mnt/x y.bkp'", "", "");
	name_is(names.log, "'/mnt/x y.bkp'", "", "");
	name_is(names.database, "", dir, "/lightningd.sqlite3");
	name_is(names.restore_to, "", dir, "");
	/* A database elsewhere: init and restore must be told. */
	lockfile.database = (char[]){"/srv/wallet.sqlite3"};
	names_fill(&names, &lockfile, NULL);
	name_is(names.init, "backup-cli init --lightning-dir ", dir,
		" --database /srv/wallet.sqlite3");
	name_is(names.restore_to, "/srv/wallet.sqlite3", "", "");
	lockfile.database = (char[]){"wallet.sqlite3"};
	names_fill(&names, &lockfile, NULL);
	name_is(names.database, "", dir, "/wallet.sqlite3");
	lockfile.backend_url = (char[]){"node.bkp"};
	names_fill(&names, &lockfile, "node.bkp");
	name_is(names.url, "", dir, "/node.bkp");
	name_is(names.log, "", dir, "/node.bkp");
	cr_assert_eq(chdir("/"), 0);
}
