#!/bin/sh
# fails.sh - what hardened.sh says of a program that has none of it.
#
#   fails.sh COMPILER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'int main(void) { return 0; }' >"$work/soft.c"
"$1" -O0 -no-pie -fno-stack-protector -fcf-protection=none -Wl,-z,norelro,-z,lazy,-z,execstack "$work/soft.c" \
	-o "$work/soft" 2>/dev/null || "$1" -O0 -no-pie -fno-stack-protector -Wl,-z,norelro,-z,lazy,-z,execstack \
	"$work/soft.c" -o "$work/soft"
! sh "$here/hardened.sh" "$1" "$work/soft" >"$work/said" || { echo "nothing is missed"; exit 1; }
for what in PIE RELRO BIND_NOW GNU_STACK stack-protector FORTIFY; do
	grep -q "$what" "$work/said" || { echo "$what is not missed: $(cat "$work/said")"; exit 1; }
done
case $(uname -m) in
x86_64) grep -q cf-protection "$work/said" || { echo "-fcf-protection is not missed"; exit 1; } ;;
esac
! sh "$here/hardened.sh" "$1" "$work/none" >"$work/said" || { echo "a file that is not there is not missed"; exit 1; }
