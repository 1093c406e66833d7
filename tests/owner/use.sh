# use.sh - what root's commands are for in another user's directory, and whose the files are.
. "$BK_KIT"

# On a disk of root's, where that user may not make files: made as root, and given away.
fresh
database node/lightningd.sqlite3 7
chown $user node/lightningd.sqlite3
try "init" 0 backup-cli init --lightning-dir node disk/n.bkp
owner_is disk/n.bkp 600
owner_is node/backup.lock 600
[ "$(ls -A disk)" = n.bkp ] || fail "$what: leaves $(ls -A disk)"
try "init again" 0 backup-cli init --lightning-dir node disk/n.bkp
says "names it already"
try "against" 0 backup-cli verify --against node/lightningd.sqlite3 disk/n.bkp
try "the user reads it" 0 as_user backup-cli log disk/n.bkp
try "by that user's backup.lock" 0 backup-cli verify --lightning-dir node

# Into a directory of that user's, from a log that only root may read; then the log is adopted.
mkdir new
chown $user:0 new
chown 0 disk/n.bkp
chmod 700 disk
try "restore" 0 backup-cli restore disk/n.bkp new
owner_is new/lightningd.sqlite3 600
try "adopt" 0 backup-cli init --lightning-dir new disk/n.bkp
says "Run: chown $user:"
owner_is new/backup.lock 600
chown $user disk/n.bkp
try "adopt again" 0 backup-cli init --lightning-dir new disk/n.bkp

# On a disk of the user's; with a database elsewhere, of the user's too.
fresh
mkdir wallet
database wallet/db.sqlite3 7
chown -R $user wallet
try "init, all of the user's" 0 backup-cli init --lightning-dir node --database "$work/wallet/db.sqlite3" mine/n.bkp
owner_is mine/n.bkp 600
owner_is node/backup.lock 600

# Through a link of that user's to that user's own; through one of root's.
fresh
mkdir mine/real
chown $user mine/real
as_user ln -s real mine/link
try "init, the user's link" 0 backup-cli init --lightning-dir mine/link mine/n.bkp
owner_is mine/real/backup.lock 600
ln -s "$work/node" "$work/rootlink"
try "init, root's link" 0 backup-cli init --lightning-dir "$work/rootlink" disk/n.bkp
owner_is node/backup.lock 600
rm rootlink

# Into a directory that may be written to and not be listed, as that user and for that user.
fresh
database node/lightningd.sqlite3 7
chown $user node/lightningd.sqlite3
try "init" 0 backup-cli init --lightning-dir node disk/n.bkp
chmod 300 mine
try "restore, unlistable" 0 as_user backup-cli restore disk/n.bkp mine/one.sqlite3
owner_is mine/one.sqlite3 600
try "restore as root, unlistable" 0 backup-cli restore disk/n.bkp mine/two.sqlite3
owner_is mine/two.sqlite3 600
try "init, unlistable" 0 as_user backup-cli init --lightning-dir mine --database "$work/node/lightningd.sqlite3" mine/n.bkp

# Where a log cannot be made, none is named.
fresh
try "init, no such disk" 1 backup-cli init --lightning-dir node nowhere/n.bkp
[ ! -e node/backup.lock ] || fail "$what: backup.lock"

# A directory of root's own stays root's, with a database of that user's too.
fresh
mkdir root/node
database mine/db.sqlite3 7
chown $user mine/db.sqlite3
try "init of root's, the user's database" 0 backup-cli init --lightning-dir root/node \
	--database "$work/mine/db.sqlite3" root/other.bkp
[ "$(stat -c %u root/other.bkp root/node/backup.lock | sort -u)" = 0 ] || fail "$what: $(ls -l root root/node)"
try "the same again" 0 backup-cli init --lightning-dir root/node root/other.bkp
try "another log" 0 backup-cli init --lightning-dir root/node root/third.bkp
says "(version 7) before"
rm root/node/backup.lock
try "init of root's own" 0 backup-cli init --lightning-dir root/node root/n.bkp
[ "$(stat -c %u root/n.bkp root/node/backup.lock | sort -u)" = 0 ] || fail "$what: $(ls -l root root/node)"
exit $bad
