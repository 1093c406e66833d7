/* emergency.c - static channel backups out of a version. */
#include "peeraddr.h"
#include <bk/emergency.h>
#include <bk/query.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_SIZE      32
#define KEY_SIZE     33
#define HASH_SIZE    32
#define KNOWN_MAX    49 /* secrets kept: BOLT 3, "Efficient Per-commitment Secret Storage" */
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
	COLUMN_BASEPOINT,
	COLUMN_FUNDER = COLUMN_BASEPOINT + BASEPOINTS,
	COLUMN_DELAY,
	COLUMN_MIN_INDEX,
	COLUMN_VALID,
	COLUMN_POSITION,
	COLUMN_INDEX,
	COLUMN_HASH,
	COLUMN_LAST_ADDRESS,
};

/* A row for each secret of a channel, one with NULLs for a channel without. */
#define CHANNELS                                                                                   \
	"SELECT c.id, c.full_channel_id, p.node_id, p.address, c.funding_tx_id, "                  \
	"c.funding_tx_outnum, c.funding_satoshi, c.channel_type, c.revocation_basepoint_remote, "  \
	"c.payment_basepoint_remote, c.htlc_basepoint_remote, c.delayed_payment_basepoint_remote," \
	" c.funder, f.to_self_delay, s.min_index, s.num_valid, k.pos, k.idx, k.hash, %s "          \
	"FROM channels c LEFT JOIN peers p ON p.id = c.peer_id LEFT JOIN shachains s ON s.id = "   \
	"c.shachain_remote_id LEFT JOIN shachain_known k ON k.shachain_id = s.id LEFT JOIN "       \
	"channel_configs f ON f.id = c.channel_config_remote WHERE c.state NOT IN "                \
	"(" STATE_NOT_COMMITTED ", " STATE_CLOSED ") ORDER BY p.id, c.id, k.pos"

#define LAST_ADDRESS "p.last_known_address"

/* What goes over the wire: integers in big-endian order. */
struct wire {
	uint8_t bytes[SCB_MAX];
	size_t size;
};

/* The channel whose rows come in. */
struct channel {
	uint64_t id;
	char peer[2 * KEY_SIZE + 1];
	struct wire head, secrets, rest; /* before the secrets of the peer's revoked commitments,
					  * they, and behind them */
	uint64_t valid, count;           /* secrets that there should be, and that came */
	const char *lacks;               /* what is not in the database; NULL: all is there */
	char note[NOTE_MAX];
};

struct gathering {
	struct bk_emergency *out;
	size_t room; /* of out->channels */
	struct channel channel;
	bool has_channel;
};

static void lack(struct channel *channel, const char *what)
{
	if (!channel->lacks)
		channel->lacks = what;
}

