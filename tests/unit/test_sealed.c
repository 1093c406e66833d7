/* test_sealed.c - sealed logs: what opens them, and what a stranger can do to one without the key
 * (docs/format.md, 13). The suites that run a second time with BK_TEST_SEALED show that all else
 * is as in a log in the clear. */
#include "bech32.h"
#include "forge.h"
#include "log.h"
#include "node.h"
#include "seal.h"
#include "slots.h"
#include <bk/slots.h>
#include <bk/verify.h>
#include <sys/resource.h>

SUITE(sealed);

#define SLOT 8

/* A sealed log of some intervals, and a rewind in it. */
static void begin(struct node *node)
{
	setenv("BK_TEST_SEALED", "1", 0);
	node_begin(node, 4);
	node_busy(node, 9);
	ok(bk_keyframes_build(node->writer, why()));
	node_lost(node, "DELETE FROM busy");
	node_restart(node);
	ok(bk_writer_rewind(node->writer, node->version, why()));
	node_busy(node, 4);
}

static struct bk_verify_result verify(const struct node *node, const char *path, bool with_key)
{
	struct bk_io io = node->io.io;
	struct bk_verify_result result;

	if (!with_key)
		io.keys = NULL;
	ok(bk_verify(&io, path, NULL, &result, why()));
	return result;
}

/* Whether the log at PATH is not taken for whole. */
static bool is_found(const struct node *node, const char *path)
{
	struct bk_io io = node->io.io;
	struct bk_verify_result result;
	enum bk_code code = bk_verify(&io, path, NULL, &result, why());

	return code || result.findings || result.torn_bytes;
}

Test(sealed, a_whole_log)
{
	struct node node;
	struct bk_verify_result result;

	begin(&node);
	result = verify(&node, node.path, true);
	cr_assert(!result.findings && !result.torn_bytes && !result.is_shut);
	cr_assert(result.head_known && result.head == node.version);
	node_check_all(&node, NULL, NULL);
	result = verify(&node, node.path, false);
	cr_assert(!result.findings && !result.torn_bytes && result.is_shut && !result.head_known);
	cr_assert(result.changes == node.version + 1 && result.keyframes > 2);
	node_end(&node);
}

/* What a stranger reads in the file: slots, sizes, times, counts; no text of ours. */
Test(sealed, nothing_stands_in_the_clear)
{
	static const char *const texts[] = {"program=", "host=", "sqlite=", "log=", "data_version",
		"vars", "busy", "CREATE", "INSERT", "\x28\xb5\x2f\xfd"};
	struct node node;
	uint8_t *bytes;
	size_t size;

	begin(&node);
	node_end(&node);
	bytes = file_bytes(node.path, &size);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		cr_assert(!memmem(bytes, size, texts[i], strlen(texts[i])), "%s", texts[i]);
	for (size_t i = 0; i < size; i++)
		cr_assert(i + 32 > size || memcmp(bytes + i, "wwwwwwwwwwwwwwww", 16) != 0);
	free(bytes);
}

static struct bk_keyring *ring_of(const char *passphrase)
{
	struct bk_keyring *ring;

	ok(bk_keyring_new(&ring, why()));
	if (passphrase)
		ok(bk_keyring_add_passphrase(ring, passphrase, strlen(passphrase), why()));
	return ring;
}

static enum bk_code open_with(struct node *node, struct bk_keyring *ring)
{
	struct bk_io io = node->io.io;
	struct bk_log *log;
	enum bk_code code;

	io.keys = ring;
	code = bk_log_open(&log, &io, node->path, why());
	if (!code)
		bk_log_close(log);
	return code;
}

