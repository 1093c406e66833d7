/* fuzz_stream.c - the payload of CHANGE frames and the stream they share: statements come back as
 * they were written, or not at all. */
#include "changeframe.h"
#include "decoder.h"
#include "encoder.h"
#include "fuzz.h"
#include "logbuild.h"
#include "simfs.h"
#include <string.h>

#define PATH        "/log/fuzz.bkp"
#define CHANGES_MAX 16
#define HISTORY     42
#define VERSION     100

/* A log open for decoding, of what BUILD holds. */
static struct bk_log *open_log(struct simfs *fs, const struct logbuild *build)
{
	struct bk_log *log;
	struct logfile lf;
	struct bk_error err;

	simfs_put(fs, PATH, build->bytes.data, build->bytes.size);
	REQUIRE(bk_logfile_open(&lf, simfs_io(fs), PATH, BK_IO_READ, &err) == BK_OK);
	REQUIRE(bk_log_new(&log, &lf, &err) == BK_OK);
	return log;
}

/* One change as the input has it: up to four statements that point into it. */
struct wanted {
	struct bk_slice statements[4];
	size_t count;
};

/* Cuts statements off DATA: a byte says how long, none holds a zero. */
static size_t cut_change(const uint8_t *data, size_t size, struct wanted *out)
{
	size_t at = 0;

	out->count = 0;
	while (at < size && out->count < 4 && (!out->count || data[at] & 1)) {
		size_t length = data[at++];
		const uint8_t *zero;

		if (length > size - at)
			length = size - at;
		zero = length ? memchr(data + at, 0, length) : NULL;
		if (zero)
			length = (size_t)(zero - data - at);
		out->statements[out->count++] = (struct bk_slice){data + at, length};
		at += length;
	}
	return at;
}

static void compare(const struct bk_change *change, const struct wanted *wanted)
{
	REQUIRE(change->statement_count == wanted->count);
	for (size_t i = 0; i < wanted->count; i++) {
		REQUIRE(change->statements[i].size == wanted->statements[i].size);
		REQUIRE(!wanted->statements[i].size ||
			memcmp(change->statements[i].data, wanted->statements[i].data,
				wanted->statements[i].size) == 0);
	}
}

/* Encodes one change and appends its frame; ENTRY is then what a list says of it. */
static void add_change(struct encoder *encoder, struct logbuild *build, const struct wanted *wanted,
	unsigned index, uint64_t *history, struct bk_entry *entry)
{
	struct bk_change change = {.version = VERSION + index,
		.statements = wanted->statements,
		.statement_count = wanted->count};
	struct frame_head head = {.kind = FRAME_CHANGE, .version = change.version};
	bool starts = index % 5 == 0;
	struct change_head change_head;
	struct bk_buf payload;
	struct bk_error err;

	bk_buf_init(&payload, (size_t)1 << 20);
	REQUIRE(!bk_encoder_write(
		encoder, &change, starts, *history, &payload, &change_head, &err));
	head.must = starts ? CHANGE_STREAM : 0;
	*history = change_head.history;
	*entry = (struct bk_entry){.version = change.version, .flags = head.must};
	entry->offset = logbuild_frame(build, &head, payload.data, payload.size, false);
	bk_buf_done(&payload);
}

static void check_round_trip(const uint8_t *data, size_t size)
{
	struct wanted wanted[CHANGES_MAX];
	struct bk_entry entries[CHANGES_MAX];
	struct encoder encoder = {0};
	struct decoder decoder;
	struct logbuild build;
	struct bk_log *log;
	struct simfs *fs = simfs_new(1);
	struct bk_error err;
	uint64_t history = HISTORY;
	unsigned count = 0;

	logbuild_init(&build);
	REQUIRE(!bk_encoder_init(&encoder, &err));
	for (size_t at = 0; at < size && count < CHANGES_MAX; count++) {
		at += cut_change(data + at, size - at, &wanted[count]);
		add_change(&encoder, &build, &wanted[count], count, &history, &entries[count]);
	}
	bk_encoder_done(&encoder);
	log = open_log(fs, &build);
	REQUIRE(!bk_decoder_init(&decoder, log, HISTORY, &err));
	for (unsigned i = 0; i < count; i++) {
		struct bk_change change;

		REQUIRE(!bk_decoder_read(&decoder, &entries[i], &change, &err));
		compare(&change, &wanted[i]);
	}
	REQUIRE(decoder.history == history);
	bk_decoder_done(&decoder);
	bk_log_close(log);
	simfs_free(fs);
	logbuild_done(&build);
}

/* DATA as payloads, of a length that two bytes say each: no change comes out that the rules forbid.
 */
static void check_raw(const uint8_t *data, size_t size)
{
	struct bk_entry entries[CHANGES_MAX];
	struct decoder decoder;
	struct logbuild build;
	struct bk_log *log;
	struct simfs *fs = simfs_new(1);
	struct bk_error err = {0};
	enum bk_code code = BK_OK;
	unsigned count = 0;

	logbuild_init(&build);
	for (size_t at = 0; at + 2 < size && count < CHANGES_MAX; count++) {
		struct frame_head head = {.kind = FRAME_CHANGE, .version = VERSION + count};
		size_t length = data[at] | (size_t)(data[at + 1] & 0x0f) << 8;

		head.must = data[at + 1] >> 4 & CHANGE_STREAM;
		at += 2;
		if (length > size - at)
			length = size - at;
		/* Struck ones have no history to fit, so that bytes go on from there. */
		entries[count] = (struct bk_entry){.version = VERSION + count,
			.offset = logbuild_frame(&build, &head, data + at, length, false),
			.flags = head.must | BK_ENTRY_STRUCK};
		at += length;
	}
	log = open_log(fs, &build);
	REQUIRE(!bk_decoder_init(&decoder, log, HISTORY, &err));
	for (unsigned i = 0; i < count && !code; i++) {
		struct bk_change change;

		code = bk_decoder_read(&decoder, &entries[i], &change, &err);
		REQUIRE(!code || code == BK_E_DAMAGE);
		if (code)
			break;
		REQUIRE(change.version == entries[i].version && change.statement_count);
		REQUIRE(!bk_change_check(&change, &err));
	}
	/* Memory follows what comes out, whatever lengths were promised. */
	REQUIRE(decoder.raw.capacity <= 4 * ((size_t)1 << 20) + 4096 * size);
	bk_decoder_done(&decoder);
	bk_log_close(log);
	simfs_free(fs);
	logbuild_done(&build);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 65536)
		return 0;
	check_round_trip(data, size);
	check_raw(data, size);
	return 0;
}
