/* test_memory.c - the plugin's memory does not grow with the number of calls. A million of them
 * with BK_LONG=1, some thousands otherwise. */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_S  3600
#define CALLS      15000
#define CALLS_LONG 1000000
#define CALLS_WARM 5000
#define RSS_MAX    (32 * 1024) /* KB (issue 2) */
#define GROWTH_MAX 2048        /* KB */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

Test(memory, stays_flat, .timeout = TIMEOUT_S)
{
	struct node_options options = {.no_database = true};
	unsigned calls = getenv("BK_LONG") ? CALLS_LONG : CALLS;
	struct world world;
	long warm, end, peak;

	world_make_fast(&world);
	world_set_up(&world);
	world_node(&world, &options);
	world_generate(&world, world_seed());
	world_start(&world);
	world_play(&world, CALLS_WARM);
	warm = child_memory_kb(node_plugin_pid(world.node), "VmRSS:");
	world_play(&world, calls - CALLS_WARM);
	end = child_memory_kb(node_plugin_pid(world.node), "VmRSS:");
	peak = child_memory_kb(node_plugin_pid(world.node), "VmHWM:");
	fprintf(stderr, "memory: %ld KB after %d calls, %ld KB after %u, %ld KB at most\n", warm,
		CALLS_WARM, end, calls, peak);
	world_stop(&world);
	if (!HAS_SANITIZER) {
		cr_assert_leq(peak, RSS_MAX);
		cr_assert_leq(end - warm, GROWTH_MAX);
	}
	world_done(&world);
}
