#!/bin/sh
# Installs, builds, and runs the main job for real, in a directory of its own: a simulated node writes
# through the plugin; the history is listed, mounted and queried; a version is restored and compared.
#   sh docs/quickstart.sh
set -eu
cd "$(dirname "$0")/.."
sh docs/deps.sh
build=build/quickstart
work=$(mktemp -d)
mounted=
# shellcheck disable=SC2064
trap '[ -z "$mounted" ] || fusermount3 -u "$work/mnt"; rm -rf "$work"' EXIT
step() { printf '\n== %s\n' "$*"; }

step "building"
cmake -S . -B $build -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build $build -j"$(nproc)" --target backup backup-cli backup-fuse simnode >/dev/null
cli=$PWD/$build/cli/backup-cli
plugin=$PWD/$build/plugin/backup
simnode=$PWD/$build/tests/support/simnode
mount=$PWD/$build/fusefs/backup-fuse
node=$work/node url=file://$work/disk/node.bkp
mkdir "$node" "$work/disk" "$work/mnt"

step "backup-cli init: a backup for a new node"
"$cli" init --lightning-dir "$node" "$url"

step "a simulated lightningd starts the plugin and writes 2,000 changes through it"
"$simnode" --plugin "$plugin" --dir "$node" --generate 2000

step "backup-cli log: the newest versions"
"$cli" log --limit 5 "$url"

step "backup-cli verify"
"$cli" verify "$url"

middle=$("$cli" log --limit 500 --json "$url" | sed -n 's/.*"version":\([0-9]*\).*/\1/p' | tail -n 1)
if [ ! -e /dev/fuse ]; then
	step "backup-fuse: not shown, since this machine has no /dev/fuse (modprobe fuse)"
elif ! "$mount" "$url" "$work/mnt"; then
	step "backup-fuse: not shown, since it may not mount here, for the reason above"
else
	mounted=yes
	step "backup-fuse: version $middle, mounted and queried with sqlite3"
	file=$(find "$work/mnt/versions/" -name "*$middle.sqlite3" | tail -n 1)
	ls -l "$file"
	sqlite3 -safe "$file" "SELECT 'data_version is ' || intval FROM vars WHERE name = 'data_version'"
	sqlite3 -safe "$work/mnt/latest.sqlite3" \
		"SELECT 'the newest is ' || intval FROM vars WHERE name = 'data_version'"
fi

step "backup-cli restore: the newest version, compared with the node's own database"
mkdir "$work/restored"
"$cli" restore "$url" "$work/restored"
sqlite3 "$node/lightningd.sqlite3" .dump >"$work/node.sql"
sqlite3 "$work/restored/lightningd.sqlite3" .dump >"$work/restored.sql"
cmp "$work/node.sql" "$work/restored.sql"
echo "The same, row by row: $(wc -l <"$work/node.sql") lines of SQL."
