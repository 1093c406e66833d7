/* oomplan.h - which allocation fails. One thread at a time. */
#ifndef OOMPLAN_H
#define OOMPLAN_H

#include <stdbool.h>
#include <stdint.h>

enum oom_kind { OOM_CORE, OOM_ZSTD, OOM_SQLITE, OOM_KINDS };

/* To be called once, before SQLite is used. */
bool oom_begin(void);

/* The NTH allocation of KIND from now on fails, once; counts from zero again. 0: none. */
void oom_fail(enum oom_kind kind, uint64_t nth);
bool oom_was_met(void);
uint64_t oom_count(enum oom_kind kind);

/* Allocations count, and fail, only between the two. */
void oom_on(void);
void oom_off(void);

#endif
