#!/bin/sh
# How long a version takes to open over a line of 50 ms: sh tests/bench/bench_afar.sh [BUILD [LOG]]
# A real sshd on loopback, behind a line that holds each byte back for 25 ms each way; one connection of ssh is
# shared, so that its own greetings are not counted. BUILD is a build folder (build/bench); LOG is a log in the
# clear (by default one of 100,000 versions is made). Server and client are BUILD's; SERVER in the environment
# names another server.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build/bench}" && pwd)
log=${2:-}
. "$here/../support/sshd.inc"
sshd_can || exit 77
work=$(mktemp -d)
line=
clean() {
	fusermount3 -qu "$work/mnt" 2>/dev/null || true
	ssh -O exit slow 2>/dev/null || true
	[ -z "$line" ] || kill "$line" 2>/dev/null || true
	sshd_stop
	rm -rf "$work"
}
trap clean EXIT
if [ -n "$log" ]; then
	cp "$log" "$work/node.bkp"
else
	"$build/tests/bench/genlog" --versions 100000 "$work/node.bkp"
fi
cd "$work"
sshd_start
slow=$((port + 20000))
python3 "$here/slowline.py" "$slow" "$port" 25 &
line=$!
# "Host *" comes first and would win: of each keyword the first counts.
sed -i "1i Host slow\n\tHostName 127.0.0.1\n\tPort $slow\n\tControlMaster auto\n\tControlPath $work/shared\n\tControlPersist 600" \
	ssh/ssh_config
until ssh slow true 2>/dev/null; do sleep 0.1; done
mkdir mnt
url="ssh://slow$work/node.bkp?server=${SERVER:-$build/cli/backup-cli}"
BUILD=$build URL=$url python3 - <<'PYTHON'
import os
import random
import sqlite3
import subprocess
import time

cli, fuse, url = os.environ["BUILD"] + "/cli/backup-cli", os.environ["BUILD"] + "/fusefs/backup-fuse", os.environ["URL"]
random.seed(7)
head = int(subprocess.run([cli, "log", "--json", "--limit", "1", "node.bkp"], check=True, capture_output=True, text=True)
           .stdout.split('"version":')[1].split(",")[0])
versions = [random.randrange(1, head) for _ in range(12)]


def told(what, times):
    times.sort()
    print(f"{what}: {times[len(times) // 2]:.0f} ms, {times[0]:.0f} to {times[-1]:.0f}")


def timed(what, do):
    times = []
    for version in versions:
        began = time.monotonic()
        do(version)
        times.append((time.monotonic() - began) * 1000)
    told(what, times)


def query(version):
    subprocess.run([cli, "query", "--version", str(version), url, "SELECT count(*) FROM sqlite_schema"], check=True, capture_output=True)


def first_read(version):
    with open(f"mnt/versions/{version // 1000}/{version}.sqlite3", "rb") as file:
        file.read(4096)


timed("ssh HOST true", lambda _: subprocess.run(["ssh", "slow", "true"], check=True))
timed("backup-cli query --version V URL, all of it", query)
subprocess.run([fuse, url, "mnt"], check=True)
# The newest version is read whole first, to say in status.json whether it can be restored.
time.sleep(20)
timed("the first read of a version in the mount", first_read)
PYTHON
