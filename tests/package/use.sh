#!/bin/sh
# In a root with nothing but Debian: installs the package, does with it what its users do, removes it.
set -eu
fail() {
	echo "use.sh: $*"
	exit 1
}
step() { printf -- '-- %s\n' "$*"; }
cd /tmp/given
step "install"
apt-get update -q >/dev/null
apt-get install -y -q ./lightning-backup_*.deb sqlite3 man-db bash-completion >/tmp/log 2>&1 || { tail -n 20 /tmp/log; exit 1; }
dpkg -L lightning-backup >/tmp/files
[ -x /usr/libexec/lightning-backup/backup ] || fail "no plugin"
for page in 'backup-cli.1' 'backup-fuse.1' 'backup.8' 'backup.lock.5' 'backup-log.5'; do
	grep -q "/$page.gz\$" /tmp/files || fail "no page $page"
	! zgrep -q /usr/local "$(grep "/$page.gz\$" /tmp/files)" || fail "$page names /usr/local"
done
! grep -rl /usr/local /usr/lib/systemd/system /usr/share/doc/lightning-backup/examples || fail "units or examples name /usr/local"
cat /usr/lib/systemd/system/lightning-backup-*.service >/tmp/units
sed -n 's/^Exec[A-Za-z]*=[-+]*\([^ ]*\).*/\1/p' /tmp/units | sort -u | while read -r program; do
	[ -x "$program" ] || fail "a unit runs $program, which is not there"
done

useradd --create-home node
as_node() { su node -c "cd ~ && $1"; }
mkdir -p /mnt/disk
chown node /mnt/disk
node=/home/node/.lightning/bitcoin url=file:///mnt/disk/node.bkp
as_node "mkdir -p $node"
step "init"
as_node "backup-cli init --lightning-dir $node $url" >/dev/null
step "play"
play='--generate 2000'
[ ! -e trace.jsonl.zst ] || play="--trace /tmp/given/trace.jsonl.zst"
as_node "/tmp/given/simnode --plugin /usr/libexec/lightning-backup/backup --dir $node $play" | tail -n 1
as_node "backup-cli verify --deep $url" >/dev/null || fail "verify"
as_node "backup-cli verify --against $node/lightningd.sqlite3 $url" >/dev/null || fail "verify --against"
step "restore"
as_node "mkdir restored && backup-cli restore $url restored" >/dev/null
sqlite3 $node/lightningd.sqlite3 .dump >/tmp/had
sqlite3 /home/node/restored/lightningd.sqlite3 .dump >/tmp/came
cmp /tmp/had /tmp/came || fail "another database came back"
step "log, show, diff, history, query, extract"
as_node "backup-cli log --limit 3 $url" | grep -q . || fail "log"
as_node "backup-cli show $url head~2" | grep -qi update || fail "show"
as_node "backup-cli diff $url head~1 head" | grep -q vars || fail "diff"
as_node "backup-cli history $url vars data_version" >/tmp/out
[ "$(grep -c intval /tmp/out)" -gt 100 ] || fail "history"
as_node "backup-cli query $url 'SELECT count(*) FROM vars'" | grep -q '[1-9]' || fail "query"
as_node "backup-cli extract --table vars --format csv $url" | grep -q data_version || fail "extract"
sqlite3 :memory: ".load $(grep backupvfs.so /tmp/files)" || fail "the extension does not load"
step "status"
as_node "backup-cli status --lightning-dir $node" >/tmp/out || { cat /tmp/out; fail "status"; }
if [ -e /dev/fuse ]; then
	step "mount"
	mkdir -p /home/node/mnt
	chown node /home/node/mnt
	# The machine's own /dev/fuse may be root's alone.
	if as_node "test -w /dev/fuse" && as_node "backup-fuse $url mnt"; then
		as_node "sqlite3 -safe mnt/latest.sqlite3 .schema" | grep -q vars || fail "mount"
		as_node "fusermount3 -u mnt"
	elif backup-fuse -o allow_other $url /home/node/mnt; then
		sqlite3 -safe /home/node/mnt/latest.sqlite3 .schema | grep -q vars || fail "mount"
		umount /home/node/mnt
	else
		fail "mount"
	fi
else
	echo "skipped: the package's mount: no /dev/fuse"
fi
step "completion"
bash -c '. /usr/share/bash-completion/bash_completion; . /usr/share/bash-completion/completions/backup-cli
	COMP_WORDS=(backup-cli ext) COMP_CWORD=1 COMP_LINE="backup-cli ext" COMP_POINT=14
	_backup_cli; [ "${COMPREPLY[0]}" = extract ]' || fail "completion"
step "remove"
apt-get purge -y -q lightning-backup >/tmp/log 2>&1 || { tail -n 20 /tmp/log; exit 1; }
while read -r file; do
	[ -d "$file" ] || [ ! -e "$file" ] || fail "$file is left"
done </tmp/files
for folder in /usr/libexec/lightning-backup /usr/share/doc/lightning-backup; do
	[ ! -e $folder ] || fail "$folder is left"
done
for file in /mnt/disk/node.bkp $node/backup.lock; do
	[ -s "$file" ] || fail "the backup itself, $file, is gone"
done
