/* webtime.c - times as HTTP and S3 write them. */
#include "web.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static int month_of(const char *name)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *at = strstr(names, name);

	return at && (at - names) % 3 == 0 ? (int)(at - names) / 3 : -1;
}

int64_t bk_web_time(const char *text)
{
	struct tm parts = {0};
	char month[4] = "";
	time_t when;

	if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT", &parts.tm_mday, month,
		    &parts.tm_year, &parts.tm_hour, &parts.tm_min, &parts.tm_sec) == 6)
		parts.tm_mon = strlen(month) == 3 ? month_of(month) : -1;
	else if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &parts.tm_year, &parts.tm_mon,
			 &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec) == 6)
		parts.tm_mon--;
	else
		return 0;
	if (parts.tm_mon < 0 || parts.tm_mon > 11 || parts.tm_year < 1970)
		return 0;
	parts.tm_year -= 1900;
	when = timegm(&parts);
	return when > 0 ? when : 0;
}
