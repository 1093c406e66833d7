/* test_vfs.c - a SQLite VFS whose only database is a pagestore (vfs.h). */
#include "overlay.h"
#include "sql.h"
#include "vfs.h"

SUITE(vfs);

/* A connection on an empty pagestore in memory. */
struct bed {
	struct test_io io;
	struct overlay overlay;
	struct vfs vfs;
	sqlite3 *db;
};

static void bed_begin(struct bed *bed)
{
	test_io_init(&bed->io);
	bk_overlay_init(&bed->overlay, &bed->io.io, "/tmp", (size_t)64 << 20);
	bk_vfs_init(&bed->vfs, &bed->overlay.store, &bed->io.io, "/tmp");
	ok(bk_vfs_connect(&bed->vfs, &bed->db, why()));
	sql_run(bed->db, "PRAGMA journal_mode = OFF");
}

static void bed_end(struct bed *bed)
{
	cr_assert(sqlite3_close(bed->db) == SQLITE_OK);
	bk_overlay_done(&bed->overlay);
}

Test(vfs, holds_a_database_of_any_page_size)
{
	for (unsigned size = 512; size <= 65536; size *= 2) {
		struct bed bed;

		bed_begin(&bed);
		sql_run(bed.db, "PRAGMA page_size = %u", size);
		sql_run(bed.db, "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(300000))");
		cr_assert(bed.overlay.store.page_size == size);
		cr_assert((int64_t)bed.overlay.store.page_count ==
			  sql_int(bed.db, "PRAGMA page_count"));
		sqlite3_close(bed.db);
		ok(bk_vfs_connect(&bed.vfs, &bed.db, why()));
		cr_assert(sql_int(bed.db, "SELECT length(x) FROM t") == 300000);
		cr_assert(sql_int(bed.db, "SELECT count(*) FROM pragma_integrity_check "
					  "WHERE integrity_check = 'ok'") == 1);
		bed_end(&bed);
	}
}

/* "journals do not exist, what SQLite keeps in temporary files goes to unlinked ones" */
Test(vfs, temporary_files_go_through_the_seam)
{
	struct bed bed;

	bed_begin(&bed);
	sql_run(bed.db, "PRAGMA cache_size = 10; PRAGMA temp_store = FILE");
	sql_run(bed.db, "CREATE TEMP TABLE big (x); PRAGMA temp.cache_size = 10");
	sql_run(bed.db,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000) "
		"INSERT INTO big SELECT hex(randomblob(200)) FROM n");
	cr_assert(sql_int(bed.db, "SELECT count(*) FROM (SELECT DISTINCT x FROM big ORDER BY x)") >=
		  1);
	cr_assert(bed.io.calls[OP_OPEN_TEMP] > 0);
	cr_assert(bed.io.calls[OP_OPEN] == 0, "no file by name");
	bed_end(&bed);
}

/* A temporary file that fails says why. */
Test(vfs, a_temporary_file_that_fails)
{
	struct bed bed;
	struct bk_error err = {0};

	bed_begin(&bed);
	sql_run(bed.db, "PRAGMA cache_size = 10; PRAGMA temp_store = FILE");
	sql_run(bed.db, "CREATE TEMP TABLE big (x); PRAGMA temp.cache_size = 10");
	test_io_fail(&bed.io, OP_OPEN_TEMP, 1, -13);
	bed.io.fail_more = 100;
	cr_assert(sqlite3_exec(bed.db,
			  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT "
			  "3000) "
			  "INSERT INTO big SELECT hex(randomblob(200)) FROM n",
			  NULL, NULL, NULL) != SQLITE_OK);
	cr_assert(bk_vfs_fail(&bed.vfs, bed.db, &err, "sort") == BK_E_IO && err.sys_errno == 13);
	bed_end(&bed);
}

/* No file system is behind it. */
Test(vfs, other_files_cannot_be_opened)
{
	struct bed bed;

	bed_begin(&bed);
	sql_run(bed.db, "CREATE TABLE t (x)");
	put_file(scratch("victim"), "mine", 4);
	cr_assert(sqlite3_exec(bed.db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) == SQLITE_OK);
	cr_assert(sql_int(bed.db, "SELECT journal_mode <> 'wal' FROM pragma_journal_mode"));
	bed_end(&bed);
}

