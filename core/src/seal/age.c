/* age.c - a key in a file of age. */
#include "age.h"
#include "kdf.h"
#include <sodium.h>
#include <string.h>

/* The file: three lines of text, then a nonce and the one chunk of the payload. The texts are
 * base64 without padding; the body of the stanza is the file's key, which wraps all else. */
#define LINE_FIRST  "age-encryption.org/v1\n"
#define LINE_STANZA "-> X25519 "
#define LINE_LAST   "---"
#define BASE64_KEY  43 /* letters of 32 bytes */
#define FILE_KEY    16
#define WRAPPED     (FILE_KEY + crypto_aead_chacha20poly1305_ietf_ABYTES)
#define NONCE       16
#define CHUNK       (SECRET_SIZE + crypto_aead_chacha20poly1305_ietf_ABYTES)

#define AT_SHARE   (sizeof LINE_FIRST - 1 + sizeof LINE_STANZA - 1)
#define AT_BODY    (AT_SHARE + BASE64_KEY + 1)
#define AT_LAST    (AT_BODY + BASE64_KEY + 1)
#define AT_MAC     (AT_LAST + sizeof LINE_LAST)
#define AT_NONCE   (AT_MAC + BASE64_KEY + 1)
#define AT_PAYLOAD (AT_NONCE + NONCE)

_Static_assert(AT_PAYLOAD + CHUNK == AGE_SIZE, "the file's parts make up its size");
_Static_assert(WRAPPED == SECRET_SIZE, "all three texts have one size");

static const uint8_t zero_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
/* That of a chunk with counter 0 which is the last. */
static const uint8_t chunk_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES] = {[11] = 1};

void bk_age_recipient(uint8_t *recipient, const uint8_t *identity)
{
	crypto_scalarmult_curve25519_base(recipient, identity);
}

