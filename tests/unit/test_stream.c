/* test_stream.c - the compression stream that changes share, and their history (docs/format.md, 4).
 */
#include "forge.h"
#include "node.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <bk/verify.h>
#include <bk/writer.h>
#include <sys/resource.h>
#include <xxhash.h>
#include <zstd.h>

SUITE(stream);

#define RAW_MAX ((size_t)8 << 20)

/* XXH3 of (u64 history before it, u32 version, the raw bytes) */
static uint64_t history_after(uint64_t before, uint32_t version, const void *raw, size_t size)
{
	uint8_t *bytes = malloc(12 + size);
	uint64_t history;

	cr_assert(bytes);
	forge_put(bytes, 8, before);
	forge_put(bytes + 8, 4, version);
	memcpy(bytes + 12, raw, size);
	history = XXH3_64bits(bytes, 12 + size);
	free(bytes);
	return history;
}

/* Decodes a part of a stream with nothing but zstd; the size that came out. */
static size_t decode_part(ZSTD_DCtx *zstd, const uint8_t *frame, size_t size, uint8_t *raw)
{
	ZSTD_inBuffer in = {.src = frame + AT_PAYLOAD + 16, .size = size - AT_PAYLOAD - 16};
	ZSTD_outBuffer out = {.dst = raw, .size = RAW_MAX};

	if (frame[AT_MUST] & 0x01)
		ZSTD_DCtx_reset(zstd, ZSTD_reset_session_only);
	while (in.pos < in.size) {
		size_t rc = ZSTD_decompressStream(zstd, &out, &in);

		cr_assert(!ZSTD_isError(rc) && rc > 0, "the stream ends, or is none");
	}
	return out.pos;
}

/* "a reader that has decoded the stream from its STREAM change up to here gets exactly `raw` bytes
 * from exactly this part": by the document alone, history included. */
Test(stream, layout)
{
	struct node node;
	struct forge forge;
	ZSTD_DCtx *zstd = ZSTD_createDCtx();
	uint8_t *raw = malloc(RAW_MAX), *frame;
	uint64_t history;

	node_begin(&node, 7);
	node_busy(&node, 20);
	forge_load(&forge, node.path);
	cr_assert(zstd && raw);
	ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, 20);
	history = forge_get(
		forge_frame(&forge, forge_find(&forge, KEYFRAME, 0)) + AT_PAYLOAD + 32, 8);
	for (size_t i = 0; i < forge.count; i++) {
		uint32_t version;
		size_t size, statements = 0;

		frame = forge_frame(&forge, i);
		if (frame[AT_KIND] != CHANGE)
			continue;
		version = (uint32_t)forge_get(frame + AT_VERSION, 4);
		size = decode_part(zstd, frame, forge_frame_size(&forge, i), raw);
		cr_assert(size == forge_get(frame + AT_PAYLOAD, 4) && raw[size - 1] == '\0');
		for (size_t at = 0; at < size; at++)
			statements += !raw[at];
		cr_assert(statements == forge_get(frame + AT_PAYLOAD + 4, 4));
		history = history_after(history, version, raw, size);
		cr_assert(history == forge_get(frame + AT_PAYLOAD + 8, 8), "version %u", version);
	}
	free(raw);
	ZSTD_freeDCtx(zstd);
	forge_done(&forge);
	node_end(&node);
}

/* "A full keyframe's is XXH3 of (u64 history before it or 0, u32 version, u32 page size, u32 page
 * count, u64 pages sum)" */
Test(stream, history_of_full_keyframes)
{
	struct node node;
	struct forge forge;
	uint8_t bytes[28];
	uint64_t before = 0;

	node_begin(&node, 0);
	node_busy(&node, 3);
	node_unwatched(&node, "DELETE FROM busy");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	forge_load(&forge, node.path);
	for (int i = 0; i < 2; i++) {
		const uint8_t *frame = forge_frame(&forge, forge_find(&forge, KEYFRAME, i));

		forge_put(bytes, 8, before);
		memcpy(bytes + 8, frame + AT_VERSION, 4);
		memcpy(bytes + 12, frame + AT_PAYLOAD + 64, 8);
		memcpy(bytes + 20, frame + AT_PAYLOAD + 40, 8);
		cr_assert(XXH3_64bits(bytes, 28) == forge_get(frame + AT_PAYLOAD + 32, 8), "%d", i);
		before = forge_get(
			forge_frame(&forge, forge_find(&forge, CHANGE, -1)) + AT_PAYLOAD + 8, 8);
	}
	forge_done(&forge);
	node_end(&node);
}

static uint64_t head_history(struct node *node)
{
	struct bk_log_status status;

	ok(bk_log_status(bk_writer_log(node->writer), &status, why()));
	return status.history;
}

/* "two logs of one node share [it] whatever else they hold … A rewind returns to the history before
 * the changes that it strikes." */
