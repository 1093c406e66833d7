/* test_seal.c - keys, what they are drawn out of, and the slots that wrap a log's
 * (docs/format.md, 13). */
#include "bech32.h"
#include "hsm.h"
#include "seal.h"
#include "slot.h"
#include "support.h"

SUITE(seal);

#define WORDS "hockey enroll sure trip track rescue original plate abandon abandon abandon account"

static void bytes_of(uint8_t *out, const char *digits, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned byte;

		cr_assert(sscanf(digits + 2 * i, "%2x", &byte) == 1);
		out[i] = (uint8_t)byte;
	}
}

static bool are(const uint8_t *bytes, const char *digits, size_t size)
{
	uint8_t wanted[128];

	bytes_of(wanted, digits, size);
	return memcmp(bytes, wanted, size) == 0;
}

/* RFC 5869, test cases 1 and 3, the first 32 bytes of each. */
Test(seal, hkdf)
{
	uint8_t key[22], salt[13], out[SECRET_SIZE];

	memset(key, 0x0b, sizeof key);
	for (size_t i = 0; i < sizeof salt; i++)
		salt[i] = (uint8_t)i;
	bk_hkdf(out, salt, sizeof salt, key, sizeof key,
		"\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9");
	cr_assert(are(out, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
		sizeof out));
	bk_hkdf(out, NULL, 0, key, sizeof key, "");
	cr_assert(are(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
		sizeof out));
}

/* "the words ..., info `scb secret`, give ...": a value that lightningd's own tests have. */
Test(seal, words_give_what_makesecret_gives)
{
	uint8_t seed[SEED_SIZE_MAX], out[SECRET_SIZE];
	char plain[WORDS_MAX + 1];
	static const char typed[] = "  Hockey enroll\tsure trip track rescue original plate\n"
				    "abandon abandon abandon account\n";

	bk_words_seed(seed, WORDS, NULL);
	bk_makesecret(out, seed, sizeof seed, "scb secret");
	cr_assert(are(out, "498a16a6c6b82b7280de7f5b0afa0478b29d3a1cbe52c376249cf46abb6c03da",
		sizeof out));
	cr_assert(bk_words_plain(plain, typed, strlen(typed)) == 12 && !strcmp(plain, WORDS));
	cr_assert(bk_words_plain(plain, "no n-letters", 12) == 0);
	for (size_t i = 0; i < 2 * WORDS_MAX; i++) {
		char many[2 * WORDS_MAX];

		memset(many, 'a', sizeof many);
		many[i % 7] = ' ';
		bk_words_plain(plain, many, i);
		cr_assert(strlen(plain) <= WORDS_MAX);
	}
}

/* BIP39's own test vector, with its passphrase. */
Test(seal, words_with_a_passphrase)
{
	uint8_t seed[SEED_SIZE_MAX];

	bk_words_seed(seed,
		"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
		"abandon about",
		"TREZOR");
	cr_assert(are(seed,
		"c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264"
		"c"
		"1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04",
		sizeof seed));
}

/* The four kinds of the file, as lightningd's hsmtool 26.06.6 made them. */
static const struct {
	const char *name, *head, *words, *passphrase;
	size_t head_size;
} files[] = {
	{"plain", "1111111111111111111111111111111111111111111111111111111111111111", "", NULL, 32},
	{"encrypted",
		"811881090d481302ac90c907ec1c5d463b6613f1c680f842e365fc1e887b0a164ff55d35acc4cbe0ac"
		"b"
		"43f5b4a4b7ab53df3aad7407ad912c510dff0566f55fc653da2ab38d55f9f69",
		"", "secret", 73},
	{"words", "0000000000000000000000000000000000000000000000000000000000000000", WORDS, NULL,
		32},
	{"words and a passphrase",
		"05dab95a5e202232b372f114fa55eeac90dfe2af6a48016c5958172f2acc8ca8", WORDS,
		"pass phrase", 32},
};

