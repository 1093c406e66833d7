#!/bin/sh
# layers.sh - a picture of rooms in docs/architecture.md, held to the code.
#
#   layers.sh SOURCE TREE PREFIX LIBRARY...
#
# SOURCE is the project, TREE a folder of it whose folders are rooms, PREFIX what its external symbols
# begin with, LIBRARY where they stand, as built.
# 1. Each include of a file in TREE leads to its own room or to one that the picture has below it; so
#    does each of a public header, whose room the picture names too.
# 2. No file leads to itself again, by includes and calls together.
# 3. Every external symbol begins with PREFIX.
set -eu
source=$1
tree=$2
prefix=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
fail() {
	echo "$*"
	bad=1
}

# The picture: lines of "room  public headers  sees", fields apart by two blanks or more, under one
# that begins with the tree.
sed -n "\\#^    $tree  #,/^\$/p" "$source/docs/architecture.md" | sed '1d; /^$/d' | sed 's/^ *//; s/  \+/\t/g' >"$work/picture"
[ -s "$work/picture" ] || fail "docs/architecture.md has no picture of the rooms of $tree"
cut -f1 "$work/picture" | sort >"$work/drawn"
(cd "$source/$tree" && ls -d -- */) | tr -d / | sort >"$work/built"
diff "$work/drawn" "$work/built" >"$work/diff" || fail "the rooms drawn and those of $tree differ: $(cat "$work/diff")"

# Which room each header is of.
: >"$work/owner"
while IFS='	' read -r room headers _; do
	for header in $headers; do
		[ "$header" = - ] || echo "bk/$header.h $room" >>"$work/owner"
	done
	(cd "$source/$tree/$room" && ls -- *.h 2>/dev/null) | sed "s/\$/ $room/" >>"$work/owner"
done <"$work/picture"
: >"$work/homeless"
[ "$tree" != core/src ] || (cd "$source/core/include" && ls bk/*.h) | while read -r header; do
	grep -q "^$header " "$work/owner" || echo "$header"
done >"$work/homeless"
[ ! -s "$work/homeless" ] || fail "public headers of no room: $(tr '\n' ' ' <"$work/homeless")"

# Every include, as "room file header".
(cd "$source/$tree" && grep -n '^#include ["<]' */*.[ch]) |
	sed 's,^\([^/]*\)/\([^:]*\):[0-9]*:#include ["<]\(.*\)[">].*,\1 \2 \3,' >"$work/includes"
awk -v tree="$tree" -v owners="$work/owner" -v picture="$work/picture" '
	BEGIN {
		while ((getline line < owners) > 0) { split(line, f, " "); owner[f[1]] = f[2] }
		while ((getline line < picture) > 0) {
			split(line, f, "\t"); n = split(f[3], below, " ")
			for (i = 1; i <= n; i++) allowed[f[1], below[i]] = 1
		}
	}
	($3 in owner) && owner[$3] != $1 && !(($1, owner[$3]) in allowed) {
		print tree "/" $1 "/" $2 " includes " $3 ", of the room " owner[$3] ", which " $1 " does not see"
	}' "$work/includes" >"$work/upwards"
[ ! -s "$work/upwards" ] || fail "$(cat "$work/upwards")"

# Files, by their stem, and what each needs: what it includes, and what it calls.
awk '$3 !~ /^bk\// && $3 ~ /\.h$/ { from = $2; sub(/\.[ch]$/, "", from); to = $3; sub(/\.h$/, "", to)
	if (from != to) print from, to }' "$work/includes" >"$work/needs"
# (Some of the compiler's own stand in each file, on 32 bits.)
nm -A "$@" | grep -v ' __x86\.get_pc_thunk\.' | sed 's/^[^ ]*:\([^:]*\)\.c\.o:/\1 /' >"$work/symbols"
awk 'NF == 4 && $3 ~ /[TDBRCV]/ { at[$4] = $1 } NF == 3 && $2 == "U" { from[++n] = $1; to[n] = $3 }
	END { for (i = 1; i <= n; i++) if (to[i] in at && at[to[i]] != from[i]) print from[i], at[to[i]] }' \
	"$work/symbols" >>"$work/needs"
# Headers without a file beside them are of those that are there.
awk '{ print $1 }' "$work/symbols" | sort -u >"$work/stems"
grep -Fwf "$work/stems" "$work/needs" | sort -u >"$work/graph" || true
[ -s "$work/graph" ] || fail "no file of $tree needs another: that cannot be"
tsort "$work/graph" >/dev/null 2>"$work/loop" || fail "files that need each other: $(cat "$work/loop")"

awk -v prefix="$prefix" 'NF == 4 && $3 ~ /[TDBRCV]/ && index($4, prefix) != 1 {
	print $4 " in " $1 ".c does not begin with " prefix }' "$work/symbols" >"$work/names"
[ ! -s "$work/names" ] || fail "$(cat "$work/names")"
[ $bad = 0 ] && echo "$(wc -l <"$work/includes") includes, $(wc -l <"$work/graph") needs between files of $tree: as drawn"
exit $bad
