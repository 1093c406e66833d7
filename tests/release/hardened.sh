#!/bin/sh
# hardened.sh - says what is missing in binaries that are to be hardened.
#
#   hardened.sh COMPILER BINARY...    exit 1 if anything is
#
# What is asked of the binaries is what the compiler is able to do.
set -eu
compiler=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
missing() {
	echo "$binary: no $1"
	bad=1
}
echo 'int main(void) { return 0; }' >"$work/t.c"
can() { "$compiler" -Werror "$@" -c "$work/t.c" -o "$work/t.o" 2>/dev/null; }
# Where the compiler marks where jumps may go. (The note that says so of a whole program is lost where the
# system's own start files have none, as on Debian 12.)
branch=
can -fcf-protection && objdump -d "$work/t.o" | grep -q endbr || branch=none
for binary; do
	[ -e "$binary" ] || { missing "such file"; continue; }
	readelf -hldW "$binary" >"$work/elf"
	readelf -sW "$binary" >"$work/symbols"
	grep -q 'Type: *DYN' "$work/elf" || missing "address of its own at each start (PIE)"
	grep -q GNU_RELRO "$work/elf" || missing "read-only relocations (RELRO)"
	grep -Eq 'BIND_NOW|Flags:.* NOW' "$work/elf" || missing "binding at the start (BIND_NOW)"
	grep -q 'GNU_STACK.* RW ' "$work/elf" || missing "stack that cannot be run (GNU_STACK)"
	grep -q __stack_chk_fail "$work/symbols" || missing "guarded stack (-fstack-protector-strong)"
	grep -Eq ' __[a-z]+_chk@' "$work/symbols" || missing "checked functions (_FORTIFY_SOURCE)"
	[ -n "$branch" ] || [ "$(objdump -d "$binary" | grep -c endbr)" -gt 10 ] ||
		missing "guarded jumps (-fcf-protection)"
done
exit $bad
