#!/bin/sh
# made.sh - what make_golden makes today is read like the files that it once made.
#   made.sh MAKE_GOLDEN GOLDEN_TESTS
set -eu
BK_GOLDEN=$(mktemp -d)
export BK_GOLDEN
trap 'rm -rf "$BK_GOLDEN"' EXIT
"$1" "$BK_GOLDEN"
"$2" -j1 --filter 'golden/*'