/* Each failure has its own message. A slot that is added later opens the log, where it stands. */
Test(sealed, keys_that_do_not_fit)
{
	struct bk_keyring *none = ring_of(NULL), *right = ring_of("right"),
			  *wrong = ring_of("wright");
	struct bk_keyring *other = ring_of(NULL);
	struct node node;

	begin(&node);
	fails(BK_E_SEALED, open_with(&node, NULL));
	says("no key was given: it opens for a seed");
	fails(BK_E_SEALED, open_with(&node, none));
	fails(BK_E_SEALED, open_with(&node, right));
	says("has no slot for what was given: it opens for a seed");
	ok(bk_keyring_add_secret(other,
		"8888888888888888888888888888888888888888888888888888888888888888", 64, why()));
	fails(BK_E_SEALED, open_with(&node, other));
	says("the seed is not the one");
	ok(bk_writer_add_slots(node.writer, right, why()));
	ok(open_with(&node, right));
	fails(BK_E_SEALED, open_with(&node, wrong));
	says("the passphrase is not the one that it is sealed for (it has slots for a seed, a "
	     "passphrase)");
	node_busy(&node, 3);
	node_restart(&node);
	ok(open_with(&node, right));
	node_end(&node);
	bk_keyring_free(none);
	bk_keyring_free(right);
	bk_keyring_free(wrong);
	bk_keyring_free(other);
}

static enum bk_code count_slot(void *ctx, const struct bk_slot *slot, struct bk_error *err)
{
	unsigned *count = ctx;

	(void)err;
	count[slot->is_known ? slot->kind : 0]++;
	return BK_OK;
}

Test(sealed, slots_are_listed)
{
	struct bk_keyring *ring = ring_of(NULL), *stranger = ring_of(NULL);
	unsigned count[5] = {0};
	struct bk_seal *seal;
	struct forge forge;
	struct bk_log *log;
	struct node node;

	begin(&node);
	ok(bk_keyring_add_recipient(
		ring, "age1973vg4qr52a38c60tdd8dpxrgaumh775ywhjlcrfvxemy7644uzs5sxr3w", why()));
	ok(bk_writer_add_slots(node.writer, ring, why()));
	node_end(&node);
	/* One that a stranger made, with a key of his own, is not taken for ours. */
	ok(bk_keyring_add_secret(stranger,
		"9999999999999999999999999999999999999999999999999999999999999999", 64, why()));
	node.io.random = 0x77;
	ok(bk_seal_new(&seal, stranger, &node.io.io, why()));
	forge_load(&forge, node.path);
	forge_append(&forge, SLOT, 0, node.version, seal->slots, SLOT_SIZE);
	forge_seal(&forge);
	forge_save(&forge, node.path);
	log = node_log(&node);
	ok(bk_log_slots(log, count_slot, count, why()));
	cr_assert(count[0] == 1 && count[BK_SLOT_SEED] == 1 && count[BK_SLOT_AGE] == 1);
	bk_log_close(log);
	bk_seal_free(seal);
	bk_keyring_free(ring);
	bk_keyring_free(stranger);
	forge_done(&forge);
}

/* A reader looks at so many different slots: more are not promised. */
Test(sealed, as_many_slots_as_a_reader_looks_at)
{
	struct bk_keyring *ring;
	uint8_t identity[SECRET_SIZE] = {0}, point[SECRET_SIZE];
	char text[BECH32_TEXT];
	struct node node;

	begin(&node);
	for (unsigned i = 1; i <= LOG_SLOTS_MAX; i++) {
		identity[1] = (uint8_t)i; /* of the first byte three bits count for nothing */
		bk_age_recipient(point, identity);
		bk_bech32_encode(text, AGE_RECIPIENT, point);
		ring = ring_of(NULL);
		ok(bk_keyring_add_recipient(ring, text, why()));
		if (i < LOG_SLOTS_MAX)
			ok(bk_writer_add_slots(node.writer, ring, why()));
		else
			fails(BK_E_LIMIT, bk_writer_add_slots(node.writer, ring, why()));
		bk_keyring_free(ring);
	}
	says("has 32 slots, and can have 32");
	node_end(&node);
}

