#!/bin/sh
# Runs a case of this directory: the script CASE.sh, in an empty directory, and compares what it printed
# (both streams, in their order) with CASE.out. What differs from run to run is masked.
#
#   BK_BIN=build/dev sh tests/cli/run.sh CASE           compare
#   BK_BIN=build/dev sh tests/cli/run.sh --update CASE  take what it prints now as what is expected
#
# BK_BIN is the build directory.
set -eu
update=
if [ "$1" = --update ]; then
	update=yes
	shift
fi
case=$1
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$BK_BIN" && pwd)
PATH=$bin/cli:$bin/tests/support:$PATH
PLUGIN=$bin/plugin/backup
FAILSYNC=$bin/tests/support/failsync.so
SLOWREAD=$bin/tests/support/slowread.so
OTHERWORLD=$bin/tests/support/otherworld.so
export PATH PLUGIN FAILSYNC SLOWREAD OTHERWORLD
# Messages of the system in one language, the listing's times in one zone.
LC_ALL=C TZ=UTC
export LC_ALL TZ
unset LIGHTNINGD_PLUGIN

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/dir"

mask() {
	sed -e "s|$work/dir|DIR|g" -e "s|$bin|BIN|g" -e "s|on host $(hostname)|on host HOST|g" \
		-e 's/[0-9]\{4\}-[0-9][0-9]-[0-9][0-9]T[0-9:]\{8\}\(\.[0-9]*\)\{0,1\}Z/TIME/g' \
		-e 's/time_us":\(	*\)[0-9]\{1,\}/time_us":\1N/; s/"log_bytes":[0-9]*/"log_bytes":N/' \
		-e 's/,"page_count":[0-9]*//; s/"bytes":	[0-9]*/"bytes":	N/' \
		-e 's/"log":\t"[0-9a-f]\{32\}"/"log":\t"ID"/' \
		-e 's/([0-9]* [a-z]* ago)/(AGE ago)/; s/process [0-9][0-9]*/process PID/g' \
		-e 's/[0-9][0-9.]* \(KB\|MB\|GB\|bytes\)/SIZE/g' \
		-e 's/^\( *[0-9]*  TIME  *[0-9]*  *[0-9]*\)  *[0-9]*/\1  N/'
}

# The script sees where it is, and what is common to all: cases.inc.
set +e
(cd "$work/dir" && exec sh -c '. "$1"; . "$2"' sh "$here/cases.inc" "$here/$case.sh") >"$work/raw" 2>&1
status=$?
set -e
if [ $status -eq 77 ]; then
	cat "$work/raw"
	exit 77
fi
mask <"$work/raw" >"$work/out"
if [ $status -ne 0 ]; then
	echo "the script itself ended with $status:"
	cat "$work/raw"
	exit 1
fi
if [ -n "$update" ]; then
	cp "$work/out" "$here/$case.out"
else
	diff -u "$here/$case.out" "$work/out"
fi
