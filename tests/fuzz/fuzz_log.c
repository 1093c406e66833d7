/* fuzz_log.c - a whole log that says anything: the input is the file. Its sums are right where the
 * mutator made it (mutate.h). */
#include "exercise.h"
#include "fuzz.h"
#include "mutate.h"

#define SIZE_MAX_OF_LOG 65536

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return mutate_log(data, size, max, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
	uint8_t *out, size_t max, unsigned seed)
{
	return cross_logs(a, a_size, b, b_size, out, max, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct logbuild log = {0};
	struct bk_error err;

	bk_buf_init(&log.bytes, SIZE_MAX_OF_LOG);
	if (!size || bk_buf_append(&log.bytes, data, size, &err))
		return 0;
	exercise_log(&log);
	logbuild_done(&log);
	return 0;
}
