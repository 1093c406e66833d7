/* fuzz_objecturl.c - URLs of stores: what is taken leads nowhere but where it says, and nothing of it is
 * a line or a header of its own. */
#include "fuzz.h"
#include "objecturl.h"
#include <string.h>

static void check_line(const char *text)
{
	for (; *text; text++)
		REQUIRE((unsigned char)*text > ' ' && (unsigned char)*text < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct object_url url;
	struct bk_error err = {0};

	REQUIRE(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (bk_objecturl_parse(&url, text, &err)) {
		REQUIRE(err.code == BK_E_INVALID && *err.msg && !url.text && !url.origin);
	} else {
		check_line(url.origin);
		check_line(url.path);
		REQUIRE(*url.host && url.path[0] == '/' && url.path[strlen(url.path) - 1] == '/');
		REQUIRE(!strstr(url.path, "/../") && !strstr(url.path, "//"));
		REQUIRE(!url.proxy || strncmp(url.proxy, "socks5h://", 10) == 0);
		REQUIRE(strncmp(url.origin, "https://", 8) == 0 ||
			strstr(url.origin, "//localhost") || strstr(url.origin, "//127.") ||
			strstr(url.origin, "//[::1]") || strstr(url.origin, ".onion"));
		REQUIRE(!url.user || !strchr(url.user, ':'));
		bk_objecturl_done(&url);
	}
	free(text);
	return 0;
}
