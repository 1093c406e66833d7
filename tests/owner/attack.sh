# attack.sh - what a user may lay out for root in a directory of that user's, and what root's commands then do.
. "$BK_KIT"

# A journal that names root's file as a super-journal: SQLite, with root's rights, deletes it.
plant_journal() {
	perl - "$1" "$work/root/precious" <<'P'
my ($path, $name) = @ARGV;
my $magic = pack("H*", "d9d505f920a163d7");
my $journal = $magic . pack("N5", 0, 1, (-s $path) / 4096, 512, 4096);
$journal .= "\0" x (512 - length $journal);
$journal .= pack("N", 0x40000000 / 4096 + 1) . $name;
$journal .= pack("N2", length $name, unpack("%32C*", $name)) . $magic;
open(my $out, ">", "$path-journal") or die;
print $out $journal;
P
	chown $user "$1-journal"
}

# Links at the names that are written.
for name in backup.lock.new backup.lock; do
	fresh
	as_user ln -s "$work/root/precious" node/$name
	try "init, link $name" 1 backup-cli init --lightning-dir node disk/n.bkp
	untouched
done
fresh
ln -s "$work/root/precious" mine/n.bkp.new
chown -h $user mine/n.bkp.new
try "init, link n.bkp.new" 1 backup-cli init --lightning-dir node mine/n.bkp
says "in the way"
untouched
fresh
as_user ln -s "$work/root" mine/there
try "init, a link on the log's way" 1 backup-cli init --lightning-dir node mine/there/n.bkp
says "a link that the user $user made"
[ "$(ls root)" = precious ] || fail "$what: made in root's directory: $(ls root)"

# A lightning directory that is a link to root's.
fresh
mkdir root/node
database root/node/lightningd.sqlite3 7
as_user ln -s "$work/root/node" node/bitcoin
try "init, linked directory" 1 backup-cli init --lightning-dir node/bitcoin disk/n.bkp
[ ! -e root/node/backup.lock ] || fail "$what: backup.lock in root's node"
[ ! -e disk/n.bkp ] || fail "$what: made a log"

# A database that only root may read, by a link.
fresh
database root/private.sqlite3 7
chmod 600 root/private.sqlite3
as_user ln -s "$work/root/private.sqlite3" node/lightningd.sqlite3
try "init, linked database" 1 backup-cli init --lightning-dir node disk/n.bkp
says "cannot follow the link"
[ ! -e disk/n.bkp ] || fail "$what: made a log"
try "init, linked database elsewhere" 1 backup-cli init --lightning-dir node \
	--database "$work/node/lightningd.sqlite3" disk/n.bkp
database mine/db.sqlite3 7
chown $user mine/db.sqlite3
try "init, own database" 0 backup-cli init --lightning-dir node --database "$work/mine/db.sqlite3" disk/n.bkp
try "against, linked database" 1 backup-cli verify --against node/lightningd.sqlite3 disk/n.bkp

# Journals, beside a database that init copies, that verify compares, and in a directory that is everybody's.
fresh
database node/lightningd.sqlite3 7
chown $user node/lightningd.sqlite3
cp node/lightningd.sqlite3 mine/copy.sqlite3
chown $user mine/copy.sqlite3
plant_journal node/lightningd.sqlite3
try "init, journal" 0 backup-cli init --lightning-dir node disk/n.bkp
untouched
[ ! -e node/lightningd.sqlite3-journal ] || fail "$what: nobody rolled it back"
plant_journal mine/copy.sqlite3
try "against, journal" 0 backup-cli verify --against mine/copy.sqlite3 disk/n.bkp
untouched
mkdir -m 1777 all
cp mine/copy.sqlite3 all/copy.sqlite3
chmod 666 all/copy.sqlite3
plant_journal all/copy.sqlite3
try "against, journal in everybody's directory" 0 backup-cli verify --against all/copy.sqlite3 disk/n.bkp
untouched
cp mine/copy.sqlite3 root/node.sqlite3
mkdir root/own
cp mine/copy.sqlite3 root/own/db.sqlite3
plant_journal root/own/db.sqlite3
try "init, database of root's, journal of another's" 1 backup-cli init --lightning-dir root/own \
	--database "$work/root/own/db.sqlite3" root/own.bkp