/* A slot of a stranger's for a passphrase, of PASSES over KIB; each NUMBER is another. */
static void strangers_slot(uint8_t *payload, unsigned number, uint32_t passes, uint32_t kib)
{
	memset(payload, 0, SLOT_SIZE);
	memset(payload + 44, (int)number, SLOT_SIZE - 44);
	payload[0] = SLOT_PASSPHRASE;
	payload[20] = (uint8_t)number;
	memcpy(payload + 36, &passes, 4); /* of little ends, as all that we run on */
	memcpy(payload + 40, &kib, 4);
}

/* All slots of a log together are worth the work of eight that we make: a stranger's would cost
 * minutes, and 1 GiB. What is over it is passed over, and others are tried all the same. */
Test(sealed, what_slots_may_cost_together)
{
	struct bk_seal *seal;
	uint8_t slot[SLOT_SIZE];

	ok(bk_seal_of_key(&seal, NULL, why()));
	strangers_slot(slot, 1, 16, 1024 << 10);
	ok(bk_seal_add(seal, slot, why()));
	for (unsigned i = 2; i <= 10; i++) {
		strangers_slot(slot, i, 3, 256 << 10);
		ok(bk_seal_add(seal, slot, why()));
	}
	strangers_slot(slot, 11, 1, 8);
	slot[0] = SLOT_SEED;
	ok(bk_seal_add(seal, slot, why()));
	for (size_t i = 0; i < seal->count; i++)
		cr_assert(bk_seal_is_costly(seal, i) == (i == 0 || i == 9), "%zu", i);
	bk_seal_free(seal);
}

static enum bk_code count_costly(void *ctx, const struct bk_slot *slot, struct bk_error *err)
{
	unsigned *count = ctx;

	(void)err;
	*count += slot->is_costly && slot->passes == 16 && slot->kib == 1024 << 10;
	return BK_OK;
}

/* It is told of, and our own is added only where a reader comes to it. */
Test(sealed, slots_that_cost_too_much)
{
	struct bk_keyring *ring = ring_of("right");
	uint8_t slot[SLOT_SIZE];
	unsigned costly = 0;
	struct forge forge;
	struct bk_log *log;
	struct node node;

	begin(&node);
	node_end(&node);
	forge_load(&forge, node.path);
	strangers_slot(slot, 1, 16, 1024 << 10);
	forge_append(&forge, SLOT, 0, node.version, slot, SLOT_SIZE);
	for (unsigned i = 2; i <= 9; i++) {
		strangers_slot(slot, i, 12, 64 << 10);
		forge_append(&forge, SLOT, 0, node.version, slot, SLOT_SIZE);
	}
	forge_seal(&forge);
	forge_save(&forge, node.path);
	log = node_log(&node);
	ok(bk_log_slots(log, count_costly, &costly, why()));
	bk_log_close(log);
	cr_assert(costly == 1);
	fails(BK_E_SEALED, open_with(&node, ring));
	says("passed over");
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, &node.options, why()));
	fails(BK_E_LIMIT, bk_writer_add_slots(node.writer, ring, why()));
	says("a reader would not come to it");
	bk_writer_leave(node.writer);
	bk_keyring_free(ring);
	forge_done(&forge);
}

/* A log at PATH that opens for a passphrase, whose slot is the first, and a seed. */
static void seal_for_two(const struct bk_io *io, const char *path)
{
	struct bk_keyring *ring = ring_of(NULL);
	struct bk_seal *seal;
	uint32_t version;

	ok(bk_keyring_add_secret(ring,
		"7777777777777777777777777777777777777777777777777777777777777777", 64, why()));
	ok(bk_keyring_add_passphrase(ring, "right", 5, why()));
	ok(bk_seal_new(&seal, ring, io, why()));
	ok(bk_log_create_sealed(io, path, NULL, seal, 1000, NULL, NULL, &version, why()));
	bk_seal_free(seal);
	bk_keyring_free(ring);
}

