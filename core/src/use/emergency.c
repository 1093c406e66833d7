/* emergency.c - static channel backups out of a version. */
#include "image.h"
#include "peeraddr.h"
#include "sandbox.h"
#include <bk/emergency.h>
#include <bk/rebuild.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_SIZE      32
#define KEY_SIZE     33
#define HASH_SIZE    32
#define KNOWN_MAX    49 /* hashes of a shachain: BOLT 3, "Efficient Per-commitment Secret Storage" */
#define TYPE_MAX     256
#define SCB_MAX      4096
#define NOTE_MAX     200
#define SIDE_REMOTE  1
#define BASEPOINTS   4
#define UNKNOWN_PEER "127.0.0.1:1" /* what lightningd puts in an unreadable address' place */

/* lightningd's enum channel_state, which stands in the database. */
#define STATE_NOT_COMMITTED "1" /* DUALOPEND_OPEN_INIT */
#define STATE_CLOSED        "10"

/* The columns of the query below. */
enum column {
	COLUMN_ID,
	COLUMN_CHANNEL,
	COLUMN_PEER,
	COLUMN_ADDRESS,
	COLUMN_FUNDING,
	COLUMN_OUTNUM,
	COLUMN_SATOSHI,
	COLUMN_TYPE,
	COLUMN_SHACHAIN,
	COLUMN_MIN_INDEX,
	COLUMN_VALID,
	COLUMN_BASEPOINT,
	COLUMN_FUNDER = COLUMN_BASEPOINT + BASEPOINTS,
	COLUMN_DELAY,
	COLUMN_LAST_ADDRESS,
};

#define CHANNELS                                                                                   \
	"SELECT c.id, c.full_channel_id, p.node_id, p.address, c.funding_tx_id, "                  \
	"c.funding_tx_outnum, c.funding_satoshi, c.channel_type, s.id, s.min_index, s.num_valid, " \
	"c.revocation_basepoint_remote, c.payment_basepoint_remote, c.htlc_basepoint_remote, "     \
	"c.delayed_payment_basepoint_remote, c.funder, f.to_self_delay, %s FROM channels c "       \
	"LEFT JOIN peers p ON p.id = c.peer_id LEFT JOIN shachains s ON s.id = "                   \
	"c.shachain_remote_id LEFT JOIN channel_configs f ON f.id = c.channel_config_remote "      \
	"WHERE c.state NOT IN (" STATE_NOT_COMMITTED ", " STATE_CLOSED ") ORDER BY p.id, c.id"

/* Added to the schema in v25.12. */
#define LAST_ADDRESS "p.last_known_address"

#define HASHES "SELECT idx, hash, pos FROM shachain_known WHERE shachain_id = ? ORDER BY pos"

struct gathering {
	struct bk_emergency *out;
	struct sandbox sandbox;
	sqlite3_stmt *channels, *hashes;
	size_t room; /* of out->channels */
};

/* What goes over the wire: integers in big-endian order. */
struct wire {
	uint8_t bytes[SCB_MAX];
	size_t size;
	const char *lacks; /* what is not in the database; NULL: all is there */
};

static void put(struct wire *wire, const void *bytes, size_t size)
{
	/* Whatever is put has a size that the database does not choose. */
	memcpy(wire->bytes + wire->size, bytes, size);
	wire->size += size;
}

static void put_number(struct wire *wire, uint64_t value, size_t size)
{
	while (size--)
		wire->bytes[wire->size++] = (uint8_t)(value >> 8 * size);
}

/* BOLT 1's BigSize, for what is less than 2^16. */
static void put_bigsize(struct wire *wire, size_t value)
{
	if (value >= 0xfd)
		put_number(wire, 0xfd, 1);
	put_number(wire, value, value >= 0xfd ? 2 : 1);
}

static void lack(struct wire *wire, const char *what)
{
	if (!wire->lacks)
		wire->lacks = what;
}

/* A blob of SIZE bytes. */
static void put_blob(
	struct wire *wire, sqlite3_stmt *row, int column, size_t size, const char *what)
{
	const void *blob = sqlite3_column_blob(row, column);

	if (!blob || sqlite3_column_type(row, column) != SQLITE_BLOB ||
		(size_t)sqlite3_column_bytes(row, column) != size)
		lack(wire, what);
	else
		put(wire, blob, size);
}

static void put_column(
	struct wire *wire, sqlite3_stmt *row, int column, size_t size, const char *what)
{
	if (sqlite3_column_type(row, column) != SQLITE_INTEGER)
		lack(wire, what);
	else
		put_number(wire, (uint64_t)sqlite3_column_int64(row, column), size);
}

static void put_type(struct wire *wire, sqlite3_stmt *row)
{
	const void *blob = sqlite3_column_blob(row, COLUMN_TYPE);
	size_t size = (size_t)sqlite3_column_bytes(row, COLUMN_TYPE);

	if (sqlite3_column_type(row, COLUMN_TYPE) != SQLITE_BLOB || size > TYPE_MAX) {
		lack(wire, "its type");
		return;
	}
	put_number(wire, size, 2);
	if (size)
		put(wire, blob, size);
}