/* "the clock stands where it was set and the random source is fixed" */
Test(vfs, clock_and_randomness)
{
	struct bed bed;
	sqlite3 *other = NULL;

	bed_begin(&bed);
	bed.vfs.now_us = INT64_C(1795330812345678);
	cr_assert(sql_int(bed.db, "SELECT strftime('%s')") == 1795330812);
	cr_assert(sql_int(bed.db, "SELECT strftime('%f') = '12.345'"));
	cr_assert(sql_int(bed.db, "SELECT CURRENT_TIMESTAMP = '2026-11-22 07:00:12'"));
	usleep(2000);
	cr_assert(sql_int(bed.db, "SELECT strftime('%f') = '12.345'"));
	bed.vfs.now_us = 0;
	cr_assert(sql_int(bed.db, "SELECT CURRENT_TIMESTAMP = '1970-01-01 00:00:00'"));
	bed.vfs.now_us = -1000;
	cr_assert(sql_int(bed.db, "SELECT CURRENT_TIMESTAMP = '1969-12-31 23:59:59'"));
	bed_end(&bed);
	sqlite3_close(other);
}

/* "NULL: read-only." */
Test(vfs, a_store_that_cannot_be_written)
{
	struct bed bed;

	bed_begin(&bed);
	sql_run(bed.db, "CREATE TABLE t (x); INSERT INTO t VALUES (7)");
	bed.overlay.store.write = NULL;
	bed.overlay.store.truncate = NULL;
	cr_assert(sqlite3_exec(bed.db, "INSERT INTO t VALUES (8)", NULL, NULL, NULL) ==
		  SQLITE_READONLY);
	cr_assert(sql_int(bed.db, "SELECT x FROM t") == 7);
	bed_end(&bed);
}

/* What page 1 says of the page size comes from a stranger. */
Test(vfs, another_page_size_than_the_store_has)
{
	for (unsigned says = 512; says <= 65536; says *= 2) {
		struct bk_error err = {0};
		uint8_t page[PAGE_SIZE_MAX];
		struct pagestore *store;
		struct bed bed;
		uint32_t pages;
		int rc;

		bed_begin(&bed);
		store = &bed.overlay.store;
		sql_run(bed.db, "PRAGMA page_size = 512; CREATE TABLE t (x)");
		sql_run(bed.db, "INSERT INTO t VALUES (zeroblob(100000)); DROP TABLE t");
		sqlite3_close(bed.db);
		ok(store->read(store, 1, page, why()));
		pages = store->page_count * 512 / says;
		page[16] = (uint8_t)(says >> 8);
		page[17] = (uint8_t)(says >> 16);
		page[30] = (uint8_t)(pages >> 8);
		page[31] = (uint8_t)pages;
		ok(store->write(store, 1, page, why()));
		ok(bk_vfs_connect(&bed.vfs, &bed.db, why()));
		sql_run(bed.db, "PRAGMA journal_mode = OFF");
		rc = sqlite3_exec(bed.db, "PRAGMA user_version = 7", NULL, NULL, NULL);
		cr_assert(rc == (says == 512 ? SQLITE_OK : SQLITE_CORRUPT), "%u: %d", says, rc);
		if (says != 512)
			cr_assert(bk_vfs_fail(&bed.vfs, bed.db, &err, "write") == BK_E_DAMAGE);
		bed_end(&bed);
	}
}

static enum bk_code damaged_read(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	(void)store;
	(void)dst;
	return bk_fail(err, BK_E_DAMAGE, 0, "page %u is damaged", page);
}

/* What the store said is what is told, and its first failure. */
Test(vfs, failures_of_the_store_come_through)
{
	struct bed bed;

	bed_begin(&bed);
	sql_run(bed.db, "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(10000))");
	sqlite3_close(bed.db);
	bed.overlay.store.read = damaged_read;
	fails(BK_E_DAMAGE, bk_vfs_connect(&bed.vfs, &bed.db, why()));
	says("page 1 is damaged");
	cr_assert(!bed.db);
	bed_end(&bed);
}

Test(vfs, failures_of_sql_name_what_was_done)
{
	struct bed bed;
	struct bk_error err = {0};

	bed_begin(&bed);
	cr_assert(sqlite3_exec(bed.db, "SELECT * FROM nowhere", NULL, NULL, NULL) == SQLITE_ERROR);
	cr_assert(bk_vfs_fail(&bed.vfs, bed.db, &err, "look") == BK_E_SQL);
	cr_assert(strcmp(err.msg, "cannot look: no such table: nowhere") == 0, "%s", err.msg);
	bed_end(&bed);
}

/* The name of a VFS is known to SQLite only while its connection opens. */
Test(vfs, many_at_once)
{
	static struct bed beds[50];

	for (size_t i = 0; i < COUNT_OF(beds); i++) {
		bed_begin(&beds[i]);
		sql_run(beds[i].db, "CREATE TABLE t (x); INSERT INTO t VALUES (%u)", (unsigned)i);
		cr_assert(!sqlite3_vfs_find(beds[i].vfs.name));
	}
	for (size_t i = 0; i < COUNT_OF(beds); i++) {
		cr_assert(sql_int(beds[i].db, "SELECT x FROM t") == (int64_t)i);
		bed_end(&beds[i]);
	}
}
