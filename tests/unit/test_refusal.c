/* test_refusal.c - the words with which a change is refused (plugin/say/refusal.h). */
#include "refusal.h"
#include "support.h"
#include <errno.h>

SUITE(refusal);

static char text[REFUSAL_TEXT_MAX];
static struct refusal refusal;

static void has(const char *part)
{
	cr_assert(strstr(text, part), "no \"%s\" in: %s", part, text);
}

/* "what happened, that nothing is lost by it, and what to do" */
Test(refusal, three_parts)
{
	cr_assert_eq(refusal_set(&refusal, BK_E_INVALID, "number %d", 7), BK_E_INVALID);
	refusal_text(&refusal, text);
	has("number 7. lightningd stops before it commits this change; nothing is lost. ");
	has("To go on: start lightningd again");
	refusal_way(&refusal, "mend %s", "that");
	refusal_text(&refusal, text);
	has("nothing is lost. To go on: mend that; then start lightningd");
	refusal_set(&refusal, BK_E_UNSAFE, "older");
	refusal_text(&refusal, text);
	cr_assert(!strstr(text, "nothing is lost"), "%s", text);
	has("start lightningd again");
}

static const struct row {
	enum bk_code code;
	int sys_errno;
	const char *way;
} rows[] = {
	{BK_E_IO, ENOSPC, "make space on the disk of /mnt/x.bkp"},
	{BK_E_IO, EDQUOT, "make space on the disk of /mnt/x.bkp"},
	{BK_E_IO, EROFS, "mount the file system of /mnt/x.bkp for writing"},
	{BK_E_IO, EACCES, "sudo chown "},
	{BK_E_IO, EPERM, " /mnt/x.bkp; then start"},
	{BK_E_IO, EIO, "see to /mnt/x.bkp and its disk"},
	{BK_E_NOMEM, ENOMEM, "memory"},
	{BK_E_LIMIT, 0, "start lightningd again; if this comes again, report it"},
	{BK_E_INVALID, 0, "start lightningd again; if this comes again, report it"},
};

Test(refusal, the_error_tells_the_way)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bk_error err;

		bk_fail(&err, rows[i].code, rows[i].sys_errno, "it failed");
		cr_assert_eq(refusal_of(&refusal, &err, "/mnt/x.bkp"), rows[i].code);
		refusal_text(&refusal, text);
		has("it failed");
		has("nothing is lost");
		has(rows[i].way);
	}
}

Test(refusal, without_an_object)
{
	struct bk_error err;

	bk_fail(&err, BK_E_IO, EACCES, "it failed");
	refusal_of(&refusal, &err, NULL);
	refusal_text(&refusal, text);
	has("To go on: start lightningd again");
}
