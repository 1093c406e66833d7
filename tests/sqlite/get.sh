#!/bin/sh
# Fetches SQLite's amalgamation, which the npm package better-sqlite3 ships, and builds it into the folder DIR as
# Debian does: DIR/libsqlite3.so.0, for other.sh. Nothing of it is part of the project.
#   sh tests/sqlite/get.sh DIR
set -eu
mkdir -p "$1"
cd "$1"
[ ! -f libsqlite3.so.0 ] || exit 0
command -v npm >/dev/null || {
	echo "skipped: no other SQLite: no npm to fetch one, and no BK_OTHER_SQLITE"
	exit 0
}
npm pack --silent better-sqlite3@12 >/dev/null 2>&1 || {
	echo "skipped: no other SQLite: npm cannot fetch it"
	exit 0
}
tar -xzf better-sqlite3-*.tgz
source=$(find package -name sqlite3.c | head -1)
if [ -z "$source" ]; then # packed once more
	tar -xzf "$(find package -name 'sqlite3*.tar.gz' | head -1)" -C package
	source=$(find package -name sqlite3.c | head -1)
fi
gcc -O1 -fPIC -shared -pthread -DSQLITE_SECURE_DELETE -DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_ENABLE_FTS3 \
	-DSQLITE_ENABLE_FTS3_PARENTHESIS -DSQLITE_ENABLE_FTS4 -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_RTREE=1 \
	-DSQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_ENABLE_UNLOCK_NOTIFY -DSQLITE_ENABLE_LOAD_EXTENSION \
	-DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_LIKE_DOESNT_MATCH_BLOBS -DSQLITE_THREADSAFE=1 -DSQLITE_USE_URI \
	-DSQLITE_MAX_VARIABLE_NUMBER=250000 -DSQLITE_TEMP_STORE=1 -Wl,-soname,libsqlite3.so.0 \
	-o libsqlite3.new "$source" -ldl -lm -lpthread
mv libsqlite3.new libsqlite3.so.0
rm -rf package better-sqlite3-*.tgz
