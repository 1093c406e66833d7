#!/bin/sh
# What other places cost a change: sh tests/bench/bench_places.sh [BUILD [OPTIONS of bench_places]]
# A file beside the log; a real sshd on loopback; the same behind a line that holds each byte back for 10 ms
# each way. BUILD is a build folder (build/bench).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build/bench}" && pwd)
[ $# -eq 0 ] || shift
. "$here/../support/sshd.inc"
sshd_can || exit 77
work=$(mktemp -d)
cd "$work"
line=
clean() {
	[ -z "$line" ] || kill "$line" 2>/dev/null || true
	sshd_stop
	rm -rf "$work"
}
trap clean EXIT
sshd_start
slow=$((port + 20000))
python3 "$here/slowline.py" "$slow" "$port" 10 &
line=$!
# "Host *" comes first and would win: of each keyword the first counts.
sed -i "1i Host slow\n\tHostName 127.0.0.1\n\tPort $slow" ssh/ssh_config
mkdir srv
for host in 127.0.0.1 slow; do
	set -- "$@" "ssh://$host$work/srv/$host.bkp?server=$build/cli/backup-cli" "ssh $host cat"
done
"$build/tests/bench/bench_places" "$@"
