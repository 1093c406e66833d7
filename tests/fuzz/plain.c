/* plain.c - runs a fuzz target without libFuzzer: each file of its corpus, then mutations of them,
 * the same ones each time.
 *
 * usage: fuzz_TARGET_plain FOLDER [RUNS [SEED]]   or: fuzz_TARGET_plain FILE
 *
 * An input on which the target aborts goes into the file that BK_FINDING in the environment names.
 */
#include "fuzz.h"
#include "rng.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUTS_MAX   4096
#define INPUT_GROWTH 64
#define STRUCTURED   16384 /* bytes that a target's own mutator may make of an input */
#define CROSS_CHANCE 15    /* percent */
#define RUNS_DEFAULT 3000
#define SEED_DEFAULT 1

struct input {
	uint8_t *data; /* INPUT_GROWTH bytes more than size */
	size_t size;
};

struct corpus {
	struct input list[INPUTS_MAX];
	size_t count;
};

#pragma weak LLVMFuzzerCustomMutator
#pragma weak LLVMFuzzerCustomCrossOver

/* What is run, and where it goes if that aborts. */
static const uint8_t *running;
static size_t running_size;
static const char *finding;

static void save_running(int signal_number)
{
	int fd = finding ? open(finding, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;

	(void)signal_number; /* back from here it aborts all the same */
	if (fd < 0 || write(fd, running, running_size) != (ssize_t)running_size)
		return;
	close(fd);
}

static void run(const uint8_t *data, size_t size)
{
	running = data;
	running_size = size;
	LLVMFuzzerTestOneInput(data, size);
}

static void read_input(struct corpus *corpus, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct input *input = &corpus->list[corpus->count];
	struct stat st;

	REQUIRE(file && fstat(fileno(file), &st) == 0 && corpus->count < INPUTS_MAX);
	input->size = (size_t)st.st_size;
	input->data = malloc(input->size + INPUT_GROWTH);
	REQUIRE(input->data && fread(input->data, 1, input->size, file) == input->size);
	fclose(file);
	corpus->count++;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_folder(struct corpus *corpus, const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, by_name);
	char whole[4096];

	REQUIRE(count >= 0);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			snprintf(whole, sizeof whole, "%s/%s", path, entries[i]->d_name);
			read_input(corpus, whole);
		}
		free(entries[i]);
	}
	free(entries);
}

/* A few changes of a kind that finds the edges of lengths and fields. */
static size_t mutate(struct rng *rng, uint8_t *data, size_t size, const struct corpus *corpus)
{
	static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff, '"', '%', ';'};
	const struct input *other = &corpus->list[rng_below(rng, (uint32_t)corpus->count)];
	uint32_t at = size ? rng_below(rng, (uint32_t)size) : 0;
	size_t part;

	switch (size ? rng_below(rng, 6) : 5) {
	case 0:
		data[at] ^= (uint8_t)(1u << rng_below(rng, 8));
		return size;
	case 1:
		data[at] = edges[rng_below(rng, sizeof edges)];
		return size;
	case 2:
		data[at] = (uint8_t)(data[at] + rng_below(rng, 9) - 4);
		return size;
	case 3: /* cut off, or a hole */
		part = rng_below(rng, 16);
		if (at + part >= size)
			return at;
		memmove(data + at, data + at + part, size - at - part);
		return size - part;
	case 4: /* a piece of another one over it */
		part = other->size ? rng_below(rng, (uint32_t)other->size) : 0;
		if (part > size - at)
			part = size - at;
		if (part)
			memcpy(data + at, other->data + other->size - part, part);
		return size;
	default: /* a byte more */
		memmove(data + at + 1, data + at, size - at);
		data[at] = (uint8_t)rng_next(rng);
		return size + 1;
	}
}

/* What a target's own mutator asks for; its chance comes from what it mutates. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	static struct corpus none = {.count = 1};
	static struct rng rng = {SEED_DEFAULT};

	return size && size < max ? mutate(&rng, data, size, &none) : size;
}

static size_t mutate_bytes(struct rng *rng, uint8_t *data, size_t size, const struct corpus *corpus)
{
	uint32_t steps = 1 + rng_below(rng, 8);

	for (uint32_t i = 0; i < steps; i++)
		size = mutate(rng, data, size, corpus);
	return size;
}

static size_t mutate_structure(
	struct rng *rng, uint8_t *data, size_t size, size_t max, const struct corpus *corpus)
{
	const struct input *other = &corpus->list[rng_below(rng, (uint32_t)corpus->count)];
	uint8_t *copy;

	if (!LLVMFuzzerCustomCrossOver || !rng_chance(rng, CROSS_CHANCE))
		return LLVMFuzzerCustomMutator(data, size, max, (unsigned)rng_next(rng));
	copy = malloc(size + 1);
	REQUIRE(copy);
	memcpy(copy, data, size);
	size = LLVMFuzzerCustomCrossOver(
		copy, size, other->data, other->size, data, max, (unsigned)rng_next(rng));
	free(copy);
	return size;
}

static void run_mutation(struct rng *rng, const struct corpus *corpus)
{
	const struct input *input = &corpus->list[rng_below(rng, (uint32_t)corpus->count)];
	size_t room = input->size + (LLVMFuzzerCustomMutator ? STRUCTURED : INPUT_GROWTH);
	uint8_t *data = malloc(room);
	size_t size = input->size;

	REQUIRE(data);
	memcpy(data, input->data, size);
	size = LLVMFuzzerCustomMutator ? mutate_structure(rng, data, size, room, corpus)
				       : mutate_bytes(rng, data, size, corpus);
	/* An allocation of the exact size, so that a read past the end shows. */
	data = realloc(data, size ? size : 1);
	REQUIRE(data);
	run(data, size);
	free(data);
}

int main(int argc, char **argv)
{
	static struct corpus corpus;
	unsigned long runs = argc > 2 ? strtoul(argv[2], NULL, 10) : RUNS_DEFAULT;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : SEED_DEFAULT;
	struct stat st;

	if (argc < 2 || stat(argv[1], &st)) {
		fprintf(stderr, "usage: %s FOLDER [RUNS [SEED]], or %s FILE\n", argv[0], argv[0]);
		return EXIT_FAILURE;
	}
	if (S_ISDIR(st.st_mode))
		read_folder(&corpus, argv[1]);
	else
		read_input(&corpus, argv[1]);
	REQUIRE(corpus.count);
	finding = getenv("BK_FINDING");
	signal(SIGABRT, save_running);
	for (size_t i = 0; i < corpus.count; i++)
		run(corpus.list[i].data, corpus.list[i].size);
	for (unsigned long i = 0; S_ISDIR(st.st_mode) && i < runs; i++) {
		struct rng rng = rng_of(seed, i);

		run_mutation(&rng, &corpus);
	}
	printf("%zu inputs, %lu mutations of them (seed %llu)\n", corpus.count,
		S_ISDIR(st.st_mode) ? runs : 0, (unsigned long long)seed);
	for (size_t i = 0; i < corpus.count; i++)
		free(corpus.list[i].data);
	return EXIT_SUCCESS;
}