static size_t file_of(uint8_t *out, size_t i)
{
	bytes_of(out, files[i].head, files[i].head_size);
	memcpy(out + files[i].head_size, files[i].words, strlen(files[i].words));
	return files[i].head_size + strlen(files[i].words);
}

Test(seal, four_kinds_of_hsm_secret)
{
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		uint8_t file[HSM_MAX], made[HSM_MAX], seed[SEED_SIZE_MAX], wanted[SEED_SIZE_MAX];
		size_t size = file_of(file, i), seed_size;
		const char *passphrase = files[i].passphrase;

		ok(bk_hsm_seed(seed, &seed_size, file, size, passphrase, why()));
		cr_assert(bk_hsm_has_passphrase(file, size) == (passphrase != NULL), "%s",
			files[i].name);
		if (*files[i].words) {
			bk_words_seed(wanted, WORDS, passphrase);
			cr_assert(seed_size == 64 && memcmp(seed, wanted, 64) == 0);
			cr_assert(bk_hsm_of_words(made, WORDS, passphrase) == size &&
				  memcmp(made, file, size) == 0);
		} else {
			memset(wanted, 0x11, 32);
			cr_assert(seed_size == 32 && memcmp(seed, wanted, 32) == 0);
		}
		if (!passphrase)
			continue;
		fails(BK_E_SEALED, bk_hsm_seed(seed, &seed_size, file, size, NULL, why()));
		fails(BK_E_SEALED, bk_hsm_seed(seed, &seed_size, file, size, "other", why()));
	}
}

Test(seal, what_is_no_hsm_secret)
{
	uint8_t file[2 * HSM_MAX] = {0}, seed[SEED_SIZE_MAX];
	size_t seed_size;

	fails(BK_E_FORMAT, bk_hsm_seed(seed, &seed_size, file, 31, NULL, why()));
	fails(BK_E_FORMAT, bk_hsm_seed(seed, &seed_size, file, sizeof file, NULL, why()));
}

/* An identity and its recipient as age-keygen 1.1.1 made them. */
#define IDENTITY  "AGE-SECRET-KEY-1HWSDMX3XA6S0EH0P45S46RT7AEL0VSVCHKDX9YCNS4HLSFJMGT9Q4XUKV9"
#define RECIPIENT "age1973vg4qr52a38c60tdd8dpxrgaumh775ywhjlcrfvxemy7644uzs5sxr3w"

Test(seal, bech32_as_age_writes_it)
{
	uint8_t identity[SECRET_SIZE], recipient[SECRET_SIZE], read[SECRET_SIZE];
	char text[BECH32_TEXT];

	cr_assert(bk_bech32_decode(identity, AGE_IDENTITY, IDENTITY, strlen(IDENTITY)));
	bk_age_recipient(recipient, identity);
	bk_bech32_encode(text, AGE_RECIPIENT, recipient);
	cr_assert_str_eq(text, RECIPIENT);
	cr_assert(bk_bech32_decode(read, AGE_RECIPIENT, text, strlen(text)));
	cr_assert(memcmp(read, recipient, sizeof read) == 0);
	for (size_t i = 0; i < strlen(text); i++) {
		char other[BECH32_TEXT];

		strcpy(other, text);
		other[i] = other[i] == 'q' ? 'p' : 'q';
		cr_assert(!bk_bech32_decode(read, AGE_RECIPIENT, other, strlen(other)), "%zu", i);
	}
	text[4] = (char)(text[4] - 'a' + 'A');
	cr_assert(!bk_bech32_decode(read, AGE_RECIPIENT, text, strlen(text)), "mixed case");
	cr_assert(!bk_bech32_decode(read, AGE_RECIPIENT, IDENTITY, strlen(IDENTITY)));
}

static struct bk_keyring *ring_of_passphrase(const char *text)
{
	struct bk_keyring *ring;

	ok(bk_keyring_new(&ring, why()));
	ok(bk_keyring_add_passphrase(ring, text, strlen(text), why()));
	return ring;
}

