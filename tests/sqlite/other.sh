#!/bin/sh
# A log that one SQLite wrote, read with another, both ways: restored, it is the node's database, row by row, and
# `verify --deep` finds nothing. Then the node goes on with the other one, and is read with the first.
#
# The other SQLite is BK_OTHER_SQLITE, a folder with a libsqlite3.so.0, or else what get.sh built into
# BK_BIN/other-sqlite. BK_BIN is the build directory.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$BK_BIN" && pwd)
other=${BK_OTHER_SQLITE:-$bin/other-sqlite}
traces=$here/../../../shared/traces
PATH=$bin/cli:$bin/tests/support:$PATH
export PATH
unset LIGHTNINGD_PLUGIN
if [ ! -f "$other/libsqlite3.so.0" ]; then
	echo "skipped: no other SQLite (tests/sqlite/get.sh fetches one)"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

with() { # with ours|other COMMAND...
	which=$1
	shift
	if [ "$which" = other ]; then LD_LIBRARY_PATH=$other "$@"; else "$@"; fi
}

fail() {
	echo "does not hold: $*"
	cat out
	exit 1
}

quiet() { "$@" >out 2>&1 || fail "$*"; }

# What a node's database holds: the statistics of the planner are SQLite's own.
dump() { sqlite3 "$1" .dump | grep -v sqlite_stat; }

# The log of node/, read with the SQLite $1.
read_with() {
	rm -f restored.sqlite3
	quiet with "$1" backup-cli restore node.bkp restored.sqlite3
	dump node/lightningd.sqlite3 >expected
	dump restored.sqlite3 >found
	cmp -s expected found || fail "$name: what $1 restored differs from the node's database: $(diff expected found | head -5)"
	quiet with "$1" backup-cli verify --deep node.bkp
	quiet with "$1" backup-cli verify --against node/lightningd.sqlite3 node.bkp
}

# try NAME WRITER READER DATABASE PLAY...: plays with the one, reads with the other. DATABASE is what the node begins
# with, or none.
try() {
	name=$1 writer=$2 reader=$3 database=$4
	shift 4
	rm -rf node node.bkp
	mkdir node
	[ "$database" = none ] || zstd -qd "$database" -o node/lightningd.sqlite3
	quiet with "$writer" backup-cli init --lightning-dir node node.bkp
	quiet with "$writer" simnode --plugin "$bin/plugin/backup" --dir node "$@"
	read_with "$reader"
	echo "$name: written with $writer, read with $reader"
}

# Statements that each SQLite takes steps of its own for; a line is a change.
odd() {
	n=1
	while IFS= read -r sql; do
		printf '{"data_version": %d, "writes": ["%s", "%s"], "t": %d}\n' $n "$(echo "$sql" | sed 's/; /", "/g')" \
			"UPDATE vars SET intval = $n WHERE name = 'data_version'" $((1767225600 + n))
		n=$((n + 1))
	done <<'END'
CREATE TABLE vars (name TEXT PRIMARY KEY, intval INTEGER); INSERT INTO vars VALUES ('data_version', 0)
CREATE TABLE a (id INTEGER PRIMARY KEY, x INTEGER) STRICT; INSERT INTO a (x) VALUES (1), (2), (3)
ALTER TABLE a ADD COLUMN y TEXT
ALTER TABLE a ADD COLUMN z INTEGER CHECK (z > 0)
ALTER TABLE a ADD COLUMN w INTEGER NOT NULL DEFAULT 5
CREATE TABLE b (x REFERENCES a (id) ON DELETE CASCADE); INSERT INTO b SELECT id FROM a
ALTER TABLE a RENAME COLUMN x TO v
ALTER TABLE a DROP COLUMN y
ALTER TABLE a RENAME TO c
SAVEPOINT s; DELETE FROM c WHERE id = 1; RELEASE s
CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('hello')
INSERT INTO f SELECT 'number ' || id FROM c
CREATE VIEW v AS SELECT c.v FROM c; CREATE INDEX i ON c (v DESC)
REINDEX; ANALYZE
PRAGMA recursive_triggers = ON; PRAGMA legacy_alter_table = ON
ALTER TABLE c RENAME TO d
DROP VIEW v; DROP TABLE f
END
}

odd >odd.jsonl
for writer in ours other; do
	[ $writer = ours ] && reader=other || reader=ours
	try "statements" $writer $reader none --trace odd.jsonl
	try "a made-up node" $writer $reader none --generate 400
	quiet with $reader simnode --plugin "$bin/plugin/backup" --dir node --generate 700
	read_with $writer
	read_with $reader
	[ -d "$traces" ] || continue
	try "the small trace" $writer $reader none --trace "$traces/small/trace.jsonl.zst"
	for dir in "$traces"/migrations/*/; do
		try "${dir#"$traces"/}" $writer $reader "$dir/before.sqlite3.zst" --trace "$dir/trace.jsonl.zst"
	done
done
[ -d "$traces" ] || echo "skipped: no traces"
