#!/bin/sh
# A node with two places beside its log, one of them over a real sshd: BK_BIN=build/dev sh tests/places/run.sh [OPTIONS of seeds.py]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${BK_BIN:?the build folder}" && pwd)
. "$here/../support/sshd.inc"
if ! sshd_can; then exit 77; fi
if ! command -v python3 >/dev/null; then
	echo "there is no python3 to run tests/places/seeds.py"
	exit 77
fi
work=$(mktemp -d)
cd "$work"
clean() {
	sshd_stop
	for mounted in m1 srv; do
		! mountpoint -q "$work/$mounted" 2>/dev/null || umount -l "$work/$mounted"
	done
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM
mkdir m1 srv
# Places that can be filled need a file system each.
for place in m1 srv; do
	mount -t tmpfs -o size=64m tmpfs "$place" 2>/dev/null || true
done
sshd_start "command=\"$bin/cli/backup-cli server --stdio --root $work/srv\",restrict"
PYTHONDONTWRITEBYTECODE=1 BK_BIN=$bin python3 "$here/seeds.py" "$@"
