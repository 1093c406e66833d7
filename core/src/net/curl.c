/* curl.c - libcurl, loaded once. */
#include "curl.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static struct curl loaded;
static bool is_loaded;

/* Sets FUNCTION to the library's NAME; dlsym gives functions as pointers to data (POSIX allows
 * that). */
static bool find(void *library, const char *name, void *function)
{
	*(void **)function = dlsym(library, name);
	return *(void **)function;
}

static void load(void)
{
	static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
	CURLcode (*global_init)(long flags);
	void *library = NULL;

	for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	is_loaded = library && find(library, "curl_global_init", &global_init) &&
		    find(library, "curl_easy_init", &loaded.init) &&
		    find(library, "curl_easy_reset", &loaded.reset) &&
		    find(library, "curl_easy_setopt", &loaded.setopt) &&
		    find(library, "curl_easy_getinfo", &loaded.getinfo) &&
		    find(library, "curl_easy_perform", &loaded.perform) &&
		    find(library, "curl_easy_strerror", &loaded.strerror) &&
		    find(library, "curl_slist_append", &loaded.slist_append) &&
		    find(library, "curl_slist_free_all", &loaded.slist_free) &&
		    find(library, "curl_getdate", &loaded.getdate) &&
		    !global_init(CURL_GLOBAL_DEFAULT);
}

enum bk_code bk_curl_load(const struct curl **out, struct bk_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	*out = &loaded;
	return is_loaded ? BK_OK
			 : bk_fail(err, BK_E_MISSING, 0,
				   "this needs libcurl, which is not here: apt-get install libcurl4");
}
