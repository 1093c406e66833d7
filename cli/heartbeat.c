/* heartbeat.c - a URL that is fetched while all is well.
 *
 * libcurl is loaded here and not linked: it brings thirty libraries along, which would make each
 * start of backup-cli 11 ms longer, and a heartbeat is for those who ask for one. */
#include "heartbeat.h"
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#define ALL_MS     15000L
#define CONNECT_MS 10000L

struct curl {
	void *library;
	CURLcode (*global_init)(long flags);
	CURL *(*init)(void);
	CURLcode (*setopt)(CURL *easy, CURLoption option, ...);
	CURLcode (*perform)(CURL *easy);
	void (*cleanup)(CURL *easy);
	const char *(*strerror)(CURLcode code);
};

/* A function of the library; dlsym gives them as pointers to data (POSIX allows that). */
static bool find(const struct curl *curl, const char *name, void *function)
{
	*(void **)function = dlsym(curl->library, name);
	return *(void **)function;
}

static enum bk_code load(struct curl *curl, struct bk_error *err)
{
	static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

	for (size_t i = 0; i < sizeof names / sizeof *names && !curl->library; i++)
		curl->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (curl->library && find(curl, "curl_global_init", &curl->global_init) &&
		find(curl, "curl_easy_init", &curl->init) &&
		find(curl, "curl_easy_setopt", &curl->setopt) &&
		find(curl, "curl_easy_perform", &curl->perform) &&
		find(curl, "curl_easy_cleanup", &curl->cleanup) &&
		find(curl, "curl_easy_strerror", &curl->strerror))
		return BK_OK;
	return bk_fail(err, BK_E_MISSING, 0,
		"a heartbeat needs libcurl, which is not here: apt-get install libcurl4");
}

static size_t take_nothing(char *data, size_t size, size_t count, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * count;
}

static CURLcode fetch(const struct curl *curl, CURL *easy, const char *url, char *said)
{
	CURLcode code = curl->setopt(easy, CURLOPT_URL, url);

	if (!code)
		code = curl->setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	if (!code)
		code = curl->setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl->setopt(easy, CURLOPT_ERRORBUFFER, said);
	curl->setopt(easy, CURLOPT_FAILONERROR, 1L);
	curl->setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl->setopt(easy, CURLOPT_MAXREDIRS, 5L);
	curl->setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl->setopt(easy, CURLOPT_TIMEOUT_MS, ALL_MS);
	curl->setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl->setopt(easy, CURLOPT_USERAGENT, "backup-cli/" BK_RELEASE);
	curl->setopt(easy, CURLOPT_WRITEFUNCTION, take_nothing);
	return code ? code : curl->perform(easy);
}

enum bk_code heartbeat_send(const char *url, struct bk_error *err)
{
	char said[CURL_ERROR_SIZE] = "";
	struct curl curl = {.library = NULL};
	enum bk_code code = load(&curl, err);
	CURLcode result;
	CURL *easy;

	if (code)
		return code;
	easy = curl.global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl.init();
	if (!easy)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for libcurl");
	result = fetch(&curl, easy, url, said);
	curl.cleanup(easy);
	/* The URL is a secret of its own: who knows it can send heartbeats. */
	if (result)
		return bk_fail(err, BK_E_IO, 0, "the heartbeat could not be sent: %s",
			*said ? said : curl.strerror(result));
	return BK_OK;
}
