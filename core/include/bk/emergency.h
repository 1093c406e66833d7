/* emergency.h - static channel backups: the safe way out of a state that may not be the newest.
 *
 * A static channel backup names a channel and its peer, and holds what is needed to sweep what the
 * peer pays out. lightning-cli recoverchannel takes it: the peer is asked to close the channel, and
 * our funds come back on chain. Nothing of ours is ever published with it, so it is safe out of a
 * state of any age, as long as the channel is in it (docs/operations.md, "When the newest state is
 * lost").
 *
 * The bytes are those of subtype modern_scb_chan of Core Lightning's common/scb_wire.csv, as
 * lightning-cli staticbackup prints them; schemas from v23.02 on have what they need. */
#ifndef BK_EMERGENCY_H
#define BK_EMERGENCY_H

#include <bk/error.h>
#include <bk/log.h>
#include <stddef.h>
#include <stdint.h>

/* More than a node can have. */
#define BK_CHANNELS_MAX 65536

struct bk_channel_backup {
	uint64_t id; /* channels.id */
	char *peer;  /* the peer's id in hexadecimal digits; "": it is not known */
	char *scb;   /* the backup in hexadecimal digits; NULL: it cannot be given */
	char *note;  /* why not, or what is to be known of it; NULL: nothing */
};

/* In the order of peers, then channels. All of it is the caller's: bk_emergency_done. */
struct bk_emergency {
	struct bk_channel_backup *channels;
	size_t count;
};

/* Fills OUT with the channels that stand in the database of VERSION: not those that are closed for
 * good, nor those whose opening was not committed to, as lightningd does. Fails with BK_E_SQL where
 * the database is of no lightningd from v23.02 on, with BK_E_LIMIT, or as bk_query_open and
 * bk_query_next do (bk/query.h); OUT is then empty. */
BK_MUST_CHECK enum bk_code bk_emergency(
	struct bk_log *log, uint32_t version, struct bk_emergency *out, struct bk_error *err);

void bk_emergency_done(struct bk_emergency *emergency);

#endif
