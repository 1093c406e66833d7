#!/bin/sh
# Installs what is needed, builds, and passes all tests, on Debian 12 and 13. The build folders are build/*.
#   sh tests/run.sh            gcc and clang, warnings are errors; every test; under the sanitizers once more those that find
#                              most in little time
#   sh tests/run.sh --quick    one build, its tests
#   sh tests/run.sh --torture  every test everywhere, and the long runs of those that have one: hours
set -eu
cd "$(dirname "$0")/.."
mode=${1:-}
case $mode in
'' | --quick | --torture) ;;
*)
	sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
jobs=$(nproc)
began=$(date +%s)
step() { printf '\n== %s (%d s)\n' "$*" $(($(date +%s) - began)); }

# build PRESET [TARGET...]: without targets all.
build() {
	preset=$1
	shift
	step "building: $preset"
	# Ninja takes a quarter less processor time than make does. A folder that make was told to build stays with it.
	if [ -e "build/$preset/CMakeCache.txt" ]; then
		cmake --preset "$preset" >/dev/null
	else
		cmake --preset "$preset" -G Ninja >/dev/null
	fi
	set -- --build --preset "$preset" -j"$jobs" ${1:+--target "$@"}
	cmake "$@" | grep -v '^\[.*\]' || true
	# The pipe hides how it ended: again, with nothing left to do.
	cmake "$@" >/dev/null
}

run() {
	preset=$1
	shift
	step "testing: $preset"
	status=0
	# Three for each processor: two thirds of their time they wait for a disk, a clock or another process.
	ctest --test-dir "build/$preset" -j$((jobs * 3)) --output-on-failure --no-tests=error "$@" || status=$?
	# What could not be tried, and why; tests that have such parts are listed above as skipped.
	grep -h '^skipped: ' "build/$preset/Testing/Temporary/LastTest.log" | sort | uniq -c || true
	return $status
}

step "installing"
sh docs/deps.sh tests
build dev
# Another SQLite, for tests/sqlite; where there is none to be had, that says so.
export BK_OTHER_SQLITE="${BK_OTHER_SQLITE:-$PWD/build/other-sqlite}"
sh tests/sqlite/get.sh "$BK_OTHER_SQLITE"
if [ "$mode" = --torture ]; then
	export BK_TORTURE=1
	for preset in dev clang asan tsan; do
		[ $preset = dev ] || build $preset
		# cli_manners puts a library before all others, which is the address sanitizer's own place; cli_secret
		# dumps core, which has terabytes of its shadow.
		run $preset --timeout 36000 -E "$([ $preset = asan ] && echo 'cli_manners|cli_secret' || echo '^$')"
	done
	exit 0
fi
# Unit tests with sealed logs: those of which each frame is also filled up are the same and more.
run dev -E '^unit\..*\.sealed$'
[ "$mode" != --quick ] || exit 0
# Another compiler: its warnings, and the bytes of the format. What the fuzz targets do is seen better under asan.
build clang
run clang -L golden
# Under the address sanitizer what reads bytes of others, and is fast; the rest comes with --torture.
build asan backup backup-cli backup-fuse tests_support tests_unit tests_golden tests_cli tests_fuzz tests_integration
run asan -R '^(unit|golden|fuzz)|objects_ways|integration_(hostile|owner)|cli_(adopt|copy|extract|guard|history|init|log|mirror|query|replace|restore|seal|ssh|usage)$' -E 'unit.(traces|sealed)$|fuzz_(image|log)$|\.[a-z_]+\.(sealed|padded)$'
build tsan unit_tests crash_sync tests_fuse
run tsan -R 'unit.(cache|image|follower|history|log|measure|opening|proof|writer)$|crash_sync|fuse.(gone|growth|parallel)'
step "all passed"
