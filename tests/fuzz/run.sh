#!/bin/sh
# Fuzzes one target with libFuzzer: tests/fuzz/run.sh TARGET SECONDS [BUILD]
# BUILD is the build folder of preset fuzz. New inputs go to BUILD/corpus/TARGET, findings beside the build as
# crash-*, leak-*, timeout-*. Memory is limited: to 2 GiB in all, 1200 MiB in one piece (a change may be 1 GiB).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:?usage: run.sh TARGET SECONDS [BUILD]}
seconds=${2:?usage: run.sh TARGET SECONDS [BUILD]}
build=${3:-$here/../../build/fuzz}
mkdir -p "$build/corpus/$target" "$build/findings"
dict=$here/dict/$target
case $target in
	log | image) dict=$here/dict/sql ;;
esac
exec "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 \
	-malloc_limit_mb=1200 -max_len=16384 -print_final_stats=1 -artifact_prefix="$build/findings/$target-" \
	$(test -f "$dict" && echo "-dict=$dict") \
	"$build/corpus/$target" "$here/corpus/$target"
