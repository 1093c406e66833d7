/* store.h - what a place keeps under one name: its log, one that is coming, and those that were put
 * aside (docs/mirror.md, 2).
 *
 *     NAME                    the log
 *     NAME.next               the coming one: it takes NAME when it is whole
 *     NAME.was-ID-TIME        what stood there before, until it is old enough
 *     *.durable               see hold.h
 *
 * Nothing here shrinks or removes a log by a client's word: what is put aside stays for KEEP_S
 * seconds of this computer's own clock.
 *
 * Threads: one. Several stores, of several processes, may work on one name. */
#ifndef BK_STORE_H
#define BK_STORE_H

#include "hold.h"

/* What is put aside is kept for 30 days, where nobody says otherwise, and so many at most: then a
 * place takes no other log until one of them is old enough. */
#define STORE_KEEP_S    ((int64_t)30 * 24 * 3600)
#define STORE_ASIDE_MAX 16

struct store_options {
	int64_t keep_s;      /* 0: STORE_KEEP_S */
	uint64_t bytes_max;  /* of one log; 0: any */
	bool is_append_only; /* an operator's word is not taken from a client */
};

struct store {
	const struct bk_io *io;
	struct store_options options;
	char *path; /* owned */
	struct hold now, next;
};

/* OPTIONS may be NULL. */
BK_MUST_CHECK enum bk_code bk_store_init(struct store *store, const struct bk_io *io,
	const char *path, const struct store_options *options, struct bk_error *err);
void bk_store_done(struct store *store);

/* As place.h has them. */
BK_MUST_CHECK enum bk_code bk_store_head(
	struct store *store, struct place_head *out, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_store_begin(
	struct store *store, const uint8_t *header, enum place_begin how, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_store_append(struct store *store, const uint8_t *id, uint64_t offset,
	const void *data, size_t size, bool sync, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_store_commit(
	struct store *store, const uint8_t *id, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_store_read(struct store *store, const uint8_t *id, uint64_t offset,
	void *data, size_t size, size_t *got, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_store_list(
	struct store *store, struct bk_buf *names, struct bk_error *err);

#endif
