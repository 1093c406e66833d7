/* cheap.c - SQL over a target's logs costs little: what the product allows it, seconds, would make
 * a fuzzer wait. Linked with --wrap. */
#include "budget.h"
#include "fuzz.h"

#define STEPS_MAX   100000
#define TIME_MS_MAX 500
#define LENGTH_MAX  (1 << 20)
#define SPILL_MAX   (8u << 20)

void __real_bk_budget_init(struct budget *budget, const struct budget_limits *limits);
void __wrap_bk_budget_init(struct budget *budget, const struct budget_limits *limits);

void __wrap_bk_budget_init(struct budget *budget, const struct budget_limits *limits)
{
	struct budget_limits cheap = limits ? *limits : (struct budget_limits){0};

	cheap.steps = STEPS_MAX;
	cheap.time_ms = TIME_MS_MAX;
	cheap.length = LENGTH_MAX;
	cheap.spill = SPILL_MAX;
	__real_bk_budget_init(budget, &cheap);
}
