/* fuzz_older.c - the older plugin's file: its records end where they say, within it; statements
 * come apart and together again; what is mended differs by blanks alone; a log comes of its
 * changes, or words. The input is the file. */
#include "fuzz.h"
#include "payload.h"
#include "simfs.h"
#include <bk/import.h>
#include <bk/olderfile.h>
#include <string.h>

#define OLD         "/old"
#define NEW         "/new"
#define PAYLOAD_MAX 65536

static void check_statements(const void *payload, size_t size)
{
	struct bk_older_statements statements = {0};
	struct bk_change change = {0};
	struct bk_buf joined;
	struct bk_error err;

	bk_buf_init(&joined, PAYLOAD_MAX);
	REQUIRE(bk_older_split(&statements, payload, size, &err) == BK_OK && statements.count);
	change.statements = statements.list;
	change.statement_count = statements.count;
	REQUIRE(bk_older_join(&joined, &change, &err) == BK_OK);
	REQUIRE(joined.size == size && (!size || memcmp(joined.data, payload, size) == 0));
	bk_older_statements_done(&statements);
	bk_buf_done(&joined);
}

/* Whether LONG is SHORT with COUNT blanks put in. */
static bool is_with_blanks(
	const struct bk_buf *longer, const uint8_t *shorter, size_t size, unsigned count)
{
	size_t at = 0;

	for (size_t i = 0; i < longer->size; i++) {
		if (at < size && longer->data[i] == shorter[at])
			at++;
		else if (longer->data[i] != ' ' || !count--)
			return false;
	}
	return at == size && !count;
}

static void check_mending(const void *payload, size_t size)
{
	struct bk_buf once, twice;
	unsigned first, second;
	struct bk_error err;

	bk_buf_init(&once, 2 * PAYLOAD_MAX);
	bk_buf_init(&twice, 2 * PAYLOAD_MAX);
	REQUIRE(bk_older_mend(&once, payload, size, &first, &err) == BK_OK);
	REQUIRE(is_with_blanks(&once, payload, size, first));
	REQUIRE(bk_older_mend(&twice, once.data, once.size, &second, &err) == BK_OK);
	REQUIRE(!second && twice.size == once.size);
	bk_buf_done(&once);
	bk_buf_done(&twice);
}

/* Snapshots are left out: SQLite looks for them in the real world (fuzz_image has databases). */
static void take(struct bk_import *import, const struct bk_olderfile *file,
	const struct bk_older_record *record)
{
	uint8_t payload[PAYLOAD_MAX];
	struct bk_error err;

	REQUIRE(record->size <= PAYLOAD_MAX);
	REQUIRE(bk_olderfile_read(file, record, 0, payload, record->size, &err) == BK_OK);
	check_statements(payload, record->size);
	check_mending(payload, record->size);
	if (!record->is_snapshot)
		(void)!bk_import_change(import, record->version, payload, record->size, &err);
}

static void check_file(struct bk_import *import, struct bk_olderfile *file, size_t size)
{
	struct bk_olderfile_status status;
	struct bk_older_record record;
	struct bk_error err;
	uint64_t at = 512;
	bool more = true;

	while (more) {
		REQUIRE(bk_olderfile_next(file, &record, &more, &err) == BK_OK);
		if (!more)
			break;
		REQUIRE(record.offset == at + 9 && record.offset + record.size <= size);
		at = record.offset + record.size;
		take(import, file, &record);
	}
	bk_olderfile_status(file, &status);
	REQUIRE(status.at == at && status.bytes == size && status.torn_bytes == size - at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct simfs *fs = simfs_new(1);
	const struct bk_io *io = simfs_io(fs);
	struct bk_import_result result;
	struct bk_olderfile *file;
	struct bk_import *import;
	struct bk_error err;

	if (size <= PAYLOAD_MAX) {
		simfs_put(fs, OLD, data, size);
		if (!bk_olderfile_open(&file, io, OLD, &err)) {
			REQUIRE(bk_import_begin(&import, io, NEW, NULL, &err) == BK_OK);
			check_file(import, file, size);
			(void)!bk_import_finish(import, &result, &err);
			bk_olderfile_close(file);
		}
		REQUIRE(simfs_open_files(fs) == 0);
	}
	simfs_free(fs);
	return 0;
}
