/* secret.c - memory for what nobody else may read. */
#include "secret.h"
#include <sodium.h>
#include <stddef.h>

/* sodium_malloc ends what it gives at a page's end: only a size that this divides begins where any
 * type may. */
#define ALIGNMENT _Alignof(max_align_t)

void *bk_secret_new(size_t size)
{
	void *secret;

	if (sodium_init() < 0)
		return NULL;
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	secret = sodium_malloc(size);
	if (secret)
		sodium_memzero(secret, size);
	return secret;
}

void bk_secret_free(void *secret)
{
	sodium_free(secret);
}

void bk_secret_wipe(void *bytes, size_t size)
{
	sodium_memzero(bytes, size);
}

enum bk_code bk_secret_no_memory(struct bk_error *err)
{
	return bk_fail(err, BK_E_NOMEM, 0, "no memory for a key");
}
