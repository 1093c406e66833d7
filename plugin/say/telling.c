/* telling.c - saying now and then how far long work is. */
#include "telling.h"
#include "out.h"

#define SECONDS_BETWEEN 10

void telling_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct telling *telling = ctx;
	time_t now = time(NULL);

	if (now - telling->told < SECONDS_BETWEEN)
		return;
	telling->told = now;
	out_log(LEVEL_INFO, "%s: %llu of %llu pages", telling->doing, (unsigned long long)done,
		(unsigned long long)total);
}
