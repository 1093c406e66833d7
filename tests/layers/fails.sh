#!/bin/sh
# fails.sh - that layers.sh fails when an edge or a name is put in by hand.
#
#   fails.sh SOURCE LIBRARY COMPILER
set -eu
source=$1
library=$2
compiler=$3
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tree/docs"
cp -r "$source/core" "$work/tree/"
cp "$source/docs/architecture.md" "$work/tree/docs/"
cp "$library" "$work/core.a"

try() {
	want=$1
	if sh "$here/layers.sh" "$work/tree" core/src bk_ "$work/core.a" >"$work/out" 2>&1; then
		echo "passes, although $2"
		exit 1
	fi
	grep -q "$want" "$work/out" || {
		echo "does not say \"$want\", although $2:"
		cat "$work/out"
		exit 1
	}
}

sh "$here/layers.sh" "$work/tree" core/src bk_ "$work/core.a" >/dev/null
cp "$work/tree/core/src/base/buf.c" "$work/buf.c"
echo '#include "log.h"' >>"$work/tree/core/src/base/buf.c"
try 'base/buf.c includes log.h' 'an include leads upwards'
echo '#include <bk/restore.h>' >"$work/tree/core/src/base/buf.c"
try 'base/buf.c includes bk/restore.h' 'an include of a public header leads upwards'
cp "$work/buf.c" "$work/tree/core/src/base/buf.c"
mkdir "$work/tree/core/src/attic"
try 'rooms drawn' 'a room was not drawn'
rmdir "$work/tree/core/src/attic"
echo 'int file_open_wide(void); int file_open_wide(void) { return 0; }' >"$work/stray.c"
"$compiler" -c -o "$work/stray.c.o" "$work/stray.c"
ar q "$work/core.a" "$work/stray.c.o" 2>/dev/null
try 'file_open_wide in stray.c does not begin with bk_' 'a name has no prefix'
cp "$library" "$work/core.a"
printf 'int bk_a(void); int bk_b(void); int bk_a(void) { return bk_b(); }\n' >"$work/one.c"
printf 'int bk_a(void); int bk_b(void); int bk_b(void) { return bk_a(); }\n' >"$work/two.c"
for file in one two; do
	"$compiler" -c -o "$work/$file.c.o" "$work/$file.c"
	ar q "$work/core.a" "$work/$file.c.o" 2>/dev/null
done
try 'need each other' 'two files call each other'
echo "fails where it should, in 5 ways"
