/* forge.h - a log taken apart and made wrong on purpose, by docs/format.md alone: nothing here uses
 * the code under test.
 *
 * Calling sequence: forge_load, changes to bytes, forge_seal (makes sums and chains right again, so
 * that only the change is wrong) or not, forge_save, forge_done. */
#ifndef FORGE_H
#define FORGE_H

#include "support.h"

#define FORGE_FRAMES_MAX 4096

/* Where fields stand in a frame's head (docs/format.md, 3). */
enum forge_at {
	AT_SUM = 0,
	AT_MAGIC = 8,
	AT_KIND = 12,
	AT_MUST = 13,
	AT_MAY = 14,
	AT_SIZE = 16,
	AT_VERSION = 20,
	AT_TIME = 24,
	AT_KEYFRAME = 32,
	AT_UNSYNCED = 40,
	AT_CHAIN = 44,
	AT_PAYLOAD = 48,
};

enum forge_kind { CHANGE = 1, PAGES, MAP, KEYFRAME, REWIND, EVENT };

struct forge {
	uint8_t *bytes;
	size_t size;
	size_t frames[FORGE_FRAMES_MAX]; /* offsets */
	size_t count;
};

void forge_load(struct forge *forge, const char *path);
void forge_save(const struct forge *forge, const char *path);
void forge_done(struct forge *forge);

/* The NTH frame of KIND, from 0, or from the end if NTH is negative (-1: the last). Its index. */
size_t forge_find(const struct forge *forge, enum forge_kind kind, int nth);
uint8_t *forge_frame(struct forge *forge, size_t index);

/* Where the links of the KEYFRAME frame FRAME stand, and its other lists behind them. */
uint8_t *forge_lists(uint8_t *frame);

size_t forge_frame_size(const struct forge *forge, size_t index); /* head included */

/* Makes the header's sum right, and each frame's chain and sum. */
void forge_seal(struct forge *forge);

/* The same, but frame INDEX keeps its chain field. */
void forge_seal_but_chain(struct forge *forge, size_t index);

/* Appends a frame; its sums are not right yet. Returns its index. */
size_t forge_append(struct forge *forge, uint8_t kind, uint8_t must, uint32_t version,
	const void *payload, size_t size);
void forge_cut(struct forge *forge, size_t size); /* the file's new size */

uint64_t forge_get(const uint8_t *at, size_t bytes);
void forge_put(uint8_t *at, size_t bytes, uint64_t value);

#endif
