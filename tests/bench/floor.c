/* floor.c - the least that a backup can cost: answers each message after it has written and synced
 * so many bytes, and does nothing else. The benchmark's floor.
 *
 * Usage: floor FILE BYTES */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_BYTES ((size_t)1 << 20)

struct floor {
	int file;
	char *bytes; /* what is appended for each message */
	size_t size;
	char *text; /* what came and was not answered yet */
	size_t used, room;
};

static int append(const struct floor *floor)
{
	size_t done = 0;

	while (done < floor->size) {
		ssize_t n = write(floor->file, floor->bytes + done, floor->size - done);

		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return fdatasync(floor->file);
}

/* Answers the message, which begins with its id as lightningd writes it. */
static int answer(const char *message, size_t size)
{
	const char *id = memmem(message, size, "\"id\":\"", 6);
	const char *end = id ? memchr(id + 6, '"', size - (size_t)(id + 6 - message)) : NULL;
	char text[256];
	int length;

	if (!end)
		return -1;
	length = snprintf(text, sizeof text,
		"{\"jsonrpc\":\"2.0\",%.*s,\"result\":{\"result\":\"continue\"}}\n\n",
		(int)(end + 1 - id), id);
	return write(STDOUT_FILENO, text, (size_t)length) == length ? 0 : -1;
}

/* Takes the messages that are whole. */
static int take(struct floor *floor, size_t scanned)
{
	char *start = floor->text, *end;
	char *from = scanned ? start + scanned - 1 : start;

	while ((end = memmem(from, (size_t)(floor->text + floor->used - from), "\n\n", 2))) {
		if (append(floor) != 0 || answer(start, (size_t)(end - start)) != 0)
			return -1;
		from = start = end + 2;
	}
	floor->used -= (size_t)(start - floor->text);
	memmove(floor->text, start, floor->used);
	return 0;
}

static int serve(struct floor *floor)
{
	for (;;) {
		size_t before = floor->used;
		ssize_t n;

		if (floor->room - floor->used < ROOM_BYTES) {
			char *text = realloc(floor->text, floor->room + 2 * ROOM_BYTES);

			if (!text)
				return -1;
			floor->text = text;
			floor->room += 2 * ROOM_BYTES;
		}
		n = read(STDIN_FILENO, floor->text + floor->used, ROOM_BYTES);
		if (n <= 0)
			return (int)n;
		floor->used += (size_t)n;
		if (take(floor, before) != 0)
			return -1;
	}
}

int main(int argc, char **argv)
{
	struct floor floor = {.size = argc == 3 ? strtoul(argv[2], NULL, 10) : 0};

	if (argc != 3) {
		fprintf(stderr, "Usage: floor FILE BYTES\n");
		return 2;
	}
	floor.bytes = calloc(1, floor.size + 1);
	floor.file = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (!floor.bytes || floor.file < 0 || serve(&floor) != 0) {
		perror("floor");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
