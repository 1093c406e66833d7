#!/bin/sh
# An installation under a prefix of its own: all is there, and the manual pages name that prefix.
#   install.sh BUILD
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix="$work/a prefix"
cmake --install "$1" --prefix "$prefix" >/dev/null
source=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$1/CMakeCache.txt")
cd "$prefix"
bad=0
for page in "$source"/docs/*.[1-8]; do
	[ -s "share/man/man${page##*.}/${page##*/}" ] || { echo "${page##*/} is not installed"; bad=1; }
done
for file in bin/backup-cli bin/backup-fuse libexec/lightning-backup/backup share/man/man1/backup-cli.1 \
	share/man/man1/backup-fuse.1 share/man/man5/backup.lock.5 share/man/man5/backup-log.5 share/man/man8/backup.8 \
	share/bash-completion/completions/backup-cli share/bash-completion/completions/backup-fuse \
	lib/systemd/system/lightning-backup-server.socket share/doc/lightning-backup/examples/lightningd.conf \
	share/lightning-backup/grafana.json; do
	[ -s $file ] || { echo "$file is not there"; bad=1; }
done
if grep -r /usr/local share/man lib/systemd share/doc/lightning-backup/examples; then
	echo "a page, a unit or an example names /usr/local"
	bad=1
fi
grep -qF "$prefix/libexec/lightning-backup/backup" share/man/man8/backup.8 || {
	echo "backup.8 does not name the plugin's place"
	bad=1
}
[ -x "$(sed -n 's/.*important-plugin=\(.*\)/\1/p' share/man/man8/backup.8)" ] || {
	echo "no plugin is where backup.8 says"
	bad=1
}
exit $bad
