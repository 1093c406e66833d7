/* holdfact.c - how much of a log that is held for another is on stable storage. */
#include "holdfact.h"
#include "codec.h"
#include <string.h>
#include <xxhash.h>

#define MAGIC                                                                                      \
	"\x89"                                                                                     \
	"BKHELD\n"
#define MAGIC_SIZE     8
#define FLAG_COMMITTED 1

void bk_holdfact_encode(uint8_t *out, const struct hold_fact *fact)
{
	uint8_t *at = out + MAGIC_SIZE;

	memcpy(out, MAGIC, MAGIC_SIZE);
	memcpy(at, fact->id, LOG_ID_SIZE);
	at = bk_put_u64(at + LOG_ID_SIZE, fact->durable);
	at = bk_put_u64(at, fact->sum);
	at = bk_put_u32(at, fact->is_committed ? FLAG_COMMITTED : 0);
	at = bk_put_u32(at, fact->turn);
	bk_put_u64(at, XXH3_64bits(out, (size_t)(at - out)));
}

bool bk_holdfact_decode(struct hold_fact *fact, const uint8_t *data, size_t size)
{
	const size_t sum_at = HOLD_FACT_SIZE - 8;

	if (size < HOLD_FACT_SIZE || memcmp(data, MAGIC, MAGIC_SIZE) != 0 ||
		bk_load_u64(data + sum_at) != XXH3_64bits(data, sum_at))
		return false;
	memcpy(fact->id, data + MAGIC_SIZE, LOG_ID_SIZE);
	fact->durable = bk_load_u64(data + 24);
	fact->sum = bk_load_u64(data + 32);
	fact->is_committed = bk_load_u32(data + 40) & FLAG_COMMITTED;
	fact->turn = bk_load_u32(data + 44);
	return true;
}

enum bk_code bk_holdfact_open(
	struct file *file, const struct bk_io *io, const char *path, struct bk_error *err)
{
	enum bk_code code = bk_file_open(file, io, path, BK_IO_WRITE, err);

	return code == BK_E_MISSING ? bk_file_open(file, io, path, BK_IO_CREATE, err) : code;
}

enum bk_code bk_holdfact_read(
	const struct file *file, struct hold_fact *fact, bool *known, struct bk_error *err)
{
	uint8_t bytes[HOLD_FACT_SIZE];
	size_t got;
	enum bk_code code = bk_file_read(file, bytes, sizeof bytes, 0, &got, err);

	if (!code)
		*known = bk_holdfact_decode(fact, bytes, got);
	return code;
}

enum bk_code bk_holdfact_write(
	const struct file *file, const struct hold_fact *fact, struct bk_error *err)
{
	uint8_t bytes[HOLD_FACT_SIZE];

	bk_holdfact_encode(bytes, fact);
	return bk_file_write(file, bytes, sizeof bytes, 0, err);
}