untouched
rm -r all

# Restore into the user's directory: links at its names; a log by a link of the user's.
fresh
database node/lightningd.sqlite3 7
chown $user node/lightningd.sqlite3
try "init" 0 backup-cli init --lightning-dir node disk/n.bkp
for name in lightningd.sqlite3.restoring lightningd.sqlite3; do
	rm -rf mine
	mkdir mine
	chown $user mine
	as_user ln -s "$work/root/precious" mine/$name
	try "restore, link $name" 1 backup-cli restore disk/n.bkp mine
	untouched
done
as_user ln -s "$work/root/nothing" mine/out.sqlite3
try "restore, link to nothing" 1 backup-cli restore disk/n.bkp mine/out.sqlite3
[ ! -e root/nothing ] || fail "$what: made in root's directory"
database root/private.sqlite3 9
mkdir root/node
mv root/private.sqlite3 root/node/lightningd.sqlite3
try "init of root's own" 0 backup-cli init --lightning-dir root/node root/own.bkp
rm -f mine/*
as_user ln -s "$work/root/own.bkp" mine/n.bkp
try "restore, linked log" 1 backup-cli restore mine/n.bkp mine
says "a link that the user $user made"
try "log, linked log" 1 backup-cli log mine/n.bkp
try "verify, linked log" 1 backup-cli verify mine/n.bkp
[ ! -e mine/lightningd.sqlite3 ] || fail "root's database was restored for the user"

# What verify and drill note beside a log of the user's, and what status finds there.
fresh
database node/lightningd.sqlite3 7
chown $user node/lightningd.sqlite3
try "init" 0 backup-cli init --lightning-dir node mine/n.bkp
for name in n.bkp.state n.bkp.state.new; do
	for command in verify drill; do
		as_user ln -sf "$work/root/precious" mine/$name
		try "$command, link $name" 0 backup-cli $command mine/n.bkp
		untouched
		rm -f mine/$name
	done
done
as_user ln -s "$work/root/precious" mine/n.bkp.state
try "status, linked notes" 0 backup-cli status --lightning-dir node
untouched

# backup.lock of the user's, which names a log of root's: it is not looked at.
fresh
mkdir root/node
database root/node/lightningd.sqlite3 9
try "init of root's own" 0 backup-cli init --lightning-dir root/node root/own.bkp
echo "{\"backend_url\": \"file://$work/root/own.bkp\"}" >node/backup.lock
chown $user node/backup.lock
try "init, backup.lock names root's log" 1 backup-cli init --lightning-dir node disk/n.bkp
case $said in *"version 9"*) fail "$what: tells of root's log: $said" ;; esac
for command in log verify "verify --deep" status drill "restore"; do
	# shellcheck disable=SC2086
	try "$command, backup.lock names root's log" 1 backup-cli $command --lightning-dir node \
		$(case $command in restore) echo mine ;; esac)
	case $said in *"version 9"*) fail "$what: tells of root's log: $said" ;; esac
	[ ! -e mine/lightningd.sqlite3 ] || fail "$what: root's database was restored for the user"
done
try "log, there, backup.lock names root's log" 1 env -C node backup-cli log
says "may not read"
if [ -x "$BK_BIN/fusefs/backup-fuse" ]; then
	try "mount, backup.lock names root's log" 1 "$BK_BIN/fusefs/backup-fuse" --lightning-dir node root/node
	says "name the log by its URL"
fi

# Pipes hold nobody up, as root or as that user.
for name in backup.lock backup.lock.new lightningd.sqlite3 lightningd.sqlite3-journal lightningd.sqlite3-wal \
	lightningd.sqlite3-shm; do
	fresh
	case $name in
	lightningd.sqlite3-*) database node/lightningd.sqlite3 7 && chown $user node/lightningd.sqlite3 ;;
	esac
	as_user mkfifo node/$name
	try "init, pipe $name" 1 backup-cli init --lightning-dir node disk/n.bkp
	says "$name"
	chown $user disk
	try "init as the user, pipe $name" 1 as_user backup-cli init --lightning-dir node disk/n.bkp
	case $name in
	lightningd.sqlite3-*) try "against, pipe $name" 1 backup-cli verify --against node/lightningd.sqlite3 disk/n.bkp ;;
	esac
done
exit $bad