Test(stream, history_is_of_the_changes_alone)
{
	uint64_t histories[2];

	for (unsigned i = 0; i < 2; i++) {
		struct node node;

		node_begin(&node, i ? 3 : 0);
		if (i)
			node_restart(&node);
		node_busy(&node, 10);
		if (i) {
			node_lost(&node, "DELETE FROM busy");
			cr_assert(head_history(&node) != histories[0]);
			ok(bk_writer_rewind(node.writer, node.version, why()));
			ok(bk_keyframes_build(node.writer, why()));
		}
		node_busy(&node, 1);
		histories[i] = head_history(&node);
		node_end(&node);
		scratch_remove();
	}
	cr_assert(histories[0] == histories[1]);
}

/* A field of the third change made wrong: that version and those behind it cannot be had, the ones
 * before can. */
Test(stream, rules)
{
	static const struct {
		const char *rule;
		size_t at, size;
		uint64_t add;
	} cases[] = {
		{"raw, more", AT_PAYLOAD, 4, 1},
		{"raw, fewer", AT_PAYLOAD, 4, (uint64_t)-1},
		{"statements, more", AT_PAYLOAD + 4, 4, 1},
		{"statements, fewer", AT_PAYLOAD + 4, 4, (uint64_t)-1},
		{"history", AT_PAYLOAD + 8, 8, 1},
		{"the stream", AT_PAYLOAD + 16, 1, 1},
		{"the stream, at its end", 0, 1, 1},
		{"STREAM where none starts", AT_MUST, 1, 1},
	};
	struct node node;
	struct forge good;

	node_begin(&node, 0);
	node_busy(&node, 4);
	forge_load(&good, node.path);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bk_image *image = NULL;
		struct bk_log *log = NULL;
		struct forge forge;
		size_t at = forge_find(&good, CHANGE, 2);
		uint8_t *field;

		forge_load(&forge, node.path);
		field = forge_frame(&forge, at) +
			(cases[i].at ? cases[i].at : forge_frame_size(&forge, at) - 1);
		forge_put(field, cases[i].size, forge_get(field, cases[i].size) + cases[i].add);
		forge_seal(&forge);
		forge_save(&forge, scratch("bad"));
		ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
		node_check(&node, log, 2, NULL);
		for (uint32_t version = 3; version <= 4; version++) {
			cr_assert(code_is(bk_image_open(&image, log, version, NULL, why()),
					  BK_E_DAMAGE),
				"%s: %s", cases[i].rule, why()->msg);
			says("offset");
		}
		bk_log_close(log);
		forge_done(&forge);
	}
	forge_done(&good);
	node_end(&node);
}

/* A log whose last change is the statement SQL, compressed here. */
static enum bk_code sql_of(struct node *node, int window_log, ZSTD_EndDirective end, size_t raw)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	uint8_t *sql = malloc(raw), *payload = calloc(1, 16 + ZSTD_compressBound(raw) + 1000);
	ZSTD_inBuffer in = {.src = sql, .size = raw};
	ZSTD_outBuffer out = {
		.dst = payload, .size = 16 + ZSTD_compressBound(raw) + 1000, .pos = 16};
	uint32_t version = node->version + 1;
	struct bk_log *log = NULL;
	struct bk_buf text;
	struct forge forge;
	enum bk_code code;

	cr_assert(zstd && sql && payload);
	memset(sql, ' ', raw);
	sql[raw - 1] = '\0';
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, window_log);
	cr_assert(ZSTD_compressStream2(zstd, &out, &in, end) == 0 && in.pos == in.size);
	forge_load(&forge, node->path);
	forge_put(payload, 4, raw);
	forge_put(payload + 4, 4, 1);
	forge_put(payload + 8, 8, history_after(head_history(node), version, sql, raw));
	forge_append(&forge, CHANGE, 0x01, version, payload, out.pos);
	forge_seal(&forge);
	forge_save(&forge, scratch("own"));
	forge_done(&forge);
	ok(bk_log_open(&log, &node->io.io, scratch("own"), why()));
	bk_buf_init(&text, RAW_MAX);
	code = bk_log_sql(log, version, &text, why());
	bk_buf_done(&text);
	bk_log_close(log);
	ZSTD_freeCCtx(zstd);
	free(sql);
	free(payload);
	return code;
}

/* "one zstd frame, window at most 1 MiB, never ended" */
Test(stream, windows_and_ends)
{
	struct node node;

	node_begin(&node, 0);
	ok(sql_of(&node, 20, ZSTD_e_flush, 3 << 20));
	ok(sql_of(&node, 10, ZSTD_e_flush, 100));
	fails(BK_E_DAMAGE, sql_of(&node, 21, ZSTD_e_flush, 3 << 20));
	fails(BK_E_DAMAGE, sql_of(&node, 20, ZSTD_e_end, 100));
	node_end(&node);
}

