/* tracegen.c - made-up db_write calls: the made-up node's starts and restarts. */
#include "tracegen.h"
#include "tracegen_state.h"
#include <stdlib.h>

#define START_TIME_US INT64_C(1767225600000000)
#define RESTART_EVERY 20000

struct tracegen *trace_gen_new(uint64_t seed)
{
	struct tracegen *gen = calloc(1, sizeof *gen);

	if (!gen)
		return NULL;
	if (!sqltext_init(&gen->sql)) {
		free(gen);
		return NULL;
	}
	gen->seed = mix(seed, 0);
	gen->time_us = START_TIME_US;
	gen->until_restart = RESTART_EVERY;
	gen->chan_next = gen->peer_next = gen->htlc_next = 1;
	gen->invoice_first = gen->invoice_next = gen->payment_next = 1;
	gen->move_next = gen->event_next = gen->forward_next = 1;
	gen->height = 100;
	return gen;
}

void trace_gen_free(struct tracegen *gen)
{
	if (!gen)
		return;
	sqltext_done(&gen->sql);
	free(gen);
}

uint64_t gen_random(struct tracegen *gen, uint64_t limit)
{
	return mix(gen->seed, gen->drawn++) % limit;
}

long long gen_seconds(const struct tracegen *gen)
{
	return gen->time_us / 1000000;
}

enum startup {
	STARTUP_SCHEMA, /* of a new node only */
	STARTUP_KEYS_OFF,
	STARTUP_REBUILD,
	STARTUP_KEYS_ON,
	STARTUP_EXTEND,
	STARTUP_STORE, /* of a new node only */
	STARTUP_SAVE,
	STARTUP_DONE,
};

/* One call of a start. True if it is a lone pragma, which leaves the version as it is. */
static bool run_startup(struct tracegen *gen, enum startup step)
{
	switch (step) {
	case STARTUP_SCHEMA:
		schema_create(gen);
		break;
	case STARTUP_KEYS_OFF:
		sql_statement(&gen->sql, "PRAGMA foreign_keys = OFF;");
		return true;
	case STARTUP_REBUILD:
		schema_rebuild_parent(gen);
		break;
	case STARTUP_KEYS_ON:
		sql_statement(&gen->sql, "PRAGMA foreign_keys = ON;");
		return true;
	case STARTUP_EXTEND:
		schema_extend(gen);
		break;
	case STARTUP_STORE:
		if (!gen->restarts)
			store_create(gen);
		break;
	case STARTUP_SAVE:
	case STARTUP_DONE:
		for (size_t i = 0; i < gen->chan_count; i++)
			chan_save(gen, &gen->chans[i]);
		break;
	}
	return false;
}

static bool run_call(struct tracegen *gen)
{
	if (gen->startup < STARTUP_DONE)
		return run_startup(gen, gen->startup++);
	if (--gen->until_restart) {
		event_run(gen);
		return false;
	}
	gen->until_restart = RESTART_EVERY;
	gen->restarts++;
	gen->startup = STARTUP_KEYS_OFF;
	return run_startup(gen, gen->startup++);
}

/* Calls come in bursts. */
static int64_t pause_us(struct tracegen *gen)
{
	return (int64_t)(gen_random(gen, 10) ? gen_random(gen, 20000) : gen_random(gen, 60000000));
}

void trace_gen_next(struct tracegen *gen, struct trace_call *call)
{
	struct sqltext *sql = &gen->sql;

	sqltext_clear(sql);
	gen->time_us += pause_us(gen);
	if (!run_call(gen)) {
		sql_statement(sql,
			"UPDATE vars SET intval = intval + 1 WHERE name = 'data_version' AND "
			"intval = %u",
			gen->version);
		gen->version++;
	}
	*call = (struct trace_call){
		.change = {.version = gen->version,
			.statements = sql->statements,
			.statement_count = sql->count},
		.time_us = gen->time_us,
	};
}
