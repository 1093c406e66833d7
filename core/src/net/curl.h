/* curl.h - libcurl, loaded by who makes a request. */
#ifndef BK_CURL_LOADED_H
#define BK_CURL_LOADED_H

#include <bk/error.h>
#include <curl/curl.h>

struct curl {
	CURL *(*init)(void);
	void (*reset)(CURL *easy);
	CURLcode (*setopt)(CURL *easy, CURLoption option, ...);
	CURLcode (*getinfo)(CURL *easy, CURLINFO info, ...);
	CURLcode (*perform)(CURL *easy);
	const char *(*strerror)(CURLcode code);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free)(struct curl_slist *list);
	time_t (*getdate)(const char *text, const time_t *unused);
};

/* Sets *OUT, which lives for ever. Fails with BK_E_MISSING where this computer has none. */
BK_MUST_CHECK enum bk_code bk_curl_load(const struct curl **out, struct bk_error *err);

#endif
