/* test_outgoing.c - an image, sent as the older plugin's SNAPSHOT: what is spooled for that tells
 * nothing. */
#include "node.h"
#include "outgoing.h"
#include "packet.h"

SUITE(outgoing);

struct heap {
	uint8_t *bytes;
	size_t size;
};

static struct heap sent, written;

static void heap_add(struct heap *heap, const void *data, size_t size)
{
	heap->bytes = realloc(heap->bytes, heap->size + size);
	cr_assert(heap->bytes);
	memcpy(heap->bytes + heap->size, data, size);
	heap->size += size;
}

static int64_t take(void *ctx, int fd, const void *data, size_t size)
{
	(void)ctx;
	(void)fd;
	heap_add(&sent, data, size);
	return (int64_t)size;
}

static int64_t now(void *ctx)
{
	(void)ctx;
	return 0;
}

static int64_t watch(void *ctx, int fd, const void *data, size_t size, uint64_t offset)
{
	(void)ctx;
	heap_add(&written, data, size);
	return pwrite(fd, data, size, (off_t)offset);
}

/* The packed database is as good as the database. */
Test(outgoing, what_is_spooled_tells_nothing)
{
	static const struct bk_net_ops net_ops = {.send = take, .now_ms = now};
	const struct bk_net net = {.ops = &net_ops};
	struct channel channel = {.net = &net, .wait_ms = 1000};
	struct bk_io_ops ops = *bk_io_posix()->ops;
	const struct bk_io io = {.ops = &ops};
	const size_t head = PACKET_HEAD_SIZE + 4;
	struct bk_image *image;
	struct bk_log *log;
	struct node node;

	node_begin(&node, 0);
	node_busy(&node, 9);
	log = node_log(&node);
	ok(bk_image_open(&image, log, node.version, NULL, why()));
	ops.pwrite = watch;
	ok(bk_outgoing_send(&channel, &io, node.path, image, why()));
	cr_assert(sent.size > head + 64 && written.size >= sent.size - head);
	for (size_t at = head; at + 16 <= sent.size; at += 16)
		cr_assert(!memmem(written.bytes, written.size, sent.bytes + at, 16), "at %zu", at);
	bk_image_close(image);
	bk_log_close(log);
	node_end(&node);
	free(sent.bytes);
	free(written.bytes);
}
