#!/bin/sh
# release.sh - the build that README.md tells users to make: no test is built, no warning is an error, and
# the binaries are hardened.
#
#   release.sh SOURCE COMPILER BUILD
set -eu
source=$1 compiler=$2 build=$3
here=$(cd "$(dirname "$0")" && pwd)
# Two runs of the tests may share a build folder.
exec 9>"$build.lock"
flock 9
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
	echo "$*"
	exit 1
}
grep -q 'cmake --preset release && cmake --build --preset release' "$source/README.md" ||
	fail "README.md has another way to build"
(cd "$source" && cmake --preset release -B "$build" -DCMAKE_C_COMPILER="$compiler") >"$work/out" 2>&1 ||
	fail "$(cat "$work/out")"
cmake --build "$build" -j"$(nproc)" >"$work/out" 2>&1 || fail "$(cat "$work/out")"
! grep -q 'warning:' "$work/out" || fail "$(grep 'warning:' "$work/out")"
! grep -rq -e -Werror "$build" --include=flags.make || fail "a warning is an error in a user's build"
[ ! -e "$build/tests" ] || fail "a user's build makes tests"
DESTDIR=$work/installed cmake --install "$build" >/dev/null
find "$work/installed" -type f -perm -u+x ! -name '*.[1-8]' >"$work/binaries"
find "$work/installed" -name '*.so' >>"$work/binaries"
sort -u "$work/binaries" >"$work/each"
[ "$(wc -l <"$work/each")" = 4 ] || fail "not four binaries: $(cat "$work/each")"
tr '\n' '\0' <"$work/each" | xargs -0 sh "$here/hardened.sh" "$compiler"
# The guard page cannot be jumped over: the compiler says so itself, for a binary does not.
if echo 'int main(void) { return 0; }' | "$compiler" -Werror -fstack-clash-protection -xc -c - -o "$work/t.o" 2>/dev/null; then
	grep -rq -e -fstack-clash-protection "$build/core" --include=flags.make ||
		fail "no -fstack-clash-protection"
fi
