#!/bin/sh
# Runs test_NAME.py of this directory: BK_BIN=build/dev sh tests/objects/run.sh NAME [TEST...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=$1
shift
for needed in python3 curl; do
	command -v $needed >/dev/null && continue
	echo "skipped: there is no $needed to run tests/objects/test_$name.py"
	exit 0
done
PYTHONPATH=$here/../support PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/test_$name.py" "$@"
