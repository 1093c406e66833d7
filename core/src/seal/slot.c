/* slot.c - the payload of a SLOT frame. */
#include "slot.h"
#include "codec.h"
#include <string.h>

#define AT_KIND  0
#define AT_ID    4
#define AT_SALT  (AT_ID + SLOT_ID)
#define AT_OPS   (AT_SALT + SLOT_SALT)
#define AT_KIB   (AT_OPS + 4)
#define AT_AGE   (AT_KIB + 4)
#define AT_POINT (AT_AGE + AGE_SIZE)

_Static_assert(AT_POINT + SECRET_SIZE + SEAL_SIZE == SLOT_SIZE, "the parts make up a slot");

/* What is sealed with the recipient's point: all but the log's id. */
#define WITH_SIZE (SLOT_SIZE - SLOT_ID - SECRET_SIZE - SEAL_SIZE)

bool bk_slot_is_right(const uint8_t *payload, size_t size)
{
	struct recipient who;

	if (size != SLOT_SIZE)
		return false;
	bk_slot_read(&who, payload);
	return who.kind >= SLOT_SEED && who.kind <= SLOT_KEY_FILE && who.ops <= SLOT_OPS_MAX &&
	       who.kib <= SLOT_KIB_MAX &&
	       (who.kind != SLOT_PASSPHRASE || (who.ops && who.kib >= 8));
}

void bk_slot_read(struct recipient *who, const uint8_t *payload)
{
	*who = (struct recipient){.kind = bk_load_u32(payload + AT_KIND),
		.ops = bk_load_u32(payload + AT_OPS),
		.kib = bk_load_u32(payload + AT_KIB)};
	memcpy(who->salt, payload + AT_SALT, SLOT_SALT);
}

static void gather(uint8_t *with, const uint8_t *payload)
{
	memcpy(with, payload, AT_ID);
	memcpy(with + AT_ID, payload + AT_SALT, WITH_SIZE - AT_ID);
}

enum bk_code bk_slot_make(uint8_t *payload, const struct log_key *key, const struct recipient *who,
	const struct bk_io *io, struct bk_error *err)
{
	uint8_t with[WITH_SIZE];
	enum bk_code code;

	memset(payload, 0, SLOT_SIZE);
	bk_put_u32(payload + AT_KIND, who->kind);
	memcpy(payload + AT_SALT, who->salt, SLOT_SALT);
	bk_put_u32(payload + AT_OPS, who->ops);
	bk_put_u32(payload + AT_KIB, who->kib);
	code = bk_age_wrap(payload + AT_AGE, bk_logkey_bytes(key), who->point, io, err);
	if (code)
		return code;
	gather(with, payload);
	return bk_logkey_seal(
		key, io, payload + AT_POINT, who->point, SECRET_SIZE, with, sizeof with, err);
}

void bk_slot_name(uint8_t *payload, const uint8_t *id)
{
	memcpy(payload + AT_ID, id, SLOT_ID);
}

const uint8_t *bk_slot_id(const uint8_t *payload)
{
	return payload + AT_ID;
}

bool bk_slot_recipient(struct recipient *who, const uint8_t *payload, const struct log_key *key)
{
	uint8_t with[WITH_SIZE];

	bk_slot_read(who, payload);
	gather(with, payload);
	return bk_logkey_open(
		key, who->point, payload + AT_POINT, SECRET_SIZE + SEAL_SIZE, with, sizeof with);
}

struct log_key *bk_slot_open(const uint8_t *payload, const uint8_t *identity)
{
	uint8_t point[SECRET_SIZE], *bytes = bk_secret_new(SECRET_SIZE);
	struct log_key *key = NULL;
	struct recipient who;

	if (bytes && bk_age_open(bytes, payload + AT_AGE, identity))
		key = bk_logkey_new(bytes);
	bk_secret_free(bytes);
	if (!key)
		return NULL;
	bk_age_recipient(point, identity);
	if (bk_slot_recipient(&who, payload, key) && memcmp(who.point, point, sizeof point) == 0)
		return key;
	bk_logkey_drop(key);
	return NULL;
}
