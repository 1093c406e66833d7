/* seeds.h - how the whole-log target writes a log as its input.
 *
 * The input is a list of frames, each: u8 how, u8 kind, u8 must, u32 version, i64 time, u64
 * keyframe, u32 unsynced, u16 size, payload. The harness makes sizes, chains and sums right. */
#ifndef SEEDS_H
#define SEEDS_H

#define SEED_FRAME_BYTES 29

enum seed_how {
	SEED_UNCHAINED = 0x01,
	SEED_BROKEN = 0x02,  /* one bit of the frame flips after it was sealed */
	SEED_SQL = 0x04,     /* the payload picks statements; the harness writes the CHANGE */
	SEED_HISTORY = 0x08, /* a KEYFRAME's history is made to fit the changes before it */
	SEED_CHECKS = 0x10,  /* the sums of pages that stand alone are made right */
	SEED_TORN = 0x20,    /* the log's last bytes are cut off within this frame */
};

#endif
