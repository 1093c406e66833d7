/* pieces.h - a log taken apart so that it can be made wrong on purpose: frames to change, copy,
 * drop and move, put together again with offsets that follow the frames they name and sums that are
 * right.
 *
 * What an offset in a frame names is found by the address of the piece that holds it. A piece that
 * was read keeps the offset it had; a new one gets an address that no file reaches, by which others
 * may name it. pieces_build gives every piece its place and rewrites the offsets.
 *
 * Calling sequence: pieces_parse, any changes, pieces_build, pieces_done. */
#ifndef PIECES_H
#define PIECES_H

#include "frame.h"
#include <bk/buf.h>

#define PIECES_MAX      1024
#define PIECE_BYTES_MAX ((size_t)1 << 20)

/* Where fields stand in a frame's head, and in its payload (docs/format.md, 3 to 10). */
enum piece_at {
	HEAD_MAGIC = 8,
	HEAD_KIND = 12,
	HEAD_MUST = 13,
	HEAD_SIZE = 16,
	HEAD_VERSION = 20,
	HEAD_TIME = 24,
	HEAD_KEYFRAME = 32,
	HEAD_UNSYNCED = 40,
	HEAD_CHAIN = 44,
	KF_ORDINAL = 0,
	KF_FULL = 8,
	KF_FROM = 16,
	KF_NEXT = 24,
	KF_HISTORY = 32,
	KF_PAGES_SUM = 40,
	KF_SESSION = 48,
	KF_COUNT = 56,
	KF_PAGE_SIZE = 64,
	KF_PAGE_COUNT = 68,
	KF_REACH = 72,
	KF_LINKS = 76,
	KF_MAPS = 80,
	KF_CHANGES = 84,
	KF_FIXED = 88,
	KF_LINK_SIZE = 20,
	KF_MAP_SIZE = 16,
};

/* How a piece is put together wrong. */
enum piece_wrong {
	WRONG_SUM = 0x01,   /* its sum stays what it was */
	WRONG_CHAIN = 0x02, /* its chain stays what it was */
	WRONG_SIZE = 0x04,  /* so does its size */
};

struct piece {
	struct bk_buf bytes; /* of a frame with its head; or what is no frame */
	bool is_frame;
	unsigned wrong;   /* enum piece_wrong */
	uint64_t address; /* what offsets in the pieces call its first byte */
	uint64_t at;      /* where pieces_build has put it */
};

struct pieces {
	uint8_t header[LOG_HEADER_SIZE];
	bool header_wrong; /* its sum stays what it was */
	struct piece list[PIECES_MAX];
	size_t count;
	uint64_t next_address;
};

/* Takes any bytes: what does not look like a frame becomes a piece that is none. */
void pieces_parse(struct pieces *pieces, const uint8_t *data, size_t size);
void pieces_done(struct pieces *pieces);

/* A new frame at INDEX, with a payload; NULL where there are too many. The other pieces move: what
 * was known of their places in the list is void. */
struct piece *pieces_insert(
	struct pieces *pieces, size_t index, uint8_t kind, const void *payload, size_t size);
struct piece *pieces_copy(struct pieces *pieces, size_t index, const struct piece *from);
void pieces_drop(struct pieces *pieces, size_t index);

/* Puts OTHER's pieces from FIRST on, COUNT of them, in at INDEX; they go on naming each other. */
void pieces_splice(struct pieces *pieces, size_t index, const struct pieces *other, size_t first,
	size_t count);

/* The frame of KIND before index END that stands last; NULL if there is none. */
struct piece *pieces_last(struct pieces *pieces, uint8_t kind, size_t end);

static inline uint8_t *piece_payload(const struct piece *piece)
{
	return piece->bytes.data + FRAME_HEAD_SIZE;
}

static inline size_t piece_size(const struct piece *piece)
{
	return piece->bytes.size - FRAME_HEAD_SIZE;
}

static inline uint8_t piece_kind(const struct piece *piece)
{
	return piece->is_frame ? piece->bytes.data[HEAD_KIND] : 0;
}

/* Gives PIECE another payload. */
void piece_set(struct piece *piece, const void *payload, size_t size);

/* What pieces_build makes right beside offsets and sums of frames. */
struct reseal {
	bool checks;    /* of stored pages */
	bool histories; /* of changes, keyframes and rewinds; sums over pages */
};

/* Puts the log together in OUT, of MAX bytes; what is longer is cut off. Returns its size. */
size_t pieces_build(struct pieces *pieces, const struct reseal *what, uint8_t *out, size_t max);

#endif
