#!/bin/sh
# Runs test_NAME.py of this directory: BK_BIN=build/dev sh tests/older/run.sh NAME [TEST...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=$1
shift
if ! command -v python3 >/dev/null; then
	echo "skipped: there is no python3 to run tests/older/test_$name.py"
	exit 0
fi
# In memory, where there is room for that: these tests make many small files.
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then
	export TMPDIR=/dev/shm
fi
PYTHONPATH=$here/../support PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/test_$name.py" "$@"