/* From now on this process has no more than MORE bytes. */
static void limit_memory(size_t more)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages;
	struct rlimit limit;

	cr_assert(file && fscanf(file, "%lu", &pages) == 1 && !fclose(file));
	cr_assert(getrlimit(RLIMIT_AS, &limit) == 0);
	limit.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + more;
	cr_assert(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* Where a passphrase takes more memory than there is, something else that was given may open. */
Test(sealed, a_passphrase_that_there_is_no_memory_for)
{
	struct bk_keyring *both = ring_of("right"), *alone = ring_of("right");
	struct node node = {.path = scratch("log")};

	test_io_init(&node.io);
	ok(bk_keyring_add_secret(both,
		"7777777777777777777777777777777777777777777777777777777777777777", 64, why()));
	seal_for_two(&node.io.io, node.path);
	limit_memory((size_t)128 << 20);
	ok(open_with(&node, both));
	fails(BK_E_NOMEM, open_with(&node, alone));
	says("argon2id takes 256 MiB");
	bk_keyring_free(both);
	bk_keyring_free(alone);
}

/* A log in the clear is refused by who was told that it is sealed. */
Test(sealed, another_log_in_its_place)
{
	struct bk_keyring *ring = ring_of("right");
	struct node node;

	node_begin(&node, 0);
	ok(open_with(&node, ring));
	bk_keyring_want_sealed(ring, true);
	fails(BK_E_FORMAT, open_with(&node, ring));
	says("is in the clear, and should be sealed");
	fails(BK_E_INVALID, bk_writer_add_slots(node.writer, ring, why()));
	node_end(&node);
	bk_keyring_free(ring);
}

/* "A log without its header is still found": by the slots, which each session puts again. */
Test(sealed, a_beginning_that_is_lost)
{
	struct node node;
	struct bk_log *log;
	struct bk_log_status status;
	uint8_t junk[LOG_HEADER_SIZE + 48 + SLOT_SIZE];

	begin(&node);
	node_end(&node);
	memset(junk, 0x11, sizeof junk);
	poke_file(node.path, 32, junk, LOG_HEADER_SIZE - 32);
	log = node_log(&node);
	ok(bk_log_status(log, &status, why()));
	cr_assert(status.header_damaged && status.version == node.version);
	bk_log_close(log);
	poke_file(node.path, 32, junk, sizeof junk - 32);
	log = node_log(&node);
	ok(bk_log_status(log, &status, why()));
	cr_assert(status.version == node.version);
	bk_log_close(log);
	cr_assert(is_found(&node, node.path));
}

/* Any bit, as a disk flips it. */
Test(sealed, each_flip_is_found)
{
	struct node node;
	uint8_t *bytes;
	size_t size, step;

	begin(&node);
	node_end(&node);
	bytes = file_bytes(node.path, &size);
	step = size > 6000 ? 13 : 1;
	for (size_t i = (size_t)(test_seed() % step); i < size; i += step) {
		bytes[i] ^= (uint8_t)(1 << i % 8);
		put_file(scratch("bad"), bytes, size);
		cr_assert(is_found(&node, scratch("bad")), "byte %zu of %zu", i, size);
		bytes[i] ^= (uint8_t)(1 << i % 8);
	}
	free(bytes);
}

/* The same by a stranger, who makes the sums and the chain right again. A slot is not sealed: it
 * opens no more. */
Test(sealed, each_flip_with_right_sums_is_found)
{
	struct node node;
	struct forge whole;

	begin(&node);
	node_end(&node);
	forge_load(&whole, node.path);
	for (size_t f = 0; f < whole.count; f++) {
		size_t size = forge_frame_size(&whole, f);

		for (size_t at = AT_KIND; at < size; at += at < AT_CHAIN ? 1 : 31) {
			uint8_t *frame = forge_frame(&whole, f);
			bool is_slot = frame[AT_KIND] == SLOT;

			if (is_slot || (at >= AT_SIZE && at < AT_VERSION) || at == AT_CHAIN)
				continue; /* sizes lead astray all that follows: a flip above */
			frame[at] ^= 4;
			forge_seal(&whole);
			forge_save(&whole, scratch("bad"));
			cr_assert(is_found(&node, scratch("bad")), "frame %zu, byte %zu", f, at);
			frame[at] ^= 4;
		}
	}
	forge_seal(&whole);
	forge_save(&whole, scratch("good"));
	cr_assert(!is_found(&node, scratch("good")));
	forge_done(&whole);
}

/* A log's last frame once more is behind it, moved; and one of another log under the same key. */
Test(sealed, frames_that_were_moved)
{
	struct node node;
	struct forge forge;

	begin(&node);
	node_end(&node);
	for (size_t f = 0; f < 64; f++) {
		uint8_t *frame;
		size_t last;

		forge_load(&forge, node.path);
		if (f >= forge.count) {
			forge_done(&forge);
			break;
		}
		frame = forge_frame(&forge, f);
		if (frame[AT_KIND] != SLOT) {
			last = forge_append(&forge, frame[AT_KIND], frame[AT_MUST],
				(uint32_t)forge_get(frame + AT_VERSION, 4), frame + AT_PAYLOAD,
				forge_frame_size(&forge, f) - AT_PAYLOAD);
			memcpy(forge_frame(&forge, last) + AT_TIME,
				forge_frame(&forge, f) + AT_TIME, 16);
			forge_seal(&forge);
			forge_save(&forge, scratch("bad"));
			cr_assert(is_found(&node, scratch("bad")), "frame %zu", f);
		}
		forge_done(&forge);
	}
}

/* "A stranger who could append a REWIND would make restore give a revoked state." */
Test(sealed, a_frame_in_the_clear)
{
	struct bk_log *log;
	struct bk_log_status status;
	struct bk_writer *writer;
	struct node node;
	struct forge forge;
	uint8_t payload[16] = {0};
	uint64_t first;

	begin(&node);
	log = bk_writer_log(node.writer);
	first = log->state.tail[log->state.tail_count - 1].offset;
	node_end(&node);
	forge_load(&forge, node.path);
	forge_put(payload + 8, 8, first);
	forge_append(&forge, REWIND, 0, node.version - 1, payload, sizeof payload);
	forge_seal(&forge);
	forge_save(&forge, node.path);
	log = node_log(&node);
	ok(bk_log_status(log, &status, why()));
	cr_assert(status.version == node.version && status.damaged_at && status.head_unsure);
	bk_log_close(log);
	cr_assert(verify(&node, node.path, true).findings == 1);
	cr_assert(verify(&node, node.path, false).findings == 1);
	fails(BK_E_DAMAGE, bk_writer_open(&writer, &node.io.io, node.path, NULL, why()));
	says("stands there in the clear");
	forge_done(&forge);
}

/* Filled up, frames have few sizes, and are at most an eighth larger. */
Test(sealed, padded)
{
	struct node node;
	struct forge plain, padded;
	size_t sizes[2] = {0};

	begin(&node);
	node_end(&node);
	forge_load(&plain, node.path);
	unlink(node.path);
	unlink(node.database);
	setenv("BK_TEST_SEALED", "padded", 1);
	begin(&node);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
	forge_load(&padded, node.path);
	cr_assert(padded.count == plain.count);
	for (size_t f = 0; f < plain.count; f++) {
		size_t before = forge_frame_size(&plain, f), now = forge_frame_size(&padded, f);

		sizes[0] += before;
		sizes[1] += now;
		cr_assert(now >= before && now <= before + before / 8 + 8, "%zu: %zu, %zu", f,
			before, now);
		cr_assert(forge_frame(&plain, f)[AT_KIND] == SLOT ||
			  (forge_frame(&padded, f)[AT_MUST] & 0xc0) == 0xc0);
	}
	cr_assert(sizes[1] > sizes[0]);
	forge_done(&plain);
	forge_done(&padded);
}
