/* test_lockfile.c - backup.lock (plugin/lockfile/lockfile.h). */
#include "lockfile.h"
#include "lockkeys.h"
#include "support.h"
#include <sys/stat.h>

SUITE(lockfile);

static enum bk_code parse(const char *text, struct lockfile *lockfile)
{
	return lockfile_parse(lockfile, text, strlen(text), "backup.lock", why());
}

Test(lockfile, parses)
{
	static const struct {
		const char *text, *url, *database;
		bool halts;
		unsigned changes;
		bool no_keyframes;
	} cases[] = {
		/* as the older plugin wrote it */
		{"{\"backend_url\": \"file:///mnt/x/file.bkp\"}", "file:///mnt/x/file.bkp",
			"lightningd.sqlite3", false, 0, false},
		{"{\"backend_url\":\"u\",\"database\":\"other.db\",\"on_gap\":\"halt\","
		 "\"keyframe_changes\":256}\n",
			"u", "other.db", true, 256, false},
		{" \n{ \"on_gap\" : \"heal\", \"keyframe_changes\": 0, \"backend_url\" : \"u\" } "
		 "\r\n\t",
			"u", "lightningd.sqlite3", false, 0, true},
		{"{\"backend_url\":\"u\",\"unknown\":[1,{\"x\":null}]}", "u", "lightningd.sqlite3",
			false, 0, false},
		{"{\"backend_url\":\"\\u00e4 \\\"\\\\\",\"keyframe_changes\":100000}",
			"\xc3\xa4 \"\\", "lightningd.sqlite3", false, 100000, false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct lockfile lockfile;

		ok(parse(cases[i].text, &lockfile));
		cr_assert(strcmp(lockfile.backend_url, cases[i].url) == 0 &&
				  strcmp(lockfile.database, cases[i].database) == 0 &&
				  lockfile.halt_on_gap == cases[i].halts &&
				  lockfile.keyframe_changes == cases[i].changes &&
				  lockfile.no_keyframes == cases[i].no_keyframes,
			"case %zu", i);
		lockfile_done(&lockfile);
		cr_assert(!lockfile.backend_url && !lockfile.database);
	}
}

Test(lockfile, says_where_heartbeats_go)
{
	struct lockfile lockfile;

	ok(parse("{\"backend_url\":\"u\"}", &lockfile));
	cr_assert(!lockfile.heartbeat);
	lockfile_done(&lockfile);
	ok(parse("{\"backend_url\":\"u\",\"heartbeat\":\"https://x/y\"}", &lockfile));
	cr_assert_str_eq(lockfile.heartbeat, "https://x/y");
	lockfile_done(&lockfile);
	fails(BK_E_INVALID, parse("{\"backend_url\":\"u\",\"heartbeat\":\"x\"}", &lockfile));
	says("\"heartbeat\" must be");
	fails(BK_E_INVALID, parse("{\"backend_url\":\"u\",\"heartbeat\":3}", &lockfile));
}

/* One place counts once, however it is written. */
Test(lockfile, names_each_mirror_once)
{
	static const struct {
		const char *mirrors;
		bool once;
	} cases[] = {
		{"\"file:///a\", \"file:///b\"", true},
		{"\"file:///a\", {\"url\": \"file:///a\"}", false},
		{"\"davs://h/p/\", \"davs://h/q\"", true},
		{"\"davs://h/p/\", \"davs://H/p\"", false},
		{"\"davs://h/p\", \"davs://u@h/p?ca=/x\"", false},
		{"\"davs://h/p\", \"davs://h:444/p\"", true},
		{"\"s3://b/p?region=eu\", \"s3://b/p/?region=us\"", true},
		{"\"s3://b/p?endpoint=h\", \"s3://b/p/?endpoint=https://h\"", false},
		{"\"s3://b/p?endpoint=h\", \"s3://b/q?endpoint=h\"", true},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct lockfile lockfile;
		char text[256];
		enum bk_code code;

		snprintf(text, sizeof text, "{\"backend_url\":\"u\",\"mirrors\":[%s]}",
			cases[i].mirrors);
		code = parse(text, &lockfile);
		cr_assert_eq(code, cases[i].once ? BK_OK : BK_E_INVALID, "case %zu", i);
		if (code) {
			says("each of them once");
			continue;
		}
		fails(BK_E_EXISTS,
			lockplaces_add(&lockfile.places, lockfile.places.list[1].url, why()));
		lockfile_done(&lockfile);
	}
}

Test(lockfile, says_what_is_kept)
{
	struct lockfile lockfile;

	ok(parse("{\"backend_url\":\"u\"}", &lockfile));
	cr_assert(!lockfile.has_policy && bk_policy_keeps_all(&lockfile.policy));
	lockfile_done(&lockfile);
	ok(parse("{\"backend_url\":\"u\",\"keep\":{\"all\":\"30d\",\"monthly\":\"forever\","
		 "\"max_size\":\"4G\",\"other\":1}}",
		&lockfile));
	cr_assert(lockfile.has_policy && lockfile.policy.all_us == INT64_C(30) * 86400 * 1000000 &&
		  lockfile.policy.monthly_us == BK_POLICY_EVER && !lockfile.policy.daily_us &&
		  lockfile.policy.bytes_max == 4000000000);
	lockfile_done(&lockfile);
}

Test(lockfile, a_policy_is_written_beside_the_other_keys)
{
	const struct policy_text text = {.all = "12h", .max_size = "500M"};
	struct lockfile lockfile;
	const char *path = scratch("backup.lock");

	fails(BK_E_MISSING, lockfile_write_policy(bk_io_posix(), path, &text, why()));
	put_file(path, "{\"backend_url\":\"u\",\"keep\":{\"daily\":\"1y\"},\"x\":1}", 47);
	ok(lockfile_write_policy(bk_io_posix(), path, &text, why()));
	ok(lockfile_read(&lockfile, bk_io_posix(), path, why()));
	cr_assert(lockfile.policy.all_us && lockfile.policy.bytes_max == 500000000 &&
		  !lockfile.policy.daily_us);
	lockfile_done(&lockfile);
}

/* "and says which key is wrong" */
Test(lockfile, refuses)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "no JSON object"},
		{"   ", "no JSON object"},
		{"{\"backend_url\":\"u\",\"keep\":\"30d\"}", "\"keep\" must be an object"},
		{"{\"backend_url\":\"u\",\"keep\":{\"all\":30}}", "\"keep\" must be an object"},
		{"{\"backend_url\":\"u\",\"keep\":{\"all\":\"soon\"}}", "\"soon\" is no age"},
		{"nonsense", "no JSON object"},
		{"[]", "no JSON object"},
		{"\"text\"", "no JSON object"},
		{"{\"backend_url\": \"u\"", "no JSON object"},
		{"{\"backend_url\": \"u\"} x", "no JSON object"},
		{"{\"backend_url\": \"u\"}{}", "no JSON object"},
		{"{}", "\"backend_url\" must be a text, where the log is, such as \"file:"},
		{"{\"backend_url\": 7}",
			"\"backend_url\" must be a text, where the log is, such as \"file:"},
		{"{\"backend_url\": \"\"}",
			"\"backend_url\" must be a text, where the log is, such as \"file:"},
		{"{\"backend_url\": null}",
			"\"backend_url\" must be a text, where the log is, such as \"file:"},
		{"{\"BACKEND_URL\": \"u\"}",
			"\"backend_url\" must be a text, where the log is, such as \"file:"},
		{"{\"backend_url\": \"u\", \"database\": 7}",
			"\"database\" must be a text, the node's database, such as \"lightn"},
		{"{\"backend_url\": \"u\", \"database\": \"\"}",
			"\"database\" must be a text, the node's database, such as \"lightn"},
		{"{\"backend_url\": \"u\", \"on_gap\": \"stop\"}",
			"\"on_gap\" must be \"heal\" or \"halt\":"},
		{"{\"backend_url\": \"u\", \"on_gap\": true}",
			"\"on_gap\" must be \"heal\" or \"halt\":"},
		{"{\"backend_url\": \"u\", \"keyframe_changes\": -1}",
			"must be a whole number from 0 (no keyframes) to 100000:"},
		{"{\"backend_url\": \"u\", \"keyframe_changes\": 100001}",
			"must be a whole number from 0 (no keyframes) to 100000:"},
		{"{\"backend_url\": \"u\", \"keyframe_changes\": 1.5}",
			"must be a whole number from 0 (no keyframes) to 100000:"},
		{"{\"backend_url\": \"u\", \"keyframe_changes\": \"9\"}",
			"must be a whole number from 0 (no keyframes) to 100000:"},
		{"{\"backend_url\": \"u\", \"keyframe_changes\": 1e99}",
			"must be a whole number from 0 (no keyframes) to 100000:"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct lockfile lockfile;

		cr_assert(code_is(parse(cases[i].text, &lockfile), BK_E_INVALID), "%s: %s",
			cases[i].text, why()->msg);
		says(cases[i].why);
		says("backup.lock");
		says("emove"); /* init reads the same file, and would refuse it too */
		says("backup-cli init");
	}
}