/* The secrets of the peer's revoked commitments. */
static int put_shachain(struct gathering *gathering, struct wire *wire, sqlite3_stmt *row)
{
	uint64_t valid = (uint64_t)sqlite3_column_int64(row, COLUMN_VALID), count = 0;
	sqlite3_stmt *hash = gathering->hashes;
	int rc = SQLITE_DONE;

	if (sqlite3_column_type(row, COLUMN_SHACHAIN) != SQLITE_INTEGER || valid > KNOWN_MAX) {
		lack(wire, "its shachain");
		return SQLITE_OK;
	}
	put_column(wire, row, COLUMN_MIN_INDEX, 8, "its shachain");
	put_number(wire, valid, 4);
	sqlite3_bind_int64(hash, 1, sqlite3_column_int64(row, COLUMN_SHACHAIN));
	while (count < valid && (rc = sqlite3_step(hash)) == SQLITE_ROW) {
		put_column(wire, hash, 0, 8, "its shachain");
		put_blob(wire, hash, 1, HASH_SIZE, "its shachain");
		if ((uint64_t)sqlite3_column_int64(hash, 2) != count++)
			lack(wire, "its shachain");
	}
	if (rc == SQLITE_DONE && count < valid)
		lack(wire, "its shachain");
	sqlite3_reset(hash);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The TLVs of the channel, into TLVS. */
static int put_tlvs(struct gathering *gathering, struct wire *tlvs, sqlite3_stmt *row)
{
	struct wire shachain = {.size = 0};
	int rc = put_shachain(gathering, &shachain, row);

	if (rc != SQLITE_OK)
		return rc;
	if (shachain.lacks)
		lack(tlvs, shachain.lacks);
	put_number(tlvs, 1, 1);
	put_bigsize(tlvs, shachain.size);
	put(tlvs, shachain.bytes, shachain.size);
	put_number(tlvs, 3, 1);
	put_bigsize(tlvs, (size_t)BASEPOINTS * KEY_SIZE);
	for (int i = 0; i < BASEPOINTS; i++)
		put_blob(tlvs, row, COLUMN_BASEPOINT + i, KEY_SIZE, "the peer's basepoints");
	put_number(tlvs, 5, 1);
	put_bigsize(tlvs, 1);
	if ((uint64_t)sqlite3_column_int64(row, COLUMN_FUNDER) > SIDE_REMOTE)
		lack(tlvs, "who opened it");
	put_column(tlvs, row, COLUMN_FUNDER, 1, "who opened it");
	put_number(tlvs, 7, 1);
	put_bigsize(tlvs, 2);
	put_column(tlvs, row, COLUMN_DELAY, 2, "the peer's to_self_delay");
	return SQLITE_OK;
}

/* The address that the peer was reached at last, or else the one at the channel's opening. */
static void put_address(struct wire *wire, sqlite3_stmt *row, char *note)
{
	const void *last = sqlite3_column_blob(row, COLUMN_LAST_ADDRESS);
	const char *text = (const char *)sqlite3_column_text(row, COLUMN_ADDRESS);
	size_t size = (size_t)sqlite3_column_bytes(row, COLUMN_LAST_ADDRESS);
	uint8_t address[PEERADDR_MAX];

	if (last && bk_peeraddr_is_wire(last, size)) {
		put(wire, last, size);
		return;
	}
	switch (bk_peeraddr_parse(text ? text : UNKNOWN_PEER, address, &size)) {
	case PEERADDR_WIRE:
		break;
	case PEERADDR_NONE:
		lack(wire, "an address of the peer that others can reach");
		return;
	case PEERADDR_WRONG:
		snprintf(note, NOTE_MAX,
			"the peer's address \"%.120s\" is none: " UNKNOWN_PEER " stands for it, as "
			"lightningd does",
			text);
		bk_peeraddr_parse(UNKNOWN_PEER, address, &size);
		break;
	}
	put(wire, address, size);
}

static int encode(struct gathering *gathering, struct wire *wire, sqlite3_stmt *row, char *note)
{
	struct wire tlvs = {.size = 0};
	int rc = put_tlvs(gathering, &tlvs, row);

	put_column(wire, row, COLUMN_ID, 8, "its number");
	put_blob(wire, row, COLUMN_CHANNEL, ID_SIZE, "its id");
	put_blob(wire, row, COLUMN_PEER, KEY_SIZE, "its peer");
	put_address(wire, row, note);
	put_blob(wire, row, COLUMN_FUNDING, ID_SIZE, "its funding transaction");
	put_column(wire, row, COLUMN_OUTNUM, 4, "its funding transaction");
	put_column(wire, row, COLUMN_SATOSHI, 8, "its size");
	put_type(wire, row);
	put_number(wire, tlvs.size, 4);
	put(wire, tlvs.bytes, tlvs.size);
	if (tlvs.lacks)
		lack(wire, tlvs.lacks);
	if (wire->lacks)
		snprintf(note, NOTE_MAX, "the database does not have %s", wire->lacks);
	return rc;
}

static char *hex(const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = bytes;
	char *out = malloc(2 * size + 1);

	if (!out)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[from[i] >> 4];
		out[2 * i + 1] = digits[from[i] & 15];
	}
	out[2 * size] = '\0';
	return out;
}