static void put_base64(uint8_t *at, const uint8_t *bytes)
{
	char text[BASE64_KEY + 1];

	sodium_bin2base64(
		text, sizeof text, bytes, SECRET_SIZE, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	memcpy(at, text, BASE64_KEY);
	at[BASE64_KEY] = '\n';
}

static bool get_base64(uint8_t *bytes, const uint8_t *at)
{
	size_t size;

	return at[BASE64_KEY] == '\n' &&
	       sodium_base642bin(bytes, SECRET_SIZE, (const char *)at, BASE64_KEY, NULL, &size,
		       NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
	       size == SECRET_SIZE;
}

/* The key that wraps the file's: out of what both sides know. False if the share is a point that
 * makes all secrets the same. */
static bool wrapping_key(uint8_t *out, const uint8_t *secret, const uint8_t *point,
	const uint8_t *share, const uint8_t *recipient)
{
	uint8_t shared[SECRET_SIZE], salt[2 * SECRET_SIZE];
	bool right = crypto_scalarmult_curve25519(shared, secret, point) == 0;

	memcpy(salt, share, SECRET_SIZE);
	memcpy(salt + SECRET_SIZE, recipient, SECRET_SIZE);
	bk_hkdf(out, salt, sizeof salt, shared, sizeof shared, "age-encryption.org/v1/X25519");
	sodium_memzero(shared, sizeof shared);
	return right;
}

static void mac_of(uint8_t *mac, const uint8_t *file, const uint8_t *file_key)
{
	uint8_t key[SECRET_SIZE];

	bk_hkdf(key, NULL, 0, file_key, FILE_KEY, "header");
	crypto_auth_hmacsha256(mac, file, AT_LAST + sizeof LINE_LAST - 1, key);
	sodium_memzero(key, sizeof key);
}

/* What a wrapping needs: in secret memory. */
struct wrapping {
	uint8_t secret[SECRET_SIZE], wrap[SECRET_SIZE], payload[SECRET_SIZE], file_key[FILE_KEY];
};

static void put_lines(uint8_t *out, const uint8_t *share, const uint8_t *body)
{
	memcpy(out, LINE_FIRST LINE_STANZA, AT_SHARE);
	put_base64(out + AT_SHARE, share);
	put_base64(out + AT_BODY, body);
	memcpy(out + AT_LAST, LINE_LAST " ", sizeof LINE_LAST);
}

static bool wrap(uint8_t *out, const uint8_t *key, const uint8_t *recipient, struct wrapping *w)
{
	uint8_t share[SECRET_SIZE], body[WRAPPED], mac[SECRET_SIZE];

	bk_age_recipient(share, w->secret);
	if (!wrapping_key(w->wrap, w->secret, recipient, share, recipient))
		return false;
	crypto_aead_chacha20poly1305_ietf_encrypt(
		body, NULL, w->file_key, FILE_KEY, NULL, 0, NULL, zero_nonce, w->wrap);
	put_lines(out, share, body);
	mac_of(mac, out, w->file_key);
	put_base64(out + AT_MAC, mac);
	bk_hkdf(w->payload, out + AT_NONCE, NONCE, w->file_key, FILE_KEY, "payload");
	crypto_aead_chacha20poly1305_ietf_encrypt(
		out + AT_PAYLOAD, NULL, key, SECRET_SIZE, NULL, 0, NULL, chunk_nonce, w->payload);
	return true;
}

static bool draw(const struct bk_io *io, void *bytes, size_t size)
{
	return io->ops->random(io->ctx, bytes, size) >= 0;
}

enum bk_code bk_age_wrap(uint8_t *out, const uint8_t *key, const uint8_t *recipient,
	const struct bk_io *io, struct bk_error *err)
{
	struct wrapping *w = bk_secret_new(sizeof *w);
	enum bk_code code = BK_OK;

	if (!w)
		return bk_secret_no_memory(err);
	if (!draw(io, w->secret, sizeof w->secret) || !draw(io, w->file_key, sizeof w->file_key) ||
		!draw(io, out + AT_NONCE, NONCE))
		code = bk_fail(err, BK_E_IO, 0, "no random bytes for a key");
	else if (!wrap(out, key, recipient, w))
		code = bk_fail(err, BK_E_INVALID, 0, "that is no recipient of age's");
	bk_secret_free(w);
	return code;
}

static bool lines_are_right(const uint8_t *file)
{
	return memcmp(file, LINE_FIRST LINE_STANZA, AT_SHARE) == 0 &&
	       memcmp(file + AT_LAST, LINE_LAST " ", sizeof LINE_LAST) == 0;
}

static bool unwrap(uint8_t *key, const uint8_t *file, const uint8_t *identity, struct wrapping *w)
{
	uint8_t share[SECRET_SIZE], body[WRAPPED], mac[SECRET_SIZE], right[SECRET_SIZE];
	uint8_t recipient[SECRET_SIZE];

	if (!lines_are_right(file) || !get_base64(share, file + AT_SHARE) ||
		!get_base64(body, file + AT_BODY) || !get_base64(mac, file + AT_MAC))
		return false;
	bk_age_recipient(recipient, identity);
	if (!wrapping_key(w->wrap, identity, share, share, recipient) ||
		crypto_aead_chacha20poly1305_ietf_decrypt(w->file_key, NULL, NULL, body,
			sizeof body, NULL, 0, zero_nonce, w->wrap) != 0)
		return false;
	mac_of(right, file, w->file_key);
	if (sodium_memcmp(mac, right, sizeof mac) != 0)
		return false;
	bk_hkdf(w->payload, file + AT_NONCE, NONCE, w->file_key, FILE_KEY, "payload");
	return crypto_aead_chacha20poly1305_ietf_decrypt(key, NULL, NULL, file + AT_PAYLOAD, CHUNK,
		       NULL, 0, chunk_nonce, w->payload) == 0;
}

bool bk_age_open(uint8_t *key, const uint8_t *file, const uint8_t *identity)
{
	struct wrapping *w = bk_secret_new(sizeof *w);
	bool right = w && unwrap(key, file, identity, w);

	bk_secret_free(w);
	return right;
}
