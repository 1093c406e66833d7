/* test_names.c - what messages call the places by (plugin/names.h). */
#include "names.h"
#include "support.h"
#include <limits.h>
#include <sys/stat.h>

SUITE(names);

static const struct row {
	const char *text, *want;
} rows[] = {
	{"/home/user/.lightning/bitcoin", "/home/user/.lightning/bitcoin"},
	{"file:///mnt/disk/node-1.bkp", "file:///mnt/disk/node-1.bkp"},
	{"file:///mnt/a%20b.bkp", "file:///mnt/a%20b.bkp"},
	{"", "''"},
	{"/mnt/my disk", "'/mnt/my disk'"},
	{"/mnt/it's", "'/mnt/it'\\''s'"},
	{"$(reboot)", "'$(reboot)'"},
	{"a;b&c|d", "'a;b&c|d'"},
	{"~/x", "'~/x'"},
	{"a\nb", "'a\nb'"},
	{"caf\xc3\xa9", "'caf\xc3\xa9'"},
};

Test(names, quote)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char word[64];

		names_quote(word, sizeof word, rows[i].text, "INSTEAD");
		cr_assert(strcmp(word, rows[i].want) == 0, "row %zu: %s", i, word);
	}
}

/* A shell gives back what was quoted. */
Test(names, a_shell_understands_it)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char word[64], command[96], back[64] = "";
		FILE *shell;
		size_t size;

		names_quote(word, sizeof word, rows[i].text, "INSTEAD");
		snprintf(command, sizeof command, "printf '[%%s]' %s", word);
		shell = popen(command, "r");
		cr_assert(shell);
		size = fread(back, 1, sizeof back - 1, shell);
		cr_assert_eq(pclose(shell), 0);
		cr_assert(size >= 2 && size - 2 == strlen(rows[i].text) &&
				  memcmp(back + 1, rows[i].text, size - 2) == 0,
			"row %zu: %s", i, back);
	}
}

/* "never cut, for it would name another place" */
Test(names, too_long)
{
	char word[10];

	names_quote(word, sizeof word, "123456789", "INSTEAD");
	cr_assert(strcmp(word, "123456789") == 0, "%s", word);
	names_quote(word, sizeof word, "1234567890", "INSTEAD");
	cr_assert(strcmp(word, "INSTEAD") == 0, "%s", word);
	names_quote(word, sizeof word, "1 34567", "INSTEAD");
	cr_assert(strcmp(word, "'1 34567'") == 0, "%s", word);
	names_quote(word, sizeof word, "1 345678", "INSTEAD");
	cr_assert(strcmp(word, "INSTEAD") == 0, "%s", word);
	names_quote(word, sizeof word, "12345''", "INSTEAD");
	cr_assert(strcmp(word, "INSTEAD") == 0, "%s", word);
}

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
