/* wire.c - the messages between a node and a server of places. */
#include "wire.h"
#include "codec.h"
#include <string.h>

#define MAGIC      "BKMIRROR"
#define MAGIC_SIZE 8

void bk_wire_put_head(uint8_t *out, uint32_t size, enum wire_type type)
{
	bk_put_u32(bk_put_u32(out, size), (uint32_t)type);
}

bool bk_wire_get_head(const uint8_t *head, uint32_t *size, uint8_t *type)
{
	*size = bk_load_u32(head);
	*type = head[4];
	return *size <= WIRE_BODY_MAX && !head[5] && !head[6] && !head[7];
}

void bk_wire_put_hello(uint8_t *out, uint32_t version_or_flags)
{
	memcpy(out, MAGIC, MAGIC_SIZE);
	bk_put_u32(out + MAGIC_SIZE, version_or_flags);
}

bool bk_wire_get_hello(const uint8_t *body, size_t size, uint32_t *version_or_flags)
{
	if (size < WIRE_HELLO_SIZE || memcmp(body, MAGIC, MAGIC_SIZE) != 0)
		return false;
	*version_or_flags = bk_load_u32(body + MAGIC_SIZE);
	return true;
}

void bk_wire_put_log(uint8_t *out, const struct place_log *log)
{
	uint8_t *at = bk_put_u64(out, log->is_there);

	memcpy(at, log->id, LOG_ID_SIZE);
	at = bk_put_u64(at + LOG_ID_SIZE, log->end);
	at = bk_put_u64(at, log->sum);
	bk_put_u64(at, log->durable);
}

void bk_wire_get_log(struct place_log *log, const uint8_t *body)
{
	log->is_there = bk_load_u64(body) != 0;
	memcpy(log->id, body + 8, LOG_ID_SIZE);
	log->end = bk_load_u64(body + 24);
	log->sum = bk_load_u64(body + 32);
	log->durable = bk_load_u64(body + 40);
}

static bool ends_in(const char *name, size_t size, const char *end)
{
	size_t length = strlen(end);

	return size >= length && memcmp(name + size - length, end, length) == 0;
}

bool bk_wire_is_name(const char *name, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	if (!size || size > WIRE_NAME_MAX || *name == '.' || *name == '-')
		return false;
	for (size_t i = 0; i < size; i++)
		if (!name[i] || !strchr(letters, name[i]))
			return false;
	return !ends_in(name, size, ".durable") && !ends_in(name, size, ".next") &&
	       !ends_in(name, size, ".new") && !memmem(name, size, ".was-", 5);
}

/* In the order of the document. */
static const enum bk_code codes[] = {BK_E_IO, BK_E_NOMEM, BK_E_LIMIT, BK_E_DAMAGE, BK_E_FORMAT,
	BK_E_MISSING, BK_E_EXISTS, BK_E_BUSY, BK_E_INVALID, BK_E_UNSAFE};

uint32_t bk_wire_of_code(enum bk_code code)
{
	for (uint32_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i] == code)
			return i + 1;
	return 1;
}

enum bk_code bk_wire_code(uint32_t number)
{
	return number && number <= sizeof codes / sizeof *codes ? codes[number - 1] : BK_E_IO;
}