Test(lockfile, reads_files)
{
	struct lockfile lockfile;
	char *large = malloc(LOCKFILE_BYTES_MAX + 1);
	static const char text[] = "{\"backend_url\": \"u\"}";

	fails(BK_E_MISSING, lockfile_read(&lockfile, bk_io_posix(), scratch("none"), why()));
	put_file(scratch("backup.lock"), text, sizeof text - 1);
	ok(lockfile_read(&lockfile, bk_io_posix(), scratch("backup.lock"), why()));
	lockfile_done(&lockfile);
	put_file(scratch("backup.lock"), "", 0);
	fails(BK_E_INVALID, lockfile_read(&lockfile, bk_io_posix(), scratch("backup.lock"), why()));
	mkdir(scratch("dir"), 0700);
	fails(BK_E_IO, lockfile_read(&lockfile, bk_io_posix(), scratch("dir"), why()));
	memset(large, ' ', LOCKFILE_BYTES_MAX + 1);
	memcpy(large, text, sizeof text - 1);
	put_file(scratch("backup.lock"), large, LOCKFILE_BYTES_MAX + 1);
	fails(BK_E_LIMIT, lockfile_read(&lockfile, bk_io_posix(), scratch("backup.lock"), why()));
	free(large);
}

/* The largest that is read, to the byte. */
Test(lockfile, reads_up_to_its_limit)
{
	struct lockfile lockfile;
	char *large = malloc(LOCKFILE_BYTES_MAX);
	static const char text[] = "{\"backend_url\": \"u\"}";

	memset(large, ' ', LOCKFILE_BYTES_MAX);
	memcpy(large, text, sizeof text - 1);
	put_file(scratch("backup.lock"), large, LOCKFILE_BYTES_MAX);
	ok(lockfile_read(&lockfile, bk_io_posix(), scratch("backup.lock"), why()));
	lockfile_done(&lockfile);
	free(large);
}

