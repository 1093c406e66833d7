#!/bin/sh
# A place in a store, 50 ms a request: sh tests/bench/bench_objects.sh [BUILD [OPTIONS of bench_objects.py]]
# The store is the tests' own, on loopback. BUILD is a build folder (build/bench). What the issue names: --megabytes 1000
# --versions 1000000.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
BK_BIN=$(cd "${1:-$here/../../build/bench}" && pwd)
[ $# -eq 0 ] || shift
export BK_BIN
PYTHONPATH=$here/../objects:$here/../support PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/bench_objects.py" "$@"