static struct bk_channel_backup *add(struct gathering *gathering)
{
	struct bk_emergency *out = gathering->out;

	if (out->count == gathering->room) {
		size_t room = gathering->room ? 2 * gathering->room : 64;
		struct bk_channel_backup *grown = realloc(out->channels, room * sizeof *grown);

		if (!grown)
			return NULL;
		out->channels = grown;
		gathering->room = room;
	}
	out->channels[out->count] = (struct bk_channel_backup){.id = 0};
	return &out->channels[out->count++];
}

static int take(struct gathering *gathering, sqlite3_stmt *row)
{
	struct wire wire = {.size = 0};
	char note[NOTE_MAX] = "";
	int rc = encode(gathering, &wire, row, note);
	struct bk_channel_backup *channel = rc == SQLITE_OK ? add(gathering) : NULL;
	size_t peer_size = (size_t)sqlite3_column_bytes(row, COLUMN_PEER);

	if (rc != SQLITE_OK)
		return rc;
	if (!channel)
		return SQLITE_NOMEM;
	channel->id = (uint64_t)sqlite3_column_int64(row, COLUMN_ID);
	channel->peer =
		hex(sqlite3_column_blob(row, COLUMN_PEER), peer_size == KEY_SIZE ? peer_size : 0);
	if (!wire.lacks)
		channel->scb = hex(wire.bytes, wire.size);
	if (*note)
		channel->note = strdup(note);
	return channel->peer && (channel->scb || wire.lacks) && (channel->note || !*note)
		       ? SQLITE_OK
		       : SQLITE_NOMEM;
}

static int prepare(struct gathering *gathering)
{
	char sql[sizeof CHANNELS + sizeof LAST_ADDRESS];
	sqlite3 *db = gathering->sandbox.db;
	int rc;

	snprintf(sql, sizeof sql, CHANNELS, LAST_ADDRESS);
	rc = sqlite3_prepare_v2(db, sql, -1, &gathering->channels, NULL);
	if (rc == SQLITE_ERROR) {
		snprintf(sql, sizeof sql, CHANNELS, "NULL");
		rc = sqlite3_prepare_v2(db, sql, -1, &gathering->channels, NULL);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, HASHES, -1, &gathering->hashes, NULL);
	return rc;
}

static enum bk_code gather(struct gathering *gathering, struct bk_error *err)
{
	int rc = prepare(gathering);

	if (rc == SQLITE_ERROR)
		return bk_fail(err, BK_E_INVALID, 0,
			"this is no database of a lightningd from v23.02 on: %s",
			sqlite3_errmsg(gathering->sandbox.db));
	while (rc == SQLITE_OK && (rc = sqlite3_step(gathering->channels)) == SQLITE_ROW) {
		if (gathering->out->count == BK_CHANNELS_MAX)
			return bk_fail(err, BK_E_LIMIT, 0, "there are more than %d channels",
				BK_CHANNELS_MAX);
		rc = take(gathering, gathering->channels);
	}
	if (rc == SQLITE_NOMEM)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for the channels");
	return rc == SQLITE_DONE ? BK_OK
				 : bk_sandbox_fail(&gathering->sandbox, "read the channels", err);
}

static enum bk_code gather_from(void *ctx, struct bk_image *image, struct bk_error *err)
{
	struct gathering gathering = {.out = ctx};
	enum bk_code code;

	bk_emergency_done(ctx);
	if (!bk_image_page_count(image))
		return bk_fail(err, BK_E_INVALID, 0,
			"there was no database yet at version %" PRIu32, bk_image_version(image));
	bk_budget_begin(&image->budget);
	code = bk_sandbox_open_reading(
		&gathering.sandbox, &image->overlay.store, image->overlay.io, &image->budget, err);
	if (!code) {
		code = gather(&gathering, err);
		sqlite3_finalize(gathering.channels);
		sqlite3_finalize(gathering.hashes);
		bk_sandbox_close(&gathering.sandbox);
	}
	bk_budget_end(&image->budget);
	return code;
}

enum bk_code bk_emergency(struct bk_log *log, uint32_t version,
	const struct bk_image_options *options, struct bk_emergency *out, struct bk_error *err)
{
	enum bk_code code;

	*out = (struct bk_emergency){.count = 0};
	code = bk_rebuild_do(log, version, options, gather_from, out, err);
	if (code)
		bk_emergency_done(out);
	return code;
}

void bk_emergency_done(struct bk_emergency *emergency)
{
	for (size_t i = 0; i < emergency->count; i++) {
		free(emergency->channels[i].peer);
		free(emergency->channels[i].scb);
		free(emergency->channels[i].note);
	}
	free(emergency->channels);
	*emergency = (struct bk_emergency){.count = 0};
}
