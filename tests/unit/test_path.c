/* test_path.c - paths as texts, and as words of a shell (bk/path.h). */
#include "support.h"
#include <bk/path.h>

SUITE(path);

Test(path, directory)
{
	static const struct {
		const char *path, *want;
	} cases[] = {{"/a/b", "/a"}, {"/a", "/"}, {"a", "."}, {"a/b", "a"}, {"a/", "a"},
		{"../a", ".."}, {"", "."}, {"/", "/"}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *dir = bk_path_directory(cases[i].path);

		cr_assert(dir && strcmp(dir, cases[i].want) == 0, "%s: %s", cases[i].path, dir);
		free(dir);
	}
}

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

Test(path, word)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char word[64];

		bk_path_word(word, sizeof word, rows[i].text, "INSTEAD");
		cr_assert(strcmp(word, rows[i].want) == 0, "row %zu: %s", i, word);
	}
}

/* A shell gives back what was quoted. */
Test(path, a_shell_understands_it)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char word[64], command[96], back[64] = "";
		FILE *shell;
		size_t size;

		bk_path_word(word, sizeof word, rows[i].text, "INSTEAD");
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
Test(path, too_long)
{
	char word[10];

	bk_path_word(word, sizeof word, "123456789", "INSTEAD");
	cr_assert(strcmp(word, "123456789") == 0, "%s", word);
	bk_path_word(word, sizeof word, "1234567890", "INSTEAD");
	cr_assert(strcmp(word, "INSTEAD") == 0, "%s", word);
	bk_path_word(word, sizeof word, "1 34567", "INSTEAD");
	cr_assert(strcmp(word, "'1 34567'") == 0, "%s", word);
	bk_path_word(word, sizeof word, "1 345678", "INSTEAD");
	cr_assert(strcmp(word, "INSTEAD") == 0, "%s", word);
	bk_path_word(word, sizeof word, "12345''", "INSTEAD");
	cr_assert(strcmp(word, "INSTEAD") == 0, "%s", word);
}
