/* spill.c - a temporary file that tells nobody anything.
 *
 * It is made of blocks, each sealed on its own by ChaCha20-Poly1305: a number that no other write
 * of this file has, and is the nonce, the ciphertext, a tag. A block that was never written is
 * zeros. */
#include "codec.h"
#include "file.h"
#include "secret.h"
#include <bk/spill.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK  4096
#define NUMBER 8
#define STANDS (NUMBER + BLOCK + crypto_aead_chacha20poly1305_ietf_ABYTES)

struct bk_spill {
	struct file file;
	uint8_t *key; /* in secret memory */
	uint64_t writes;
	uint64_t size;
	uint64_t blocks; /* that the file has */
};

enum bk_code bk_spill_open(
	struct bk_spill **out, const struct bk_io *io, const char *dir, struct bk_error *err)
{
	struct bk_spill *spill = calloc(1, sizeof *spill);
	enum bk_code code = BK_OK;

	if (!spill)
		return bk_secret_no_memory(err);
	spill->file = FILE_CLOSED;
	spill->key = bk_secret_new(SECRET_SIZE);
	if (!spill->key)
		code = bk_secret_no_memory(err);
	else if (io->ops->random(io->ctx, spill->key, SECRET_SIZE) < 0)
		code = bk_fail(err, BK_E_IO, 0, "no random bytes for a temporary file");
	else
		code = bk_file_open_temp(&spill->file, io, bk_file_spill_dir(dir), err);
	if (code)
		bk_spill_close(spill);
	else
		*out = spill;
	return code;
}

void bk_spill_close(struct bk_spill *spill)
{
	if (!spill)
		return;
	bk_file_close(&spill->file);
	bk_secret_free(spill->key);
	free(spill);
}

static void nonce_of(uint8_t *nonce, const uint8_t *number)
{
	memset(nonce, 0, crypto_aead_chacha20poly1305_ietf_NPUBBYTES);
	memcpy(nonce, number, NUMBER);
}

static enum bk_code read_block(
	const struct bk_spill *spill, uint64_t block, uint8_t *plain, struct bk_error *err)
{
	uint8_t stands[STANDS], nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES], with[8];
	size_t got = 0;
	enum bk_code code = BK_OK;
	bool is_there = block < spill->blocks;

	if (is_there)
		code = bk_file_read(&spill->file, stands, sizeof stands, block * STANDS, &got, err);
	if (code)
		return code;
	if (!is_there || (got == sizeof stands && !bk_load_u64(stands))) {
		memset(plain, 0, BLOCK);
		return BK_OK;
	}
	nonce_of(nonce, stands);
	bk_put_u64(with, block);
	if (got == sizeof stands &&
		crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, stands + NUMBER,
			STANDS - NUMBER, with, sizeof with, nonce, spill->key) == 0)
		return BK_OK;
	return bk_fail(
		err, BK_E_IO, 0, "a temporary file in %s lost what was written", spill->file.path);
}

static enum bk_code write_block(
	struct bk_spill *spill, uint64_t block, const uint8_t *plain, struct bk_error *err)
{
	uint8_t stands[STANDS], nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES], with[8];
	enum bk_code code;

	bk_put_u64(stands, ++spill->writes);
	nonce_of(nonce, stands);
	bk_put_u64(with, block);
	crypto_aead_chacha20poly1305_ietf_encrypt(
		stands + NUMBER, NULL, plain, BLOCK, with, sizeof with, NULL, nonce, spill->key);
	code = bk_file_write(&spill->file, stands, sizeof stands, block * STANDS, err);
	if (!code && block >= spill->blocks)
		spill->blocks = block + 1;
	return code;
}

/* How much of SIZE bytes at OFFSET is in the block there. */
static size_t part_of(uint64_t offset, size_t size)
{
	size_t left = BLOCK - (size_t)(offset % BLOCK);

	return size < left ? size : left;
}

enum bk_code bk_spill_write(struct bk_spill *spill, const void *data, size_t size, uint64_t offset,
	struct bk_error *err)
{
	const uint8_t *at = data;
	enum bk_code code = BK_OK;

	while (size && !code) {
		size_t part = part_of(offset, size);
		uint8_t plain[BLOCK];

		if (part < BLOCK)
			code = read_block(spill, offset / BLOCK, plain, err);
		if (code)
			break;
		memcpy(plain + offset % BLOCK, at, part);
		code = write_block(spill, offset / BLOCK, plain, err);
		at += part;
		offset += part;
		size -= part;
		if (!code && offset > spill->size)
			spill->size = offset;
	}
	return code;
}

enum bk_code bk_spill_read(const struct bk_spill *spill, void *data, size_t size, uint64_t offset,
	size_t *done, struct bk_error *err)
{
	uint64_t left = offset < spill->size ? spill->size - offset : 0;
	uint8_t *at = data;
	enum bk_code code = BK_OK;

	if (size > left)
		size = (size_t)left;
	*done = size;
	while (size && !code) {
		size_t part = part_of(offset, size);
		uint8_t plain[BLOCK];

		code = read_block(spill, offset / BLOCK, plain, err);
		if (!code)
			memcpy(at, plain + offset % BLOCK, part);
		at += part;
		offset += part;
		size -= part;
	}
	return code;
}

enum bk_code bk_spill_truncate(struct bk_spill *spill, uint64_t size, struct bk_error *err)
{
	static const uint8_t zeros[BLOCK];
	uint64_t whole = size / BLOCK + (size % BLOCK != 0), end = whole * BLOCK;
	enum bk_code code = BK_OK;

	/* What is cut off is zeros if the file grows again. */
	if (size < spill->size && size < end)
		code = bk_spill_write(spill, zeros, (size_t)(end - size), size, err);
	if (!code && whole < spill->blocks) {
		code = bk_file_truncate(&spill->file, whole * STANDS, err);
		if (!code)
			spill->blocks = whole;
	}
	if (!code)
		spill->size = size;
	return code;
}
