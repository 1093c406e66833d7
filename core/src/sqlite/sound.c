/* sound.c - whether SQLite finds nothing wrong with a database, by several threads. */
#include "sound.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 8 /* with the caller's */
#define TABLES_MAX  4096

/* Two checks are of the whole database, each of the others is of one table. */
enum { CHECK_SHAPE, CHECK_REFERENCES, CHECK_FIRST_TABLE };

struct sound {
	const struct sandbox *sandbox; /* the caller's */
	char *tables[TABLES_MAX];
	size_t check_count;
	atomic_size_t next;
	atomic_bool is_doubtful; /* something was found, or could not be found out */
};

struct worker {
	struct sound *sound;
	struct budget budget;
	pthread_t thread;
};

static bool add_table(struct sound *sound, const char *name)
{
	size_t at = sound->check_count - CHECK_FIRST_TABLE;

	if (at == TABLES_MAX || !name)
		return false;
	sound->tables[at] = sqlite3_mprintf("PRAGMA integrity_check(\"%w\")", name);
	sound->check_count++;
	return sound->tables[at] != NULL;
}

static bool list_tables(struct sound *sound)
{
	sqlite3_stmt *row = NULL;
	bool is_listed = true;
	int rc = sqlite3_prepare_v2(sound->sandbox->db,
		"SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0", -1, &row,
		NULL);

	sound->check_count = CHECK_FIRST_TABLE;
	while (is_listed && rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		is_listed = add_table(sound, (const char *)sqlite3_column_text(row, 0));
		rc = SQLITE_OK;
	}
	sqlite3_finalize(row);
	return is_listed && rc == SQLITE_DONE;
}

static const char *sql_of(const struct sound *sound, size_t at)
{
	switch (at) {
	case CHECK_SHAPE:
		return "PRAGMA quick_check";
	case CHECK_REFERENCES:
		return "PRAGMA foreign_key_check";
	default:
		return sound->tables[at - CHECK_FIRST_TABLE];
	}
}

/* Whether SQL runs through without a row that tells of something. */
static bool finds_nothing(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *row = NULL;
	bool is_nothing = true;
	int rc = sqlite3_prepare_v2(db, sql, -1, &row, NULL);

	while (is_nothing && rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(row, 0);

		is_nothing = text && sqlite3_column_count(row) == 1 && strcmp(text, "ok") == 0;
		rc = SQLITE_OK;
	}
	sqlite3_finalize(row);
	return is_nothing && rc == SQLITE_DONE;
}

/* Takes one check after the other. */
static void work(struct sound *sound, const struct sandbox *sandbox)
{
	size_t at;

	while (!atomic_load(&sound->is_doubtful) &&
		(at = atomic_fetch_add(&sound->next, 1)) < sound->check_count)
		if (!finds_nothing(sandbox->db, sql_of(sound, at)) || sandbox->vfs.error.code)
			atomic_store(&sound->is_doubtful, true);
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	struct sound *sound = worker->sound;
	const struct vfs *vfs = &sound->sandbox->vfs;
	struct sandbox sandbox;
	struct bk_error err;

	bk_budget_begin(&worker->budget);
	if (bk_sandbox_open_reading(&sandbox, vfs->store, vfs->io, &worker->budget, &err)) {
		atomic_store(&sound->is_doubtful, true);
	} else {
		work(sound, &sandbox);
		bk_sandbox_close(&sandbox);
	}
	bk_budget_end(&worker->budget);
	return NULL;
}

/* What a thread may cost: a part of BUDGET, as large as the threads are many. */
static void share(struct budget *out, const struct budget *budget)
{
	struct budget_limits limits = budget->limits;

	limits.time_ms = limits.time_ms / THREADS_MAX + 1;
	limits.steps = limits.steps / THREADS_MAX + 1;
	limits.spill = limits.spill / THREADS_MAX + 1;
	limits.is_cancelled = NULL; /* that is asked by the caller's thread */
	bk_budget_init(out, &limits);
}

static void draw(struct budget *budget, const struct budget *used)
{
	budget->used_us += used->used_us;
	budget->steps += used->steps;
	budget->spilled += used->spilled;
	budget->work += used->work;
}

static size_t thread_count(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	return processors < 2 ? 1 : processors > THREADS_MAX ? THREADS_MAX : (size_t)processors;
}

static void run_all(struct sound *sound, struct budget *budget)
{
	struct worker workers[THREADS_MAX - 1];
	size_t count = 0, wanted = thread_count() - 1;

	for (; count < wanted; count++) {
		workers[count].sound = sound;
		share(&workers[count].budget, budget);
		if (pthread_create(&workers[count].thread, NULL, run, &workers[count]))
			break;
	}
	work(sound, sound->sandbox);
	while (count) {
		pthread_join(workers[--count].thread, NULL);
		draw(budget, &workers[count].budget);
	}
}

bool bk_sound_is(struct sandbox *sandbox)
{
	const struct pagestore *store = sandbox->vfs.store;
	struct sound *sound;
	bool is_sound;

	if (!store->peek || thread_count() == 1 ||
		(uint64_t)store->page_count * store->page_size <= SOUND_BYTES_MIN)
		return false;
	sound = calloc(1, sizeof *sound);
	if (!sound)
		return false;
	sound->sandbox = sandbox;
	is_sound = list_tables(sound);
	if (is_sound) {
		run_all(sound, sandbox->budget);
		is_sound = !sound->is_doubtful;
	}
	for (size_t i = 0; i < TABLES_MAX; i++)
		sqlite3_free(sound->tables[i]);
	free(sound);
	return is_sound;
}