static bool holds(const char *path, const char *text)
{
	size_t size;
	char *bytes = (char *)file_bytes(path, &size);
	bool found;

	bytes[size] = '\0';
	found = strstr(bytes, text) != NULL;
	free(bytes);
	return found;
}

/* "keeping all its other keys, or makes it. It is replaced whole" */
Test(lockfile, writes)
{
	static const char old[] =
		"{\"mine\": [1, 2], \"backend_url\": \"old\", \"on_gap\": \"halt\"}";
	const char *path = scratch("backup.lock");
	struct lockfile lockfile;
	struct stat st;

	ok(lockfile_write(bk_io_posix(), path, "file:///a \"b\"", NULL, NULL, NULL, why()));
	ok(lockfile_read(&lockfile, bk_io_posix(), path, why()));
	cr_assert(strcmp(lockfile.backend_url, "file:///a \"b\"") == 0 &&
		  strcmp(lockfile.database, "lightningd.sqlite3") == 0);
	lockfile_done(&lockfile);
	cr_assert(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	put_file(path, old, sizeof old - 1);
	ok(lockfile_write(bk_io_posix(), path, "new", "other.db", NULL, NULL, why()));
	ok(lockfile_read(&lockfile, bk_io_posix(), path, why()));
	cr_assert(strcmp(lockfile.backend_url, "new") == 0 &&
		  strcmp(lockfile.database, "other.db") == 0 && lockfile.halt_on_gap);
	lockfile_done(&lockfile);
	cr_assert(holds(path, "\"mine\"") && !holds(path, "old") &&
		  !has_file(scratch("backup.lock.new")));
	ok(lockfile_write(bk_io_posix(), path, "newer", NULL, NULL, NULL, why()));
	cr_assert(holds(path, "other.db"));
}

Test(lockfile, writes_nothing_over_what_it_does_not_understand)
{
	const char *path = scratch("backup.lock");

	put_file(path, "no JSON", 7);
	fails(BK_E_INVALID, lockfile_write(bk_io_posix(), path, "u", NULL, NULL, NULL, why()));
	cr_assert(holds(path, "no JSON"));
	fails(BK_E_IO, lockfile_write(bk_io_posix(), scratch("none/backup.lock"), "u", NULL, NULL,
			       NULL, why()));
}
