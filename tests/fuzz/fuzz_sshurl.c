/* fuzz_sshurl.c - ssh:// URLs: what is taken gives ssh no option, and the shell there one word. */
#include "fuzz.h"
#include "sshurl.h"
#include "wire.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct sshurl url;
	struct bk_error err = {0};

	REQUIRE(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (bk_sshurl_parse(&url, text, &err)) {
		REQUIRE(err.code == BK_E_INVALID && *err.msg && !url.text && !url.command);
	} else {
		REQUIRE(*url.host && *url.host != '-' && (!url.user || *url.user != '-'));
		REQUIRE(bk_wire_is_name(url.name, strlen(url.name)));
		REQUIRE(*url.root && *url.program && *url.program != '-');
		REQUIRE(strncmp(url.command, url.program, strlen(url.program)) == 0);
		bk_sshurl_done(&url);
	}
	free(text);
	return 0;
}