static struct bk_keyring *ring_of_words(const char *passphrase)
{
	struct bk_keyring *ring;

	ok(bk_keyring_new(&ring, why()));
	ok(bk_keyring_add_words(ring, WORDS, strlen(WORDS), passphrase, why()));
	return ring;
}

static bool opens(struct bk_keyring *ring, const uint8_t *slot, const struct bk_seal *seal)
{
	struct log_key *key;
	bool is_right;

	ok(bk_keyring_open(ring, slot, &key, why()));
	is_right =
		key && memcmp(bk_logkey_bytes(key), bk_logkey_bytes(seal->key), SECRET_SIZE) == 0;
	cr_assert(!key || is_right, "a key that is not the log's");
	bk_logkey_drop(key);
	return is_right;
}

/* One slot for each who may open it, and each opens his own and no other. */
Test(seal, slots)
{
	const char *path = scratch("key");
	struct bk_keyring *all, *rings[4];
	struct bk_seal *seal;
	const struct bk_io *io = bk_io_posix();

	ok(bk_keyfile_make(io, path, why()));
	fails(BK_E_EXISTS, bk_keyfile_make(io, path, why()));
	all = ring_of_words(NULL);
	ok(bk_keyring_add_passphrase(all, "right", 5, why()));
	ok(bk_keyring_add_file(all, io, path, why()));
	ok(bk_keyring_add_recipient(all, RECIPIENT, why()));
	ok(bk_seal_new(&seal, all, io, why()));
	cr_assert(seal->count == 4);
	rings[0] = ring_of_words(NULL);
	rings[1] = ring_of_passphrase("right");
	ok(bk_keyring_new(&rings[2], why()));
	ok(bk_keyring_add_file(rings[2], io, path, why()));
	rings[3] = ring_of_words("other");
	ok(bk_keyring_add_passphrase(rings[3], "wrong", 5, why()));
	for (size_t r = 0; r < 4; r++) {
		for (size_t i = 0; i < seal->count; i++) {
			const uint8_t *slot = seal->slots + i * SLOT_SIZE;
			struct recipient who;

			cr_assert(bk_slot_is_right(slot, SLOT_SIZE));
			bk_slot_read(&who, slot);
			cr_assert(opens(rings[r], slot, seal) ==
				  (r < 3 && who.kind == (uint32_t[]){SLOT_SEED, SLOT_PASSPHRASE,
								SLOT_KEY_FILE}[r]));
		}
		bk_keyring_free(rings[r]);
	}
	bk_seal_free(seal);
	bk_keyring_free(all);
}

/* Each bit of a slot that a stranger flips: it opens no more, or is no slot any more. Only the id
 * of the log that it stands in is not its own. */
Test(seal, a_slot_that_was_altered)
{
	struct bk_keyring *ring = ring_of_words(NULL);
	struct bk_seal *seal;
	uint8_t *slot;

	ok(bk_seal_new(&seal, ring, bk_io_posix(), why()));
	slot = seal->slots;
	cr_assert(opens(ring, slot, seal));
	for (size_t i = 0; i < SLOT_SIZE; i++) {
		bool is_id = slot + i >= bk_slot_id(slot) && slot + i < bk_slot_id(slot) + SLOT_ID;

		slot[i] ^= 1;
		cr_assert((bk_slot_is_right(slot, SLOT_SIZE) && opens(ring, slot, seal)) == is_id,
			"byte %zu", i);
		slot[i] ^= 1;
	}
	bk_seal_free(seal);
	bk_keyring_free(ring);
}

