/* fuzz_url.c - URLs of destinations: a path survives being written as a URL. */
#include "fuzz.h"
#include <bk/dest.h>
#include <string.h>

static void check_path(const char *path)
{
	char *url = NULL, *back = NULL;
	struct bk_error err;

	REQUIRE(bk_dest_url(&url, path, &err) == BK_OK);
	REQUIRE(strncmp(url, "file:///", 8) == 0);
	for (const char *at = url; *at; at++)
		REQUIRE(*at > ' ' && *at < 0x7f && *at != '"' && *at != '\\');
	if (strlen(url) <= BK_DEST_URL_MAX) {
		REQUIRE(bk_dest_path(&back, url, &err) == BK_OK);
		REQUIRE(*path != '/' || strcmp(back, path) == 0);
		REQUIRE(*path == '/' || strcmp(back + strlen(back) - strlen(path), path) == 0);
	}
	free(back);
	free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *url = malloc(size + 1), *path = NULL;
	struct bk_error err = {0};
	enum bk_code code;

	REQUIRE(url);
	memcpy(url, data, size);
	url[size] = '\0';
	code = bk_dest_path(&path, url, &err);
	if (code) {
		REQUIRE(code == BK_E_INVALID && *err.msg && !path);
	} else {
		REQUIRE(*path && path[strlen(path) - 1] != '/');
		REQUIRE(strncmp(url, "file:", 5) != 0 || *path == '/');
		check_path(path);
	}
	free(path);
	free(url);
	return 0;
}