/* Changes of one statement and of many, of nothing and of megabytes, share streams. */
Test(stream, sizes)
{
	struct node node;
	char *large = malloc((3 << 20) + 100);
	uint64_t seed = test_seed();
	size_t at;

	node_begin(&node, 5);
	node_change(&node, "CREATE TABLE t (x)", "", " ", ";");
	at = (size_t)sprintf(large, "INSERT INTO t VALUES ('");
	while (at < (3 << 20))
		large[at++] = (char)('0' + random_next(&seed) % 70);
	for (size_t i = 23; i < at; i++)
		if (large[i] == '\'')
			large[i] = '"';
	strcpy(large + at, "')");
	node_change(&node, large);
	node_busy(&node, 6);
	node_change(&node, large, "DELETE FROM t", large);
	node_busy(&node, 6);
	node_check_all(&node, NULL, NULL);
	ok(bk_keyframes_build(node.writer, why()));
	node_check_all(&node, NULL, NULL);
	free(large);
	node_end(&node);
}

#define HUGE_RAW ((size_t)1 << 30)

/* The history of a change of one statement of HUGE_RAW bytes, all 'x' but for its end. */
static uint64_t huge_history(uint64_t before, uint32_t version)
{
	XXH3_state_t *state = XXH3_createState();
	static uint8_t bytes[1 << 16];
	uint64_t history;

	forge_put(bytes, 8, before);
	forge_put(bytes + 8, 4, version);
	XXH3_64bits_reset(state);
	XXH3_64bits_update(state, bytes, 12);
	memset(bytes, 'x', sizeof bytes);
	for (size_t at = 0; at < HUGE_RAW; at += sizeof bytes) {
		if (at + sizeof bytes == HUGE_RAW)
			bytes[sizeof bytes - 1] = '\0';
		XXH3_64bits_update(state, bytes, sizeof bytes);
	}
	history = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return history;
}

/* Appends such a change to FORGE, in 33 KB: a zstd frame of blocks that repeat one byte. */
static void append_huge(struct forge *forge, uint64_t before, uint32_t version)
{
	const size_t block = 131072, blocks = HUGE_RAW / block;
	size_t size = 16 + 6 + (blocks + 2) * 4 + 1;
	uint8_t *payload = calloc(1, size), *at = payload + 22;

	forge_put(payload, 4, HUGE_RAW);
	forge_put(payload + 4, 4, 1);
	forge_put(payload + 8, 8, huge_history(before, version));
	memcpy(payload + 16, "\x28\xb5\x2f\xfd\x00\x50", 6);
	for (size_t i = 0; i < blocks; i++, at += 4) {
		size_t bytes = i + 1 == blocks ? block - 1 : block;

		forge_put(at, 3, bytes << 3 | 1 << 1);
		at[3] = 'x';
	}
	forge_put(at, 3, 1 << 3); /* and the zero byte, as it is */
	forge_append(forge, CHANGE, 0x01, version, payload, (size_t)(at + 4 - payload));
	free(payload);
}

/* A bk_sql_fn. */
static enum bk_code count_sql(void *ctx, const void *bytes, size_t size, struct bk_error *err)
{
	size_t *total = ctx;

	(void)err;
	cr_assert(size <= (256 << 10) && bytes);
	*total += size;
	return BK_OK;
}

static size_t peak_kb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (size_t)usage.ru_maxrss;
}

/* 33 KB of log that hold a gigabyte of SQL take no memory of it: to verify, to read as text, and to
 * replay, which is refused.
 * (The change is struck out in the log that is verified: the head's replay is not this test's.) */
Test(stream, a_gigabyte_in_pieces)
{
	struct node node;
	struct forge forge;
	struct bk_log *log = NULL;
	struct bk_image *image;
	struct bk_verify_result result;
	uint8_t rewind[16];
	size_t total = 0, before;

	node_begin(&node, 0);
	node_busy(&node, 2);
	forge_put(rewind, 8, head_history(&node));
	forge_load(&forge, node.path);
	append_huge(&forge, head_history(&node), node.version + 1);
	forge_seal(&forge);
	forge_save(&forge, scratch("huge"));
	before = peak_kb();
	ok(bk_log_open(&log, &node.io.io, scratch("huge"), why()));
	ok(bk_log_sql_pieces(log, node.version + 1, count_sql, &total, why()));
	cr_assert(total == HUGE_RAW - 1 + BK_SQL_END, "the statement, and its end");
	fails(BK_E_SQL, bk_image_open(&image, log, node.version + 1, NULL, why()));
	says("hold 1024 MiB of SQL in 333");
	bk_log_close(log);
	forge_put(rewind + 8, 8, forge.frames[forge.count - 1]);
	forge_append(&forge, REWIND, 0, node.version, rewind, sizeof rewind);
	forge_seal(&forge);
	forge_save(&forge, scratch("huge"));
	ok(bk_verify(&node.io.io, scratch("huge"), NULL, &result, why()));
	cr_assert(!result.findings && result.verdict.answer == BK_VERDICT_YES &&
		  result.head == node.version);
	cr_assert(peak_kb() - before < 64 << 10, "%zu KB", peak_kb() - before);
	forge_done(&forge);
	node_end(&node);
}