/* What a slot asks for is within limits before argon2id is asked to give it. */
Test(seal, a_slot_that_asks_for_too_much)
{
	struct bk_keyring *ring = ring_of_passphrase("right");
	struct bk_seal *seal;
	uint8_t slot[SLOT_SIZE];

	ok(bk_seal_new(&seal, ring, bk_io_posix(), why()));
	memcpy(slot, seal->slots, sizeof slot);
	cr_assert(bk_slot_is_right(slot, sizeof slot) && !bk_slot_is_right(slot, sizeof slot - 1));
	slot[36] = SLOT_OPS_MAX + 1;
	cr_assert(!bk_slot_is_right(slot, sizeof slot));
	memcpy(slot, seal->slots, sizeof slot);
	slot[43] = 1;
	cr_assert(!bk_slot_is_right(slot, sizeof slot));
	bk_seal_free(seal);
	bk_keyring_free(ring);
}

/* "the age slot such that the stock `age -d` opens it" */
Test(seal, age_opens_a_slot)
{
	const char *key = scratch("key"), *file = scratch("slot.age");
	char command[1000];
	struct bk_keyring *ring;
	struct bk_seal *seal;
	uint8_t out[SECRET_SIZE + 1];
	FILE *pipe, *to;

	if (system("command -v age >/dev/null 2>&1") != 0)
		cr_skip_test("there is no age");
	snprintf(command, sizeof command, "age -d -i %s %s", key, file);
	ok(bk_keyfile_make(bk_io_posix(), key, why()));
	ok(bk_keyring_new(&ring, why()));
	ok(bk_keyring_add_file(ring, bk_io_posix(), key, why()));
	ok(bk_seal_new(&seal, ring, bk_io_posix(), why()));
	to = fopen(file, "w");
	cr_assert(to && fwrite(seal->slots + 44, AGE_SIZE, 1, to) == 1 && !fclose(to));
	pipe = popen(command, "r");
	cr_assert(pipe && fread(out, 1, sizeof out, pipe) == SECRET_SIZE && !pclose(pipe));
	cr_assert(memcmp(out, bk_logkey_bytes(seal->key), SECRET_SIZE) == 0);
	bk_seal_free(seal);
	bk_keyring_free(ring);
}

Test(seal, sealed_bytes)
{
	uint8_t bytes[SECRET_SIZE] = {1}, plain[40] = "some", sealed[40 + SEAL_SIZE], out[40];
	struct log_key *key = bk_logkey_new(bytes);

	ok(bk_logkey_seal(key, bk_io_posix(), sealed, plain, sizeof plain, "with", 4, why()));
	cr_assert(bk_logkey_open(key, out, sealed, sizeof sealed, "with", 4));
	cr_assert(memcmp(out, plain, sizeof out) == 0);
	cr_assert(!bk_logkey_open(key, out, sealed, sizeof sealed, "wish", 4));
	cr_assert(!bk_logkey_open(key, out, sealed, SEAL_SIZE - 1, "with", 4));
	for (size_t i = 0; i < sizeof sealed; i++) {
		sealed[i] ^= 0x10;
		cr_assert(!bk_logkey_open(key, out, sealed, sizeof sealed, "with", 4));
		sealed[i] ^= 0x10;
	}
	bk_logkey_drop(key);
}

Test(seal, what_is_no_key)
{
	struct bk_keyring *ring;
	struct bk_seal *seal;

	ok(bk_keyring_new(&ring, why()));
	cr_assert(bk_keyring_is_empty(ring) && bk_keyring_is_empty(NULL));
	fails(BK_E_INVALID, bk_seal_new(&seal, ring, bk_io_posix(), why()));
	fails(BK_E_INVALID, bk_keyring_add_passphrase(ring, "", 0, why()));
	fails(BK_E_INVALID, bk_keyring_add_words(ring, "one two", 7, NULL, why()));
	fails(BK_E_INVALID, bk_keyring_add_secret(ring, "12", 2, why()));
	fails(BK_E_INVALID, bk_keyring_add_recipient(ring, "age1nobody", why()));
	fails(BK_E_MISSING, bk_keyring_add_file(ring, bk_io_posix(), "/nowhere", why()));
	fails(BK_E_FORMAT, bk_keyring_add_file(ring, bk_io_posix(), "/etc/hostname", why()));
	cr_assert(bk_keyring_is_empty(ring));
	bk_keyring_free(ring);
}
