/* bech32.c - 32 bytes in the letters of BIP173. */
#include "bech32.h"
#include <string.h>

#define GROUPS 52 /* of five bits, in 32 bytes */
#define CHECKS 6

static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t step(uint32_t sum, unsigned value)
{
	static const uint32_t poly[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < 5; i++)
		if (top >> i & 1)
			sum ^= poly[i];
	return sum;
}

static uint32_t sum_of(const char *prefix, const uint8_t *groups, size_t count)
{
	uint32_t sum = 1;

	for (const char *at = prefix; *at; at++)
		sum = step(sum, (unsigned char)*at >> 5);
	sum = step(sum, 0);
	for (const char *at = prefix; *at; at++)
		sum = step(sum, *at & 31);
	for (size_t i = 0; i < count; i++)
		sum = step(sum, groups[i]);
	return sum;
}

static void to_groups(uint8_t *groups, const uint8_t *bytes)
{
	memset(groups, 0, GROUPS);
	for (size_t bit = 0; bit < SECRET_SIZE * 8; bit++)
		if (bytes[bit / 8] >> (7 - bit % 8) & 1)
			groups[bit / 5] |= (uint8_t)(1 << (4 - bit % 5));
}

void bk_bech32_encode(char *out, const char *prefix, const uint8_t *bytes)
{
	uint8_t groups[GROUPS + CHECKS] = {0};
	size_t length = strlen(prefix);
	uint32_t sum;

	to_groups(groups, bytes);
	sum = sum_of(prefix, groups, sizeof groups) ^ 1;
	for (unsigned i = 0; i < CHECKS; i++)
		groups[GROUPS + i] = sum >> (5 * (CHECKS - 1 - i)) & 31;
	memcpy(out, prefix, length);
	out[length] = '1';
	for (size_t i = 0; i < sizeof groups; i++)
		out[length + 1 + i] = letters[groups[i]];
	out[length + 1 + sizeof groups] = '\0';
	bk_secret_wipe(groups, sizeof groups);
}

/* C as a small letter; 0 if it is none of those that a text may have which is CAPITAL or not. */
static char small(char c, bool capital)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(capital ? c - 'A' + 'a' : 0);
	if (c >= 'a' && c <= 'z')
		return (char)(capital ? 0 : c);
	return c;
}

bool bk_bech32_decode(uint8_t *bytes, const char *prefix, const char *text, size_t size)
{
	size_t length = strlen(prefix);
	uint8_t groups[GROUPS + CHECKS] = {0};
	bool capital = size && *text >= 'A' && *text <= 'Z', right;

	right = size == length + 1 + sizeof groups;
	for (size_t i = 0; right && i < length; i++)
		right = small(text[i], capital) == prefix[i];
	right = right && text[length] == '1';
	for (size_t i = 0; right && i < sizeof groups; i++) {
		char c = small(text[length + 1 + i], capital);
		const char *letter = c ? strchr(letters, c) : NULL;

		right = letter != NULL;
		groups[i] = right ? (uint8_t)(letter - letters) : 0;
	}
	/* 52 groups have four bits more than 32 bytes: zeros. */
	right = right && sum_of(prefix, groups, sizeof groups) == 1 && !(groups[GROUPS - 1] & 15);
	if (right)
		memset(bytes, 0, SECRET_SIZE);
	for (size_t bit = 0; right && bit < SECRET_SIZE * 8; bit++)
		if (groups[bit / 5] >> (4 - bit % 5) & 1)
			bytes[bit / 8] |= (uint8_t)(1 << (7 - bit % 8));
	bk_secret_wipe(groups, sizeof groups);
	return right;
}
