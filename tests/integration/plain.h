/* plain.h - a node whose every call is one statement of ours, at any version. */
#ifndef PLAIN_H
#define PLAIN_H

#include "world.h"

/* A statement that raises the version, and one that does so by a trigger, with a row of 3 MB. */
#define PLAIN_RAISE "UPDATE vars SET intval = (intval + 1) % 4294967296 WHERE name = 'data_version'"
#define PLAIN_BIG   "INSERT INTO big VALUES (zeroblob(3000000))"

/* Makes a world's node, with a database that is at VERSION, and sets its backup up. CACHE_PAGES is
 * that of struct node_options. plain_make makes the world too, in memory. */
void plain_make(struct world *world, uint32_t version, int cache_pages);
void plain_set_up(struct world *world, uint32_t version, int cache_pages);

/* Plays COUNT calls that must be acknowledged; commits them while nobody asks the plugin. */
void plain_play(struct world *world, unsigned count);
void plain_play_unwatched(struct world *world, unsigned count);

#endif
