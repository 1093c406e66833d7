/* timing.c - what the benchmarks share. */
#include "timing.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return left < right ? -1 : left > right;
}

double percentile(double *values, unsigned count, unsigned percent)
{
	qsort(values, count, sizeof *values, by_value);
	return values[(uint64_t)(count - 1) * percent / 100];
}

void drop_cache(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path, strerror(errno));
	fdatasync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

void fill_cache(const char *path)
{
	static char block[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path, strerror(errno));
	while (read(fd, block, sizeof block) > 0)
		continue;
	close(fd);
}

FILE *open_json(const char *path)
{
	FILE *file = path ? fopen(path, "we") : NULL;

	if (path && !file)
		die(path, strerror(errno));
	return file;
}

void die(const char *doing, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, doing, why);
	exit(EXIT_FAILURE);
}

void must(enum bk_code code, const char *doing, const struct bk_error *err)
{
	if (code)
		die(doing, err->msg);
}
