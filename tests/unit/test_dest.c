/* test_dest.c - destinations: where a log lives, as a URL (bk/dest.h). */
#include "support.h"
#include <bk/dest.h>

SUITE(dest);

Test(dest, paths_of_urls)
{
	static const struct {
		const char *url, *path;
	} cases[] = {
		{"file:///mnt/x/file.bkp", "/mnt/x/file.bkp"},
		{"file:/mnt/file.bkp", "/mnt/file.bkp"},
		{"file://localhost/mnt/f", "/mnt/f"},
		{"file:///a%20b%2Fc%7e", "/a b/c~"},
		{"file:///100%", "/100%"},
		{"file:///5%zz%2", "/5%zz%2"},
		{"/mnt/a b.bkp", "/mnt/a b.bkp"},
		{"relative/f", "relative/f"},
		{"f", "f"},
		{"/not%20decoded", "/not%20decoded"},
		{"./a:b", "./a:b"},
		{"c:x", "c:x"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *path = NULL;

		ok(bk_dest_path(&path, cases[i].url, why()));
		cr_assert(strcmp(path, cases[i].path) == 0, "%s is %s", cases[i].url, path);
		free(path);
	}
}

Test(dest, refuses)
{
	static const struct {
		const char *url, *why;
	} cases[] = {
		{"", "names no file"},
		{"file://", "names no absolute path"},
		{"file:relative", "names no absolute path"},
		{"file://host/path", "names no absolute path"},
		{"file:///", "names no file"},
		{"file:///dir/", "names no file"},
		{"/dir/", "names no file"},
		{"file:///a%00b", "names no file"},
		{"socket:localhost:1234", "does not serve"},
		{"http://x/y", "does not serve"},
		{"s3://bucket/x", "does not serve"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *path = NULL;

		cr_assert(code_is(bk_dest_path(&path, cases[i].url, why()), BK_E_INVALID), "%s",
			cases[i].url);
		says(cases[i].why);
		cr_assert(!path);
	}
}

Test(dest, a_url_that_is_too_long)
{
	char url[BK_DEST_URL_MAX + 2], *path = NULL;

	memset(url, 'x', sizeof url);
	url[BK_DEST_URL_MAX] = '\0';
	ok(bk_dest_path(&path, url, why()));
	free(path);
	url[BK_DEST_URL_MAX] = 'x';
	url[BK_DEST_URL_MAX + 1] = '\0';
	fails(BK_E_INVALID, bk_dest_path(&path, url, why()));
	says("is too long");
}

Test(dest, urls_of_paths)
{
	static const struct {
		const char *path, *url;
	} cases[] = {
		{"/mnt/file.bkp", "file:///mnt/file.bkp"},
		{"/a b\"c\\d%e\n", "file:///a%20b%22c%5Cd%25e%0A"},
		{"/\xc3\xa4", "file:///%C3%A4"},
	};
	char *url = NULL;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		ok(bk_dest_url(&url, cases[i].path, why()));
		cr_assert(strcmp(url, cases[i].url) == 0, "%s", url);
		free(url);
	}
	cr_assert(chdir("/") == 0);
	ok(bk_dest_url(&url, "f", why()));
	cr_assert(strcmp(url, "file:///f") == 0, "%s", url);
	free(url);
	cr_assert(chdir("/tmp") == 0);
	ok(bk_dest_url(&url, "a/f", why()));
	cr_assert(strcmp(url, "file:///tmp/a/f") == 0, "%s", url);
	free(url);
}

/* The path of a path's URL is the path, whatever bytes are in it. */
Test(dest, paths_come_back)
{
	uint64_t seed = test_seed();

	for (unsigned i = 0; i < 2000; i++) {
		char name[60] = "/", *url = NULL, *path = NULL;

		for (size_t at = 1; at < 50; at++)
			name[at] = (char)(1 + random_next(&seed) % 255);
		name[49] = 'x';
		ok(bk_dest_url(&url, name, why()));
		ok(bk_dest_path(&path, url, why()));
		cr_assert(strcmp(path, name) == 0, "%s", url);
		free(url);
		free(path);
	}
}