/* No size that the database chooses comes here, so all has room. */
static void put(struct wire *wire, const void *bytes, size_t size)
{
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

/* A blob of SIZE bytes. */
static void put_blob(struct channel *channel, struct wire *wire, const struct bk_value *value,
	size_t size, const char *what)
{
	if (value->type == BK_VALUE_BLOB && value->size == size)
		put(wire, value->bytes, size);
	else
		lack(channel, what);
}

static void put_integer(struct channel *channel, struct wire *wire, const struct bk_value *value,
	size_t size, const char *what)
{
	if (value->type == BK_VALUE_INTEGER)
		put_number(wire, (uint64_t)value->integer, size);
	else
		lack(channel, what);
}

/* The address that the peer was reached at last, or else the one at the channel's opening. */
static void put_address(struct channel *channel, const struct bk_value *values)
{
	const struct bk_value *last = &values[COLUMN_LAST_ADDRESS];
	const struct bk_value *address = &values[COLUMN_ADDRESS];
	const char *text = address->type == BK_VALUE_TEXT ? address->bytes : UNKNOWN_PEER;
	uint8_t wire[PEERADDR_MAX];
	size_t size;

	if (last->type == BK_VALUE_BLOB && bk_peeraddr_is_wire(last->bytes, last->size)) {
		put(&channel->head, last->bytes, last->size);
		return;
	}
	switch (bk_peeraddr_parse(text, wire, &size)) {
	case PEERADDR_WIRE:
		break;
	case PEERADDR_NONE:
		lack(channel, "an address of the peer that others can reach");
		return;
	case PEERADDR_WRONG:
		snprintf(channel->note, NOTE_MAX,
			"the peer's address \"%.120s\" is none: " UNKNOWN_PEER
			" stands for it, as lightningd does",
			text);
		bk_peeraddr_parse(UNKNOWN_PEER, wire, &size);
		break;
	}
	put(&channel->head, wire, size);
}

static void put_type(struct channel *channel, const struct bk_value *type)
{
	if (type->type != BK_VALUE_BLOB || type->size > TYPE_MAX) {
		lack(channel, "its type");
		return;
	}
	put_number(&channel->head, type->size, 2);
	if (type->size)
		put(&channel->head, type->bytes, type->size);
}

static void put_head(struct channel *channel, const struct bk_value *values)
{
	struct wire *wire = &channel->head;

	put_integer(channel, wire, &values[COLUMN_ID], 8, "its number");
	put_blob(channel, wire, &values[COLUMN_CHANNEL], ID_SIZE, "its id");
	put_blob(channel, wire, &values[COLUMN_PEER], KEY_SIZE, "its peer");
	put_address(channel, values);
	put_blob(channel, wire, &values[COLUMN_FUNDING], ID_SIZE, "its funding transaction");
	put_integer(channel, wire, &values[COLUMN_OUTNUM], 4, "its funding transaction");
	put_integer(channel, wire, &values[COLUMN_SATOSHI], 8, "its size");
	put_type(channel, &values[COLUMN_TYPE]);
}

/* The TLVs behind that of the secrets. */
static void put_rest(struct channel *channel, const struct bk_value *values)
{
	struct wire *wire = &channel->rest;
	const struct bk_value *funder = &values[COLUMN_FUNDER];

	put_number(wire, 3, 1);
	put_bigsize(wire, (size_t)BASEPOINTS * KEY_SIZE);
	for (int i = 0; i < BASEPOINTS; i++)
		put_blob(channel, wire, &values[COLUMN_BASEPOINT + i], KEY_SIZE,
			"the peer's basepoints");
	put_number(wire, 5, 1);
	put_bigsize(wire, 1);
	if ((uint64_t)funder->integer > SIDE_REMOTE)
		lack(channel, "who opened it");
	put_integer(channel, wire, funder, 1, "who opened it");
	put_number(wire, 7, 1);
	put_bigsize(wire, 2);
	put_integer(channel, wire, &values[COLUMN_DELAY], 2, "the peer's to_self_delay");
}

static void write_hex(char *out, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = bytes;

	for (size_t i = 0; i < size; i++) {
		*out++ = digits[from[i] >> 4];
		*out++ = digits[from[i] & 15];
	}
	*out = '\0';
}

static void begin_channel(struct channel *channel, const struct bk_value *values)
{
	const struct bk_value *peer = &values[COLUMN_PEER], *valid = &values[COLUMN_VALID];

	*channel = (struct channel){.id = (uint64_t)values[COLUMN_ID].integer};
	if (peer->type == BK_VALUE_BLOB && peer->size == KEY_SIZE)
		write_hex(channel->peer, peer->bytes, KEY_SIZE);
	put_head(channel, values);
	put_rest(channel, values);
	channel->valid = (uint64_t)valid->integer;
	if (valid->type != BK_VALUE_INTEGER || channel->valid > KNOWN_MAX)
		lack(channel, "its shachain");
	put_integer(channel, &channel->secrets, &values[COLUMN_MIN_INDEX], 8, "its shachain");
	put_number(&channel->secrets, channel->valid, 4);
}

static void add_secret(struct channel *channel, const struct bk_value *values)
{
	if (values[COLUMN_POSITION].type == BK_VALUE_NULL || channel->count == channel->valid ||
		channel->lacks)
		return;
	if ((uint64_t)values[COLUMN_POSITION].integer != channel->count++)
		lack(channel, "its shachain");
	put_integer(channel, &channel->secrets, &values[COLUMN_INDEX], 8, "its shachain");
	put_blob(channel, &channel->secrets, &values[COLUMN_HASH], HASH_SIZE, "its shachain");
}

/* The whole, in hexadecimal digits; NULL: no memory. */
static char *finish(struct channel *channel)
{
	size_t secrets = channel->secrets.size, tlvs;
	char *text = malloc(2 * SCB_MAX + 1);
	struct wire *wire = &channel->head;

	tlvs = 1 + (secrets >= 0xfd ? 3 : 1) + secrets + channel->rest.size;
	put_number(wire, tlvs, 4);
	put_number(wire, 1, 1);
	put_bigsize(wire, secrets);
	put(wire, channel->secrets.bytes, secrets);
	put(wire, channel->rest.bytes, channel->rest.size);
	if (text)
		write_hex(text, wire->bytes, wire->size);
	return text;
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

/* All rows of the channel have come. */
static enum bk_code end_channel(struct gathering *gathering, struct bk_error *err)
{
	struct channel *channel = &gathering->channel;
	struct bk_channel_backup *out;

	if (!gathering->has_channel)
		return BK_OK;
	gathering->has_channel = false;
	if (gathering->out->count == BK_CHANNELS_MAX)
		return bk_fail(
			err, BK_E_LIMIT, 0, "there are more than %d channels", BK_CHANNELS_MAX);
	if (channel->count < channel->valid)
		lack(channel, "its shachain");
	if (channel->lacks)
		snprintf(channel->note, NOTE_MAX, "the database does not have %s", channel->lacks);
	out = add(gathering);
	if (out) {
		out->id = channel->id;
		out->peer = strdup(channel->peer);
		out->scb = channel->lacks ? NULL : finish(channel);
		out->note = *channel->note ? strdup(channel->note) : NULL;
	}
	if (!out || !out->peer || (!out->scb && !channel->lacks) || (!out->note && *channel->note))
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for the channels");
	return BK_OK;
}

static enum bk_code take(
	struct gathering *gathering, const struct bk_row *row, struct bk_error *err)
{
	uint64_t id = (uint64_t)row->values[COLUMN_ID].integer;
	enum bk_code code = BK_OK;

	if (!gathering->has_channel || gathering->channel.id != id) {
		code = end_channel(gathering, err);
		begin_channel(&gathering->channel, row->values);
		gathering->has_channel = true;
	}
	add_secret(&gathering->channel, row->values);
	return code;
}

/* Where the schema is older than v25.12, peers have no address that they were reached at last. */
static enum bk_code begin(struct bk_query *query, struct bk_error *err)
{
	static const char *const last[] = {LAST_ADDRESS, "NULL"};
	char sql[sizeof CHANNELS + sizeof LAST_ADDRESS];
	enum bk_code code = BK_E_INVALID;
	struct bk_error why;
	const char *at;
	bool has;

	for (int i = 0; i < 2 && code == BK_E_INVALID; i++) {
		snprintf(sql, sizeof sql, CHANNELS, last[i]);
		at = sql;
		code = bk_query_begin(query, &at, &has, &why);
	}
	if (code == BK_E_INVALID)
		return bk_fail(err, BK_E_SQL, 0,
			"this is no database of a lightningd from v23.02 on: %s", why.msg);
	return code ? bk_fail_as(err, &why) : BK_OK;
}

static enum bk_code gather(
	struct bk_query *query, struct gathering *gathering, struct bk_error *err)
{
	const struct bk_row *row;
	bool more = true;
	enum bk_code code = begin(query, err);

	while (!code && more) {
		code = bk_query_next(query, &row, &more, err);
		if (!code && more)
			code = take(gathering, row, err);
	}
	return code ? code : end_channel(gathering, err);
}

enum bk_code bk_emergency(
	struct bk_log *log, uint32_t version, struct bk_emergency *out, struct bk_error *err)
{
	struct gathering gathering = {.out = out};
	struct bk_query *query;
	enum bk_code code;

	*out = (struct bk_emergency){.count = 0};
	code = bk_query_open(&query, log, version, err);
	if (code)
		return code;
	code = gather(query, &gathering, err);
	bk_query_close(query);
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
