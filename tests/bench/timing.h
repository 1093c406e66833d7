/* timing.h - what the benchmarks share: a clock, figures of many times, repeatable chance. */
#ifndef TIMING_H
#define TIMING_H

#include <bk/error.h>
#include <stdint.h>
#include <stdio.h>

double seconds_now(void);

/* splitmix64: the same numbers for the same STATE. */
uint64_t next_random(uint64_t *state);

/* The value that PERCENT of the COUNT (at least 1) do not exceed. Sorts them. */
double percentile(double *values, unsigned count, unsigned percent);

/* Lets the system forget what it has of the file, once it is on the disk. */
void drop_cache(const char *path);

/* Reads the file once: what is measured then is not the disk. */
void fill_cache(const char *path);

/* The file for figures as JSON; NULL without PATH. */
FILE *open_json(const char *path);

/* Prints both and ends the benchmark. */
_Noreturn void die(const char *doing, const char *why);
void must(enum bk_code code, const char *doing, const struct bk_error *err);

#endif
