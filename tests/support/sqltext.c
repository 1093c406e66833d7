/* sqltext.c - putting the statements of one made-up call together. */
#include "sqltext.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRETCH_BYTES 32

bool sqltext_init(struct sqltext *sql)
{
	sqltext_clear(sql);
	sql->text = malloc(SQLTEXT_BYTES_MAX);
	return sql->text;
}

void sqltext_done(struct sqltext *sql)
{
	free(sql->text);
}

void sqltext_clear(struct sqltext *sql)
{
	sql->size = sql->start = sql->count = 0;
}

/* The finaliser of MurmurHash3 over a sum of both: SplitMix64's way to numbers. */
uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t z = a + (b + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void put_bytes(struct sqltext *sql, const char *text, size_t size)
{
	assert(size <= SQLTEXT_BYTES_MAX - sql->size);
	memcpy(sql->text + sql->size, text, size);
	sql->size += size;
}

void sql_put(struct sqltext *sql, const char *text)
{
	put_bytes(sql, text, strlen(text));
}

void sql_number(struct sqltext *sql, int64_t number)
{
	char digits[21], *at = digits + sizeof digits;
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (number < 0)
		*--at = '-';
	put_bytes(sql, at, (size_t)(digits + sizeof digits - at));
}

BK_PRINTF(2, 0)
static void put_va(struct sqltext *sql, const char *fmt, va_list args)
{
	size_t room = SQLTEXT_BYTES_MAX - sql->size;
	int size = vsnprintf(sql->text + sql->size, room, fmt, args);

	assert(size >= 0 && (size_t)size < room);
	sql->size += (size_t)size;
}

void sql_format(struct sqltext *sql, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_va(sql, fmt, args);
	va_end(args);
}

void sql_end(struct sqltext *sql)
{
	assert(sql->count < SQLTEXT_STATEMENTS_MAX);
	sql->statements[sql->count++] =
		(struct bk_slice){sql->text + sql->start, sql->size - sql->start};
	sql->start = sql->size;
}

void sql_statement(struct sqltext *sql, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_va(sql, fmt, args);
	va_end(args);
	sql_end(sql);
}

/* Hexadecimal digits of SIZE bytes that follow from SEED. */
static void put_hex(struct sqltext *sql, uint64_t seed, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t bits = 0;
	char *at;

	assert(2 * size <= SQLTEXT_BYTES_MAX - sql->size);
	at = sql->text + sql->size;
	for (size_t i = 0; i < size; i++) {
		if (i % 8 == 0)
			bits = mix(seed, i);
		*at++ = digits[bits >> 4 & 15];
		*at++ = digits[bits & 15];
		bits >>= 8;
	}
	sql->size += 2 * size;
}

void sql_blob(struct sqltext *sql, uint64_t seed, size_t size)
{
	sql_put(sql, "x'");
	put_hex(sql, seed, size);
	sql_put(sql, "'");
}

void sql_blob_changing(
	struct sqltext *sql, uint64_t seed, uint64_t now, unsigned changing, size_t size)
{
	sql_put(sql, "x'");
	for (size_t at = 0; at < size; at += STRETCH_BYTES) {
		size_t part = size - at < STRETCH_BYTES ? size - at : STRETCH_BYTES;
		uint64_t place = mix(seed, at);

		put_hex(sql, place % changing ? place : mix(now, at), part);
	}
	sql_put(sql, "'");
}

void sql_key(struct sqltext *sql, uint64_t seed)
{
	sql_put(sql, seed & 1 ? "x'03" : "x'02");
	put_hex(sql, seed, 32);
	sql_put(sql, "'");
}
