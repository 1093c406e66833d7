/* fuzz.h - what every fuzz target shares.
 *
 * A target is one file that defines LLVMFuzzerTestOneInput. It is built with libFuzzer (preset
 * fuzz), and in every build as a plain program that runs its corpus and some thousand mutations of
 * it. A target may define LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver, too: both then
 * mutate by them. */
#ifndef FUZZ_H
#define FUZZ_H

#include <bk/error.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
	uint8_t *out, size_t max, unsigned seed);

/* Mutates bytes that mean nothing: libFuzzer's, or plain.c's. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* A property that must hold; stays on in every build. */
#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
